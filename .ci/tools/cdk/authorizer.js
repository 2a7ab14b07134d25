// A Lambda authorizer on `$connect`, with the default identity source: the header Authorization.
const { App, Stack } = require('aws-cdk-lib');
const { WebSocketLambdaAuthorizer } = require('aws-cdk-lib/aws-apigatewayv2-authorizers');
const { WebSocketLambdaIntegration } = require('aws-cdk-lib/aws-apigatewayv2-integrations');
const { chat, node, python } = require('./parts');

const stack = new Stack(new App(), 'Authorizer');
const say = node(stack, 'Say');
const auth = python(stack, 'Auth', { handler: 'chat.authorizer' });
chat(stack, say, {
  connectRouteOptions: {
    integration: new WebSocketLambdaIntegration('Connect', say),
    authorizer: new WebSocketLambdaAuthorizer('Auth', auth),
  },
});
