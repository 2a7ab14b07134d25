import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const api = new ApiGatewayManagementApiClient({ endpoint: process.env.API });

/** The messages of a batch, in their order, to everybody. */
export const handler = async ({ Records }) => {
  const ids = [];
  for await (const { Items } of paginateScan({ client }, { TableName: process.env.CONNECTIONS })) {
    ids.push(...Items.map((item) => item.connectionId));
  }
  for (const { dynamodb } of Records) {
    const Data = JSON.stringify({ text: dynamodb.NewImage.text.S });
    const posts = ids.map((ConnectionId) =>
      api.send(new PostToConnectionCommand({ ConnectionId, Data })).catch((error) => {
        // `$disconnect` removes it.
        if (!(error instanceof GoneException)) throw error;
      }),
    );
    await Promise.all(posts);
  }
};
