const { DynamoDBClient, PutItemCommand } = require('@aws-sdk/client-dynamodb');

const client = new DynamoDBClient({});

exports.handler = async (event) => {
  const { connectionId } = event.requestContext;
  const Item = { connectionId: { S: connectionId } };
  await client.send(new PutItemCommand({ TableName: process.env.TABLE_NAME, Item }));
  return { statusCode: 200 };
};
