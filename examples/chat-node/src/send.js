import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { all, remove } from './table.js';

export const handler = async (event) => {
  const { domainName, stage } = event.requestContext;
  const api = new ApiGatewayManagementApiClient({ endpoint: `https://${domainName}/${stage}` });
  const { data } = JSON.parse(event.body);

  const post = async (ConnectionId) => {
    try {
      await api.send(new PostToConnectionCommand({ ConnectionId, Data: JSON.stringify(data) }));
    } catch (error) {
      if (!(error instanceof GoneException)) throw error;
      await remove(ConnectionId);
    }
  };
  const posts = [];
  for await (const connectionId of all()) posts.push(post(connectionId));
  await Promise.all(posts);
  return { statusCode: 200 };
};
