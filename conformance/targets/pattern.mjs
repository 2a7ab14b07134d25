// The pattern's functions (handlers/) for emulators that run no executables. There is no table: the kit looks into none at an endpoint.

import { timingSafeEqual } from "node:crypto";

const REPLY = "good job on deploying this template, keep slaying!!";

/** Refused by the callback with a text: the one form that Lambda and serverless-offline both take for the error `Unauthorized`. */
export function authorizer(event, context, callback) {
  const accepted = Buffer.from(process.env.ACCEPTED_TOKEN);
  const headers = Object.entries(event.headers ?? {});
  const values = headers.filter(([name]) => name.toLowerCase() === "token").map(([, value]) => Buffer.from(String(value)));
  const accepts = (value) => value.length === accepted.length && timingSafeEqual(value, accepted);
  if (values.length === 0 || !values.every(accepts)) {
    callback("Unauthorized");
    return;
  }
  const Statement = [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: event.methodArn }];
  callback(null, {
    principalId: "me",
    policyDocument: { Version: "2012-10-17", Statement },
    context: { token: accepted.toString() },
  });
}

export async function connect() {
  return { statusCode: 200 };
}

export async function disconnect() {
  return { statusCode: 200 };
}

export async function sendmessage(event) {
  JSON.parse(event.body);
  const { connectionId } = event.requestContext;
  const management = process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI;
  const url = `${management}/@connections/${encodeURIComponent(connectionId)}`;
  const answer = await fetch(url, { method: "POST", body: Buffer.from(REPLY) });
  await answer.arrayBuffer();
  // serverless-offline answers 204, which the SDKs take as well.
  if (!answer.ok && answer.status !== 410) {
    throw new Error("the reply could not be posted");
  }
  return { statusCode: answer.ok ? 200 : answer.status };
}
