// The inspect page under load, and what it costs: not a part of CI, since figures need a quiet machine. docs/inspect.md has them.
//
// First, 10,000 messages a minute with the page open: how long its main thread works, and its memory. Then 50 clients that send as
// fast as they get answers: the gateway's rate with the page open and without, in turns.
//
// Arguments: the program; the folder whose node_modules has playwright-core and ws. SECONDS (60) is how long the first part takes,
// ROUNDS (5) how often the second is repeated.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
const integration = (name, more) => `
  ${name}Integration: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Api, ${more}}}
  ${name}Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: ${name}, Target: !Sub "integrations/\${${name}Integration}", RouteResponseSelectionExpression: $default}
  ${name}Response: {Type: AWS::ApiGatewayV2::RouteResponse, Properties: {ApiId: !Ref Api, RouteId: !Ref ${name}Route, RouteResponseKey: $default}}`;
writeFileSync(join(work, "index.js"), "exports.handler = async event => ({ statusCode: 200, body: event.body });\n");
writeFileSync(template, `
Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}}
  Echo: {Type: AWS::Serverless::Function, Properties: {CodeUri: ., Handler: index.handler, Runtime: nodejs22.x}}
  Permission: {Type: AWS::Lambda::Permission, Properties: {Action: "lambda:InvokeFunction", FunctionName: !Ref Echo, Principal: apigateway.amazonaws.com}}
  MockAnswer: {Type: AWS::ApiGatewayV2::IntegrationResponse, Properties: {ApiId: !Ref Api, IntegrationId: !Ref mockIntegration, IntegrationResponseKey: $default}}
${integration("mock", `IntegrationType: MOCK, RequestTemplates: {application/json: '{"statusCode": 200}'}`)}
${integration("function", "IntegrationType: AWS_PROXY, IntegrationUri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Echo.Arn}/invocations'")}
`);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  env: { ...process.env, HOME: work },
});
const gateways = [];
try {
  const watched = await serve("--inspect");
  const plain = await serve();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(watched.ready.inspect);
  await page.locator("#status[data-state=live]").waitFor();
  await steady(page, watched);
  for (const route of ["function", "mock"]) await rates(route, watched, plain);
} finally {
  for (const { process } of gateways) process.stdin.end();
  await Promise.all(gateways.map(({ ended }) => ended));
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}

/** A gateway, without AWS's quotas of requests. */
async function serve(...more) {
  const process_ = spawn(program, ["serve", "--port", "0", "--ready", "json", "--account-rate", "off", ...more, template], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise(end => process_.once("exit", end));
  const line = await new Promise(said => createInterface(process_.stdout).once("line", said));
  const gateway = { process: process_, ended, ready: JSON.parse(line) };
  gateways.push(gateway);
  return gateway;
}

/** Clients of a gateway. */
async function connect(gateway, count) {
  const sockets = Array.from({ length: count }, () => new WebSocket(gateway.ready.ws));
  await Promise.all(sockets.map(socket => new Promise((open, fail) => socket.once("open", open).once("error", fail))));
  return sockets;
}

/** 10,000 messages a minute: what the page's main thread does, and what it keeps. */
async function steady(page, gateway) {
  const sockets = await connect(gateway, 10);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const look = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  let sent = 0;
  const send = async seconds => {
    const began = performance.now();
    const before = sent;
    while (performance.now() - began < seconds * 1000) {
      const due = before + ((performance.now() - began) / 60_000) * A_MINUTE;
      for (; sent < due; sent += 1) sockets[sent % sockets.length].send(`{"action": "function", "number": ${sent}, "text": "${"x".repeat(100)}"}`);
      await sleep(5);
    }
  };
  // Until a thousand are there, everything grows.
  await send(10);
  const first = await look();
  await send(SECONDS);
  const last = await look();
  const idle = 1 - (last.TaskDuration - first.TaskDuration) / (last.Timestamp - first.Timestamp);
  const rows = await page.locator(".rows .row").count();
  const count = await page.locator("#count").textContent();
  const megabytes = bytes => (bytes / 1e6).toFixed(1);
  console.log(`${A_MINUTE} messages a minute for ${SECONDS} s: main thread idle ${(100 * idle).toFixed(0)} %, heap ${megabytes(first.JSHeapUsedSize)} MB, then ${megabytes(last.JSHeapUsedSize)} MB; nodes ${first.Nodes}, then ${last.Nodes}; ${rows} rows exist; the page says: ${count}`);
  assert(idle > 0.5, "the main thread is idle less than half of the time");
  assert(last.JSHeapUsedSize < 2 * first.JSHeapUsedSize + 5e6 && rows < 100, "what the page keeps grows");
  for (const socket of sockets) socket.close();
}

/** The milliseconds that a gateway has used of a processor, without its functions. */
function cpu({ process: { pid } }) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  // utime and stime, in hundredths of a second.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What 50 clients get that send again once they are answered: answers a second, and the gateway's work for a thousand of them. */
async function rate(gateway, route) {
  const sockets = await connect(gateway, CLIENTS);
  let answers = 0;
  let runs = true;
  for (const socket of sockets) {
    const send = () => socket.send(`{"action": "${route}"}`);
    socket.on("message", () => { answers += 1; if (runs) send(); });
    send();
  }
  await sleep(1000);
  const [before, began, used] = [answers, performance.now(), cpu(gateway)];
  await sleep(4000);
  const rate = ((answers - before) * 1000) / (performance.now() - began);
  const result = { rate, work: ((cpu(gateway) - used) * 1000) / (answers - before) };
  runs = false;
  for (const socket of sockets) socket.close();
  await sleep(500);
  return result;
}

/** Both gateways in turn: the machine's other work falls on both. */
async function rates(route, watched, plain) {
  const ratios = [];
  const works = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = round % 2 ? [watched, plain] : [plain, watched];
    const measured = new Map();
    for (const gateway of order) measured.set(gateway, await rate(gateway, route));
    const [without, with_] = [measured.get(plain), measured.get(watched)];
    ratios.push(with_.rate / without.rate);
    works.push(without.work / with_.work);
    console.log(`${route}: ${without.rate.toFixed(0)} answers a second without the page, ${with_.rate.toFixed(0)} with it; work for a thousand ${without.work.toFixed(0)} ms, ${with_.work.toFixed(0)} ms`);
  }
  const median = numbers => numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)].toFixed(2);
  console.log(`${route}: with the page, the rate is ${median(ratios)} of what it is without; by the gateway's own work it would be ${median(works)} (medians of ${ROUNDS})`);
}
