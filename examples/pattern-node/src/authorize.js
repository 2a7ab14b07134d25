exports.handler = async (event) => {
  // Of all errors, API Gateway answers this one with 401.
  if (event.headers.token !== process.env.ACCEPTED_TOKEN) throw new Error('Unauthorized');
  const statement = { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn };
  return {
    principalId: 'user',
    policyDocument: { Version: '2012-10-17', Statement: [statement] },
  };
};
