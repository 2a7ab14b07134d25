// Brings each message of a batch to each client.
import { dynamodb } from "./dynamodb.mjs";

export const handler = async ({ Records }) => {
  const { Items } = await dynamodb("Scan", { TableName: process.env.CLIENTS });
  const api = process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI;
  for (const { dynamodb: { NewImage: message } } of Records) {
    for (const { id } of Items) {
      const url = `${api}/@connections/${encodeURIComponent(id.S)}`;
      const posted = await fetch(url, { method: "POST", body: `node: ${message.text.S}` });
      if (!posted.ok) throw new Error(`@connections answers ${posted.status}`);
    }
  }
};
