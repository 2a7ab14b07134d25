// IAM's authorizer on `$connect`: clients sign the handshake.
const { App, Stack } = require('aws-cdk-lib');
const { WebSocketIamAuthorizer } = require('aws-cdk-lib/aws-apigatewayv2-authorizers');
const { WebSocketLambdaIntegration } = require('aws-cdk-lib/aws-apigatewayv2-integrations');
const { chat, node } = require('./parts');

const stack = new Stack(new App(), 'Iam');
const say = node(stack, 'Say');
chat(stack, say, {
  connectRouteOptions: {
    integration: new WebSocketLambdaIntegration('Connect', say),
    authorizer: new WebSocketIamAuthorizer(),
  },
});
