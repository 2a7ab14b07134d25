#!/usr/bin/env bash
# aws-lite calls @connections in a region named `undefined`, although it knows the region.
#
# What: @aws-lite/client (npm, 0.23.7) takes its region from `AWS_REGION` when none is given, and its
#   plugin @aws-lite/apigatewaymanagementapi (0.0.10) builds the host of an API from `ApiId`, `Stage`
#   and the region. Only a region that is given to the client reaches the plugin: with `AWS_REGION`
#   alone, as in every function on Lambda, PostToConnection goes to
#   `ID.execute-api.undefined.amazonaws.com`. With `ApiUrl`, or with the region given, it is right.
# Seen (2026-11-29, Node 20.20.2): the two hosts below.
# Why it matters: the failure is one of name resolution, which is retried and then reported as an
#   error of reading a header; nothing says that a region is missing.
# Needs node (20 or newer) with npm. Sends nothing: requests are stopped where they would connect.
# Fails if the behaviour changes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @aws-lite/client@0.23.7 \
  @aws-lite/apigatewaymanagementapi@0.0.10 >/dev/null 2>&1

cat > call.mjs <<'JS'
import https from "node:https";
import awsLite from "@aws-lite/client";

const hosts = new Set();
https.request = (options) => {
  hosts.add(options.host ?? options.hostname);
  throw new Error("not sent");
};
for (const region of [undefined, "eu-central-1"]) {
  const plugins = [import("@aws-lite/apigatewaymanagementapi")];
  const aws = await awsLite({ plugins, ...(region && { region }) });
  const message = { ApiId: "abcdef1234", Stage: "prod", ConnectionId: "ID", Data: { text: "hi" } };
  await aws.ApiGatewayManagementApi.PostToConnection(message).catch(() => {});
}
console.log([...hosts].join("\n"));
JS

AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret node call.mjs > seen
cat > expected <<'LINES'
abcdef1234.execute-api.undefined.amazonaws.com
abcdef1234.execute-api.eu-central-1.amazonaws.com
LINES
cat seen
diff expected seen
echo "as seen before"
