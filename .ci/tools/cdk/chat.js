// Routes of the API's own and added ones, an integration that two of them share, a returned
// response, functions in both languages, and Outputs.
const { App, CfnOutput, Stack } = require('aws-cdk-lib');
const { WebSocketApi, WebSocketStage } = require('aws-cdk-lib/aws-apigatewayv2');
const { WebSocketLambdaIntegration } = require('aws-cdk-lib/aws-apigatewayv2-integrations');
const { node, python } = require('./parts');

const stack = new Stack(new App(), 'Chat');
const connections = new WebSocketLambdaIntegration('Connections', node(stack, 'Connections'));
const other = new WebSocketLambdaIntegration('Other', python(stack, 'Other'));
const api = new WebSocketApi(stack, 'Api', {
  connectRouteOptions: { integration: connections },
  disconnectRouteOptions: { integration: connections },
  defaultRouteOptions: { integration: other },
});
const returns = node(stack, 'Return', { handler: 'chat.returns' });
const integration = new WebSocketLambdaIntegration('Return', returns);
api.addRoute('return', { integration, returnResponse: true });
api.addRoute('say', { integration: connections });
const stage = new WebSocketStage(stack, 'Stage', {
  webSocketApi: api, stageName: 'prod', autoDeploy: true,
});
api.grantManageConnections(node(stack, 'Unused', { environment: { CALLBACK: stage.callbackUrl } }));
new CfnOutput(stack, 'Url', { value: stage.url });
