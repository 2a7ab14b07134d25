import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  PutCommand,
  paginateScan,
} from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const TableName = process.env.TABLE_NAME;

export const add = (connectionId) =>
  client.send(new PutCommand({ TableName, Item: { connectionId } }));

export const remove = (connectionId) =>
  client.send(new DeleteCommand({ TableName, Key: { connectionId } }));

/** The ids of all connections, a page after another. */
export async function* all() {
  for await (const { Items } of paginateScan({ client }, { TableName })) {
    yield* Items.map((item) => item.connectionId);
  }
}
