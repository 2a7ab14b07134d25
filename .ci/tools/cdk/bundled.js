// Code that is bundled: by esbuild, and with Python's packages, as PythonFunction does it.
const { cpSync } = require('node:fs');
const path = require('node:path');
const { App, Stack, DockerImage } = require('aws-cdk-lib');
const { WebSocketLambdaIntegration } = require('aws-cdk-lib/aws-apigatewayv2-integrations');
const { Code, Runtime } = require('aws-cdk-lib/aws-lambda');
const { NodejsFunction } = require('aws-cdk-lib/aws-lambda-nodejs');
const { chat, functions, python } = require('./parts');

const stack = new Stack(new App(), 'Bundled');
const say = new NodejsFunction(stack, 'Say', {
  entry: path.join(functions, 'chat.js'),
  runtime: Runtime.NODEJS_22_X,
  bundling: { minify: true, sourceMap: true },
});
const { api } = chat(stack, say);
const tryBundle = output => {
  cpSync(functions, path.join(output, 'lib'), { recursive: true });
  return true;
};
const bundling = { image: DockerImage.fromRegistry('none'), local: { tryBundle } };
const code = Code.fromAsset(functions, { bundling });
const other = python(stack, 'Other', { code, handler: 'lib/chat.handler' });
api.addRoute('other', { integration: new WebSocketLambdaIntegration('Other', other) });
