// Two stacks: the function and its table in one, the API in the other, which refers to the first.
const { App, Stack } = require('aws-cdk-lib');
const { AttributeType, Table } = require('aws-cdk-lib/aws-dynamodb');
const { chat, node } = require('./parts');

const app = new App();
const base = new Stack(app, 'Base');
const table = new Table(base, 'Rows', { partitionKey: { name: 'id', type: AttributeType.STRING } });
const say = node(base, 'Say', { environment: { TABLE: table.tableName } });
table.grantReadWriteData(say);
const front = new Stack(app, 'Front');
const { api } = chat(front, say);
const other = node(front, 'Other', { environment: { TABLE: table.tableName, GREETING: 'other' } });
const { WebSocketLambdaIntegration } = require('aws-cdk-lib/aws-apigatewayv2-integrations');
api.addRoute('other', { integration: new WebSocketLambdaIntegration('Other', other) });
