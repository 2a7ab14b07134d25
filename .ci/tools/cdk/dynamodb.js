// DynamoDB without a function: a row in a Table and one in a TableV2 for each message.
const { App, CfnOutput, Stack } = require('aws-cdk-lib');
const { PassthroughBehavior } = require('aws-cdk-lib/aws-apigatewayv2');
const { WebSocketAwsIntegration } = require('aws-cdk-lib/aws-apigatewayv2-integrations');
const { AttributeType, StreamViewType, Table, TableV2 } = require('aws-cdk-lib/aws-dynamodb');
const { Role, ServicePrincipal } = require('aws-cdk-lib/aws-iam');
const { chat, node } = require('./parts');

const stack = new Stack(new App(), 'Dynamodb');
const partitionKey = { name: 'id', type: AttributeType.STRING };
const tables = {
  first: new Table(stack, 'First', { partitionKey, timeToLiveAttribute: 'expires' }),
  second: new TableV2(stack, 'Second', {
    partitionKey, dynamoStream: StreamViewType.NEW_IMAGE, deletionProtection: true,
  }),
};
const { api } = chat(stack, node(stack, 'Say'));
const assumedBy = new ServicePrincipal('apigateway.amazonaws.com');
const credentialsRole = new Role(stack, 'Role', { assumedBy });
for (const [name, table] of Object.entries(tables)) {
  table.grantWriteData(credentialsRole);
  const said = "$util.escapeJavaScript($input.path('$.say')).replaceAll(\"\\\\'\",\"'\")";
  const item = `{"id": {"S": "$context.connectionId"}, "said": {"S": "${said}"}}`;
  api.addRoute(name, {
    integration: new WebSocketAwsIntegration(name, {
      integrationUri: `arn:aws:apigateway:${stack.region}:dynamodb:action/PutItem`,
      integrationMethod: 'POST',
      credentialsRole,
      passthroughBehavior: PassthroughBehavior.NEVER,
      templateSelectionExpression: '\\$default',
      requestTemplates: { $default: `{"TableName": "${table.tableName}", "Item": ${item}}` },
    }),
  });
  new CfnOutput(stack, `${name}Table`, { value: table.tableName });
}
