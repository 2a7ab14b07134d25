const { ApiGatewayManagementApi } = require('aws-sdk');

exports.handler = async ({ body, requestContext }) => {
  const { connectionId, domainName, stage } = requestContext;
  const api = new ApiGatewayManagementApi({ endpoint: `${domainName}/${stage}` });
  const Data = `aws-sdk 2 ${JSON.parse(body).say}`;
  await api.postToConnection({ ConnectionId: connectionId, Data }).promise();
  return { statusCode: 200 };
};
