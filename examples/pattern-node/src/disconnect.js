const { DynamoDBClient, DeleteItemCommand } = require('@aws-sdk/client-dynamodb');

const client = new DynamoDBClient({});

exports.handler = async (event) => {
  const { connectionId } = event.requestContext;
  const Key = { connectionId: { S: connectionId } };
  await client.send(new DeleteItemCommand({ TableName: process.env.TABLE_NAME, Key }));
  console.log(`${connectionId} is forgotten`);
  return { statusCode: 200 };
};
