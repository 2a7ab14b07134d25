// Calls the API by the client and the way that the message names; answers with what comes of it.

import https from 'node:https';
import awsLite from '@aws-lite/client';
import AWS from 'aws-sdk';
import WebSocket from 'ws';
import {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';

const Data = 'home';

/** Those that sign say what they did, those that do not say the gateway's refusal. */
const clients = {
  async v3(endpoint, ConnectionId) {
    const client = new ApiGatewayManagementApiClient(endpoint ? { endpoint } : {});
    await client.send(new PostToConnectionCommand({ ConnectionId, Data }));
    return 'posted';
  },
  async v2(endpoint, ConnectionId) {
    const client = new AWS.ApiGatewayManagementApi({ endpoint });
    await client.postToConnection({ ConnectionId, Data }).promise();
    return 'posted';
  },
  // It looks at no variable that names another address of a service.
  async dynamodb() {
    return JSON.stringify(await new AWS.DynamoDB().listTables().promise());
  },
  async lambda() {
    const call = { FunctionName: 'Python', InvocationType: 'DryRun' };
    return JSON.stringify(await new AWS.Lambda().invoke(call).promise());
  },
  // It looks at no variable but `AWS_ENDPOINT_URL`.
  async lite(_, ConnectionId, { apiId: ApiId, stage: Stage }) {
    const names = ['@aws-lite/dynamodb', '@aws-lite/apigatewaymanagementapi'];
    const plugins = names.map((name) => import(name));
    const aws = await awsLite({ region: process.env.AWS_REGION, plugins });
    await aws.ApiGatewayManagementApi.PostToConnection({ ApiId, Stage, ConnectionId, Data });
    const { TableNames } = await aws.DynamoDB.ListTables({});
    return `posted, ${TableNames.length} tables`;
  },
  // Without a scheme, as 12 of 106 public stacks have it.
  bare: (endpoint, id) => clients.v2(endpoint.replace('https://', ''), id),
  https: (endpoint, id) =>
    new Promise((resolve, reject) => {
      const request = https.get(`${endpoint}/@connections/${encodeURIComponent(id)}`, (answer) => {
        let text = '';
        answer.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
      });
      request.on('error', reject);
    }),
  async fetch(endpoint, id) {
    return (await fetch(`${endpoint}/@connections/${encodeURIComponent(id)}`)).text();
  },
  ws: (endpoint) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(endpoint.replace('https', 'wss'));
      socket.on('error', reject).on('open', () => socket.close());
      socket.on('close', () => resolve('opened'));
    }),
};

export const handler = async (event) => {
  const { domainName, stage, apiId, connectionId } = event.requestContext;
  const region = process.env.AWS_REGION;
  const endpoints = {
    event: `https://${domainName}/${stage}`,
    sdk: undefined,
    variable: process.env.CALLBACK,
    apiId: `https://${apiId}.execute-api.${region}.amazonaws.com/${stage}`,
    slash: `https://${apiId}.execute-api.${region}.amazonaws.com/${stage}/`,
    hardCoded: 'https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/test',
  };
  const { way, client } = JSON.parse(event.body);
  try {
    const body = await clients[client](endpoints[way], connectionId, event.requestContext);
    return { statusCode: 200, body };
  } catch (error) {
    return { statusCode: 200, body: `${error.stack} ${error.cause ?? ''}` };
  }
};
