// A client is a row of one table, its message one of the other.
import { randomUUID } from "node:crypto";
import { dynamodb } from "./dynamodb.mjs";

export const handler = async ({ requestContext, body }) => {
  const [table, item] =
    requestContext.eventType === "CONNECT"
      ? [process.env.CLIENTS, { id: { S: requestContext.connectionId } }]
      : [process.env.MESSAGES, { id: { S: randomUUID() }, text: { S: body } }];
  await dynamodb("PutItem", { TableName: table, Item: item });
  return { statusCode: 200 };
};
