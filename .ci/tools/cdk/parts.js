// What the apps have in common: a function in Node or Python, and a chat.
const path = require('node:path');
const { Stack } = require('aws-cdk-lib');
const { WebSocketApi, WebSocketStage } = require('aws-cdk-lib/aws-apigatewayv2');
const { WebSocketLambdaIntegration } = require('aws-cdk-lib/aws-apigatewayv2-integrations');
const { Code, Function, Runtime } = require('aws-cdk-lib/aws-lambda');

const functions = path.join(__dirname, 'functions');

const node = (scope, id, more) => new Function(scope, id, {
  runtime: Runtime.NODEJS_22_X, handler: 'chat.handler', code: Code.fromAsset(functions), ...more,
});
const python = (scope, id, more) => new Function(scope, id, {
  runtime: Runtime.PYTHON_3_12, handler: 'chat.handler', code: Code.fromAsset(functions), ...more,
});

/** An API whose route `say` calls a function, and its stage `prod`. */
const chat = (scope, fn, more) => {
  const integration = new WebSocketLambdaIntegration('Say', fn);
  const api = new WebSocketApi(scope, 'Api', more);
  api.addRoute('say', { integration });
  const stage = new WebSocketStage(scope, 'Stage', {
    webSocketApi: api, stageName: 'prod', autoDeploy: true,
  });
  // Across stacks the function's role and the API would depend on each other.
  if (Stack.of(fn) === Stack.of(scope)) stage.grantManagementApiAccess(fn);
  return { api, stage };
};

module.exports = { chat, functions, node, python };
