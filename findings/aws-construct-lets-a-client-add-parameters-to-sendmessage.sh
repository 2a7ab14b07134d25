#!/usr/bin/env bash
# AWS's own Construct from a WebSocket API to a queue lets a client add parameters to SendMessage.
#
# What: the mapping template that @aws-solutions-constructs/aws-apigatewayv2websocket-sqs (npm,
#   2.104.0) gives its routes writes the message's `MessageGroupId` into the form-encoded request as
#   it is, while it encodes the body beside it: `MessageGroupId=$input.path('$.MessageGroupId')`. An
#   `&` in it begins another parameter of the request.
# Seen (2026-11-29, aws-cdk-lib 2.276.0, Node 20.20.2): `gatespec lint` names the reference, `gatespec
#   falsify` finds `{"MessageGroupId":"&A"}`, and the request below has a `DelaySeconds` that the
#   client chose. By default the queue is FIFO, so the parameter is needed.
# Why it matters: whoever may connect decides on `DelaySeconds`, message attributes such as those that
#   say which connection a message is from, and any other parameter that the template does not set
#   before. What SQS does with a parameter that is there twice was not tried.
# Needs node (20 or newer) with npm, and gatespec: GATESPEC names another than `cargo run` builds.
# Sends nothing. Fails if the behaviour changes.
set -euo pipefail
cd "$(dirname "$0")/.."
gatespec=${GATESPEC:-cargo run --quiet --}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" aws-cdk-lib@2.276.0 constructs@10.8.1 \
  @aws-solutions-constructs/core@2.104.0 \
  @aws-solutions-constructs/aws-apigatewayv2websocket-sqs@2.104.0 >/dev/null 2>&1
cat > "$work/app.js" <<'JS'
const { App, Stack } = require("aws-cdk-lib");
const { ApiGatewayV2WebSocketToSqs } =
  require("@aws-solutions-constructs/aws-apigatewayv2websocket-sqs");
const app = new App({ outdir: `${__dirname}/out` });
new ApiGatewayV2WebSocketToSqs(new Stack(app, "S"), "P", {
  customRouteName: "say", defaultIamAuthorization: false,
});
const { Resources } = app.synth().getStackByName("S").template;
const [integration] = Object.values(Resources).filter(
  resource => resource.Type === "AWS::ApiGatewayV2::Integration");
require("node:fs").writeFileSync(
  `${__dirname}/template.vtl`, integration.Properties.RequestTemplates.say);
JS
AWS_REGION=us-east-1 node "$work/app.js" > /dev/null 2>&1

body='{"action": "say", "MessageGroupId": "g&DelaySeconds=900"}'
$gatespec render --template "$(cat "$work/template.vtl")" --body "$body" |
  tr '&' '\n' | sed -n '1,3p' > "$work/seen"
cat > "$work/expected" <<'LINES'
Action=SendMessage
MessageGroupId=g
DelaySeconds=900
LINES
cat "$work/seen"
diff "$work/expected" "$work/seen"
echo "as seen before"
