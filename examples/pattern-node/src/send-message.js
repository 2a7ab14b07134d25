const {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} = require('@aws-sdk/client-apigatewaymanagementapi');

const { API_ID, AWS_REGION, STAGE } = process.env;
const endpoint = `https://${API_ID}.execute-api.${AWS_REGION}.amazonaws.com/${STAGE}`;
const api = new ApiGatewayManagementApiClient({ endpoint });

exports.handler = async (event) => {
  const { connectionId: ConnectionId } = event.requestContext;
  const { message } = JSON.parse(event.body);
  const Data = JSON.stringify({ you: message, we: 'good job on deploying this template' });
  await api.send(new PostToConnectionCommand({ ConnectionId, Data }));
  return { statusCode: 200 };
};
