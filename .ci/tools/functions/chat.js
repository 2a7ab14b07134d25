// Answers messages by @connections, as code does that runs on AWS.
const post = async ({ domainName, stage, connectionId }, text) => {
  const home = process.env.CALLBACK ?? `https://${domainName}/${stage}`;
  const url = `${home}/@connections/${connectionId}`;
  const response = await fetch(url, { method: 'POST', body: text });
  if (!response.ok) throw new Error(`@connections: ${response.status} ${await response.text()}`);
};

const { GREETING, LAYER } = process.env;
const greeting = LAYER ? require(LAYER) : GREETING ?? 'node';

exports.handler = async ({ requestContext, body }) => {
  if (requestContext.eventType === 'MESSAGE') {
    await post(requestContext, `${greeting} ${JSON.parse(body).say}`);
  }
  return { statusCode: 200 };
};

// For routes with a route response: what is returned reaches the client.
exports.returns = async ({ body }) => {
  return { statusCode: 200, body: `returned ${JSON.parse(body).say}` };
};

exports.authorizer = async ({ headers, methodArn }) => {
  const token = headers.Auth ?? headers.Authorization;
  const Effect = token === 'hello' ? 'Allow' : 'Deny';
  const statement = { Action: 'execute-api:Invoke', Effect, Resource: methodArn };
  return { principalId: 'me', policyDocument: { Version: '2012-10-17', Statement: [statement] } };
};
