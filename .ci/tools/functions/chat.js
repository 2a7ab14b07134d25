// Answers messages by @connections, as code does that runs on AWS.
const post = async ({ domainName, stage, connectionId }, text) => {
  const home = process.env.CALLBACK ?? `https://${domainName}/${stage}`;
  const response = await fetch(`${home}/@connections/${connectionId}`, { method: 'POST', body: text });
  if (!response.ok) throw new Error(`@connections: ${response.status} ${await response.text()}`);
};

const greeting = () => (process.env.LAYER ? require(process.env.LAYER) : process.env.GREETING ?? 'node');

exports.handler = async ({ requestContext, body }) => {
  if (requestContext.eventType === 'MESSAGE') {
    await post(requestContext, `${greeting()} ${JSON.parse(body).say}`);
  }
  return { statusCode: 200 };
};

// For routes with a route response: what is returned reaches the client.
exports.returns = async ({ body }) => ({ statusCode: 200, body: `returned ${JSON.parse(body).say}` });

exports.authorizer = async ({ headers, methodArn }) => {
  const token = headers.Auth ?? headers.Authorization;
  const statement = { Action: 'execute-api:Invoke', Effect: token === 'hello' ? 'Allow' : 'Deny', Resource: methodArn };
  return { principalId: 'me', policyDocument: { Version: '2012-10-17', Statement: [statement] } };
};
