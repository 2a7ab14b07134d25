// The functions of both gateways.

import {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';

const client = new ApiGatewayManagementApiClient({
  endpoint: process.env.ENDPOINT,
  region: 'us-east-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 's' },
});

export const connect = async () => ({ statusCode: 200 });
export const disconnect = connect;

export const sendmessage = async (event) => {
  const { connectionId } = event.requestContext;
  const { data } = JSON.parse(event.body);
  await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: data }));
  return { statusCode: 200 };
};
