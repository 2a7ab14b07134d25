// Posts to whoever called, at the address and with the client that the message names; answers with
// what comes of it. `lookup` keeps the names that are not led home from being looked up anywhere.

import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

const lookup = (name, _, done) => done(new Error(`${name} is looked up`));

const clients = {
  https: (url) =>
    new Promise((resolve, reject) => {
      const request = https.request(url, { method: 'POST', lookup }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      request.on('error', reject).end('home');
    }),
  fetch: async (url) => (await fetch(url, { method: 'POST', body: 'home' })).status,
  // The port first, the name second, and the certificate's name is the API's own.
  tls: (url) =>
    new Promise((resolve, reject) => {
      const { hostname, pathname } = new URL(url);
      const socket = tls.connect(443, hostname, { servername: hostname }, () => {
        const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n`;
        socket.write(`${head}Content-Length: 4\r\n\r\nhome`);
      });
      let text = '';
      socket.on('data', (chunk) => (text += chunk)).on('error', reject);
      socket.on('end', () => resolve(Number(text.split(' ')[1])));
    }),
  connect: (url) =>
    new Promise((resolve, reject) => {
      const { hostname: host, port } = new URL(url);
      net.connect({ host, port: port || 443, lookup }, () => resolve('connected')).on('error', reject);
    }),
};

const ways = ({ domainName, stage, apiId }) => ({
  event: `https://${domainName}/${stage}`,
  sdk: process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI,
  variable: process.env.CALLBACK,
  apiId: `https://${apiId}.execute-api.${process.env.AWS_REGION}.amazonaws.com/${stage}`,
  china: `https://${apiId.toUpperCase()}.Execute-API.us-east-1.amazonaws.com.cn/${stage}`,
  domain: `https://${domainName}/live`,
  hardCoded: 'https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/test',
});

export const handler = async (event) => {
  const { way, url, client } = JSON.parse(event.body);
  if (way === 'own') return { statusCode: 200, body: `${globalThis.own}` };
  const id = encodeURIComponent(event.requestContext.connectionId);
  const base = url ?? ways(event.requestContext)[way];
  try {
    const status = await clients[client](`${base}/@connections/${id}`);
    return { statusCode: 200, body: `${status}` };
  } catch (error) {
    return { statusCode: 200, body: `${error.cause ?? error}` };
  }
};
