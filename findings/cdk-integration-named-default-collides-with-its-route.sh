#!/usr/bin/env bash
# A WebSocket integration with the id `Default` cannot be synthesised, and the error names neither.
#
# What: aws-cdk-lib (npm, 2.276.0) leaves ids `Default` and `Resource` out of logical ids. The
#   integration of a WebSocket route is made below the route with the id that its author gives it, so
#   that of `new WebSocketLambdaIntegration('Default', fn)`, a natural name on the route `$default`,
#   gets the logical id of the route itself.
# Seen (2026-11-29, Node 20.20.2): the error below, without the construct's path or a line of the app;
#   with the id `Fallback` it is synthesised.
# Why it matters: nothing tells that a name is at fault, which the documentation does not restrict.
# Needs node (20 or newer) with npm. Sends nothing. Fails if the behaviour changes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" aws-cdk-lib@2.276.0 constructs@10.8.1 \
  >/dev/null 2>&1
cat > "$work/app.js" <<'JS'
const { App, Stack } = require("aws-cdk-lib");
const { WebSocketApi } = require("aws-cdk-lib/aws-apigatewayv2");
const { WebSocketLambdaIntegration } = require("aws-cdk-lib/aws-apigatewayv2-integrations");
const { Code, Function, Runtime } = require("aws-cdk-lib/aws-lambda");
for (const id of ["Default", "Fallback"]) {
  const app = new App({ outdir: `${__dirname}/out` });
  const stack = new Stack(app, "S");
  const handler = new Function(stack, "F", {
    runtime: Runtime.NODEJS_22_X, handler: "index.handler", code: Code.fromInline("//"),
  });
  const integration = new WebSocketLambdaIntegration(id, handler);
  new WebSocketApi(stack, "Api", { defaultRouteOptions: { integration } });
  try {
    app.synth();
    console.log(`${id}: synthesised`);
  } catch (error) {
    console.log(`${id}: ${error.message}`);
  }
}
JS
AWS_REGION=us-east-1 node "$work/app.js" 2> /dev/null | tee "$work/seen"
cat > "$work/expected" <<'LINES'
Default: section 'Resources' already contains 'ApidefaultRoute40D195EB'
Fallback: synthesised
LINES
diff "$work/expected" "$work/seen"
echo "as seen before"
