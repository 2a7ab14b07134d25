import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  PutCommand,
  paginateScan,
} from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const TableName = process.env.TABLE_NAME;

const put = (connectionId, name) =>
  client.send(new PutCommand({ TableName, Item: { connectionId, name } }));
const remove = (connectionId) =>
  client.send(new DeleteCommand({ TableName, Key: { connectionId } }));

async function say({ domainName, stage, connectionId }, text) {
  const api = new ApiGatewayManagementApiClient({ endpoint: `https://${domainName}/${stage}` });
  const members = [];
  for await (const { Items } of paginateScan({ client }, { TableName })) members.push(...Items);
  const { name } = members.find((one) => one.connectionId === connectionId);
  const Data = JSON.stringify({ by: 'node', name, text });
  const post = async (ConnectionId) => {
    try {
      await api.send(new PostToConnectionCommand({ ConnectionId, Data }));
    } catch (error) {
      if (!(error instanceof GoneException)) throw error;
      await remove(ConnectionId);
    }
  };
  await Promise.all(members.map((one) => post(one.connectionId)));
}

export const handler = async ({ requestContext, body }) => {
  const { routeKey, connectionId } = requestContext;
  const { name, text } = JSON.parse(body ?? '{}');
  if (routeKey === '$connect') await put(connectionId, '');
  else if (routeKey === '$disconnect') await remove(connectionId);
  else if (routeKey === 'join') await put(connectionId, name);
  else await say(requestContext, text);
  return { statusCode: 200 };
};
