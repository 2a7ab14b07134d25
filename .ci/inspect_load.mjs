// The inspect page under load, and what it costs: not a part of CI, since figures need a quiet machine. docs/inspect.md has them.
//
// First, 10,000 messages a minute with the page open: how long its main thread works, and its memory. Then 50 clients that send as
// fast as they get answers: the gateway's rate with the page open and without, in turns.
//
// Arguments: the program; the folder whose node_modules has playwright-core and ws. SECONDS (60) is how long the first part takes,
// ROUNDS (5) how often the second is repeated.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const [program, tools] = process.argv.slice(2).map(path => resolve(path));
const modules = createRequire(join(tools, "node_modules", "x.js"));
const { chromium } = modules("playwright-core");
const { WebSocket } = modules("ws");
const SECONDS = Number(process.env.SECONDS ?? 60);
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const A_MINUTE = 10_000;
const CLIENTS = 50;

const work = mkdtempSync(join(tmpdir(), "gatespec-load-"));
const template = join(work, "template.yaml");
writeFileSync(join(work, "index.js"), "exports.handler = async event => ({ statusCode: 200, body: event.body });\n");
writeFileSync(template, `
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes:
        echo: {FunctionArn: !GetAtt Echo.Arn}
  Echo:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ., Handler: index.handler, Runtime: nodejs22.x}
`);
