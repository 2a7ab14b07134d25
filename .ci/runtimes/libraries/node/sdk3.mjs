import {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';

export const handler = async ({ body, requestContext }) => {
  const { connectionId, domainName, stage } = requestContext;
  const client = new ApiGatewayManagementApiClient({ endpoint: `https://${domainName}/${stage}` });
  const Data = `aws-sdk 3 ${JSON.parse(body).say}`;
  await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data }));
  return { statusCode: 200 };
};
