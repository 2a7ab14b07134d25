#!/usr/bin/env bash
# AWS's SDKs send one call of @connections to two paths when the endpoint ends in a slash, and what
# the endpoint says behind a question mark goes nowhere.
#
# What: the client of API Gateway's management API is made with the endpoint of a stage, as AWS's
#   examples do. For `http://HOST/prod/` the SDK for JavaScript v3 (@aws-sdk/client-apigatewaymanagementapi
#   3.1169.0) keeps the slash and adds its own: `POST /prod//@connections/ID`. boto3 (1.43.56) and the
#   SDK for JavaScript v2 (aws-sdk 2.1693.0) send `POST /prod/@connections/ID`. Of
#   `http://HOST/prod?tenant=7` v3 drops the query without a word.
# Seen (2026-11-29, Node 20.20.2, Python 3.11.7): as said.
# Why it matters: the signature covers the path that was sent. Whoever serves or proxies @connections
#   and compares paths, or normalises them before the signature is checked, refuses one of the SDKs.
# Needs node (20 or newer) with npm and python3 with pip. Fails if the behaviour changes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @aws-sdk/client-apigatewaymanagementapi@3.1169.0 \
  aws-sdk@2.1693.0 >/dev/null 2>&1
python3 -m venv venv
venv/bin/pip install -q boto3==1.43.56

cat > listen.py <<'PYTHON'
"""Answers every request with 200 and writes its request line to `seen`."""
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        with open("seen", "a") as seen:
            seen.write(f"{self.command} {self.path}\n")
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open("port.new", "w") as file:
    file.write(str(server.server_port))
import os
os.rename("port.new", "port")
server.serve_forever()
PYTHON
python3 listen.py & server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
until [ -e port ]; do sleep 0.1; done
host=http://127.0.0.1:$(cat port)

export AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret AWS_REGION=eu-central-1
export AWS_DEFAULT_REGION=eu-central-1 AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE=1
cat > v3.mjs <<'JS'
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
const client = new ApiGatewayManagementApiClient({ endpoint: process.argv[2] });
await client.send(new PostToConnectionCommand({ ConnectionId: "ID", Data: "x" }));
JS
cat > v2.cjs <<'JS'
const { ApiGatewayManagementApi } = require("aws-sdk");
const client = new ApiGatewayManagementApi({ endpoint: process.argv[2] });
client.postToConnection({ ConnectionId: "ID", Data: "x" }).promise();
JS
cat > boto.py <<'PYTHON'
import sys, boto3
client = boto3.client("apigatewaymanagementapi", endpoint_url=sys.argv[1])
client.post_to_connection(ConnectionId="ID", Data=b"x")
PYTHON

node v3.mjs "$host/prod/"
venv/bin/python boto.py "$host/prod/"
node v2.cjs "$host/prod/"
node v3.mjs "$host/prod?tenant=7"

cat > expected <<'LINES'
POST /prod//@connections/ID
POST /prod/@connections/ID
POST /prod/@connections/ID
POST /prod/@connections/ID
LINES
cat seen
diff expected seen
echo "as seen before"
