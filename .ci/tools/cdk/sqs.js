// AWS's own Construct: messages go to a queue.
const { App, Stack } = require('aws-cdk-lib');
const { ApiGatewayV2WebSocketToSqs } =
  require('@aws-solutions-constructs/aws-apigatewayv2websocket-sqs');

new ApiGatewayV2WebSocketToSqs(new Stack(new App(), 'Sqs'), 'Pattern', {
  createDefaultRoute: true,
  customRouteName: 'say',
  defaultIamAuthorization: false,
});
