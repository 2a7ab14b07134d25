#!/usr/bin/env bash
# Powertools' schema for WebSocket events fits none of the events that API Gateway sends.
#
# What: `APIGatewayProxyWebsocketEventSchema` of @aws-lambda-powertools/parser (npm, 2.35.0) demands
#   `type` and `methodArn`, which only a REQUEST authorizer's event has, together with
#   `isBase64Encoded`, which that one has not; and multi-value headers, which no message has. It
#   refuses the event of a message, of $disconnect, of $connect and of the authorizer, each with the
#   members that AWS's guide and the fixtures of aws-lambda-go and of aws-lambda-rust-runtime show.
#   Only the mixture in its own documentation passes.
# Seen (2026-11-29, Node 20.20.2, zod 4.6.7): the paths below.
# Why it matters: a function that validates its events with the library's schema answers every message
#   with an error; whoever makes events for tests after the schema tests with ones that never come.
# Needs node (20 or newer) with npm. Fails if the behaviour changes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @aws-lambda-powertools/parser@2.35.0 zod@4.6.7 >/dev/null 2>&1

cat > parse.mjs <<'JS'
import { APIGatewayProxyWebsocketEventSchema as Schema } from "@aws-lambda-powertools/parser/schemas/api-gateway-websocket";

const requestContext = (eventType, routeKey, more) => ({
  routeKey, eventType, ...more,
  extendedRequestId: "GFjFxHfbPHcFRdw=", requestTime: "07/Nov/2026:10:31:23 +0000",
  messageDirection: "IN", stage: "prod", connectedAt: 1794047483000,
  requestTimeEpoch: 1794047483123, identity: { sourceIp: "192.0.2.1" },
  requestId: "GFjFxHfbPHcFRdw=", domainName: "abcdef1234.execute-api.eu-central-1.amazonaws.com",
  connectionId: "GFjE8dixPHcCIhw=", apiId: "abcdef1234",
});
const headers = { Host: "abcdef1234.execute-api.eu-central-1.amazonaws.com" };
const multiValueHeaders = { Host: [headers.Host] };
const events = {
  message: {
    requestContext: requestContext("MESSAGE", "$default", { messageId: "GFjGkfbkPHcCIhw=" }),
    body: "hello", isBase64Encoded: false,
  },
  disconnect: {
    headers, multiValueHeaders, isBase64Encoded: false,
    requestContext: requestContext("DISCONNECT", "$disconnect",
      { disconnectStatusCode: 1000, disconnectReason: "" }),
  },
  connect: {
    headers, multiValueHeaders, isBase64Encoded: false,
    requestContext: requestContext("CONNECT", "$connect"),
  },
  authorizer: {
    type: "REQUEST",
    methodArn: "arn:aws:execute-api:eu-central-1:111122223333:abcdef1234/prod/$connect",
    headers, multiValueHeaders, queryStringParameters: {}, multiValueQueryStringParameters: {},
    stageVariables: {}, requestContext: requestContext("CONNECT", "$connect"),
  },
};
for (const [name, event] of Object.entries(events)) {
  const issues = Schema.safeParse(event).error?.issues ?? [];
  console.log(`${name}: ${issues.map((issue) => issue.path.join(".")).join(", ") || "fits"}`);
}
JS
node parse.mjs > seen
cat > expected <<'LINES'
message: type, methodArn, multiValueHeaders, queryStringParameters, multiValueQueryStringParameters
disconnect: type, methodArn, queryStringParameters, multiValueQueryStringParameters
connect: type, methodArn, queryStringParameters, multiValueQueryStringParameters
authorizer: isBase64Encoded
LINES
cat seen
diff expected seen
echo "as seen before"
