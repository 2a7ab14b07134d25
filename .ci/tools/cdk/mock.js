// Mock integrations: on `$connect` without options, as most have them, and with a template.
const { App, Stack } = require('aws-cdk-lib');
const { WebSocketMockIntegration } = require('aws-cdk-lib/aws-apigatewayv2-integrations');
const { chat, node } = require('./parts');

const stack = new Stack(new App(), 'Mock');
const { api } = chat(stack, node(stack, 'Say'), {
  connectRouteOptions: { integration: new WebSocketMockIntegration('Connect') },
  disconnectRouteOptions: { integration: new WebSocketMockIntegration('Disconnect') },
});
api.addRoute('ping', {
  integration: new WebSocketMockIntegration('Ping', {
    requestTemplates: { $default: '{ "statusCode": 200 }' },
    templateSelectionExpression: '\\$default',
  }),
  returnResponse: true,
});
