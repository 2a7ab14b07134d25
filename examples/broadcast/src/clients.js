import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const { CONNECTIONS, MESSAGES } = process.env;
const done = { statusCode: 200 };

export const connect = async ({ requestContext: { connectionId } }) => {
  await client.send(new PutCommand({ TableName: CONNECTIONS, Item: { connectionId } }));
  return done;
};

export const disconnect = async ({ requestContext: { connectionId } }) => {
  await client.send(new DeleteCommand({ TableName: CONNECTIONS, Key: { connectionId } }));
  return done;
};

export const say = async ({ body }) => {
  const Item = { id: randomUUID(), text: JSON.parse(body).text };
  await client.send(new PutCommand({ TableName: MESSAGES, Item }));
  return done;
};
