#!/usr/bin/env node
// Holds serverless-offline to the kit: installs the pinned versions under target/, starts every stack on a loopback port that the
// system chooses, waits until it answers, checks, stops. One that a case brings down is started again. What is behind the program's path is handed on to `gatespec check`:
//
//   conformance/targets/serverless-offline/run.mjs target/release/gatespec [OPTION]...

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const CONFORMANCE = resolve(HERE, "../..");
const INSTALLED = resolve(CONFORMANCE, "../target/serverless-offline");
const START_MILLISECONDS = 60_000;
const SELECTIONS = [
  "$request.body.data.type",
  "$request.body.detail-type",
  "$request.body.steps[1].type",
  "${request.body.action}",
  "${request.body.action}-${request.body.invalidPath}",
  "${request.body.service}/${request.body.action}",
  "join",
  "leave",
  "\\$default",
];
/** Name for the kit, configuration, route selection expression. */
const STACKS = [
  ["", "pattern"],
  ["probe", "probe"],
  ["connect", "connect-proxy"],
  ["connect?Connect=none", "connect-none"],
  ["sources", "sources"],
  ["selection", "selection", "$request.body.action"],
  ...SELECTIONS.map((selection) => [`selection?RouteSelectionExpression=${selection}`, "selection", selection]),
];

const [program, ...options] = process.argv.slice(2);
if (!program) {
  console.error("usage: run.mjs GATESPEC [OPTION]...");
  process.exit(2);
}
const children = [];
const relays = [];
let stopping = false;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => stop().finally(() => process.exit(1)));
}
process.exitCode = await main().finally(stop);

async function main() {
  install();
  const [pattern, ...fixtures] = await startAll();
  const arguments_ = ["check", "--target", "endpoint", "--name", "serverless-offline"];
  arguments_.push("--ws", pattern.ws, "--management", pattern.http, "--features", "authorizer,management,limits,two-way");
  for (const { name, ws, http } of fixtures) {
    arguments_.push("--fixture", `${name}@${ws},${http}`);
  }
  // How reports say that a case is run alone: the addresses are others in every run.
  const at = options.indexOf("--patience");
  const patience = at < 0 ? "" : ` --patience ${options[at + 1]}`;
  arguments_.push("--started-by", `conformance/targets/serverless-offline/run.mjs target/release/gatespec${patience}`);
  const check = spawn(resolve(program), [...arguments_, ...options], { stdio: "inherit" });
  children.push(check);
  const [code] = await once(check, "exit");
  return code ?? 1;
}

/** The pinned versions, the stacks and their functions in one folder, which serverless wants them in. */
function install() {
  mkdirSync(INSTALLED, { recursive: true });
  for (const file of readdirSync(HERE)) {
    cpSync(join(HERE, file), join(INSTALLED, file));
  }
  cpSync(resolve(HERE, "../pattern.mjs"), join(INSTALLED, "pattern.mjs"));
  cpSync(join(CONFORMANCE, "fixtures/probe/index.mjs"), join(INSTALLED, "index.mjs"));
  if (!existsSync(join(INSTALLED, "node_modules/serverless-offline"))) {
    const npm = spawnSync("npm", ["install", "--no-audit", "--no-fund"], { cwd: INSTALLED, stdio: "inherit" });
    if (npm.status !== 0) {
      throw new Error("npm could not install serverless and serverless-offline");
    }
  }
}

/** A few at a time: starting is work. */
async function startAll() {
  const started = [];
  const rest = STACKS.entries();
  const worker = async () => {
    for (const [index, stack] of rest) {
      started[index] = await start(stack);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  return started;
}

/** Starts a stack behind a relay, where connections wait while it is started again: its name and URLs. */
async function start([name, file, selection]) {
  const [websocket, http, lambda] = await freePorts(3);
  const relay = createServer(async (client) => {
    client.on("error", () => {});
    const emulator = await reach(websocket);
    if (!emulator) {
      client.destroy();
      return;
    }
    emulator.on("error", () => client.destroy());
    client.on("close", () => emulator.destroy());
    emulator.on("close", () => client.destroy());
    client.pipe(emulator).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(relay, "listening");
  relays.push(relay);
  const authority = `127.0.0.1:${relay.address().port}`;
  const environment = {
    ...process.env,
    SLS_TELEMETRY_DISABLED: "1",
    SLS_NOTIFICATIONS_MODE: "off",
    SELECTION: selection ?? "",
    AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: `http://127.0.0.1:${websocket}`,
  };
  const ports = ["--websocketPort", websocket, "--httpPort", http, "--lambdaPort", lambda];
  const arguments_ = ["node_modules/serverless/bin/serverless.js", "offline", "--config", `${file}.yml`, "--host", "127.0.0.1", ...ports];
  const run = async () => {
    const child = spawn(process.execPath, arguments_, { cwd: INSTALLED, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    let said = "";
    child.stdout.on("data", (data) => (said += data));
    child.stderr.on("data", (data) => (said += data));
    const end = Date.now() + START_MILLISECONDS;
    while (!(await answers(`http://127.0.0.1:${websocket}`))) {
      if (hasEnded(child) || Date.now() > end) {
        throw new Error(`serverless-offline does not start ${file}.yml:\n${said}`);
      }
      await sleep(100);
    }
    child.once("exit", () => {
      if (!stopping) {
        console.error(`serverless-offline ended, ${file}.yml is started again: ${said.trimEnd().split("\n").slice(-12).join("\n")}`);
        run().catch((problem) => stopping || console.error(problem.message));
      }
    });
  };
  await run();
  const stage = file === "pattern" ? "stage" : "test";
  return { name, ws: `ws://${authority}/${stage}`, http: `http://${authority}` };
}

/** A connection to a port, as soon as somebody listens there; none when all is being stopped. */
async function reach(port) {
  while (!stopping) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return socket;
    } catch {
      await sleep(20);
    }
  }
  return undefined;
}

async function answers(address) {
  try {
    await fetch(address);
    return true;
  } catch {
    return false;
  }
}

/** Ports that nobody listens on, all held until the last is known so that none is there twice. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => (server.close(), once(server, "close"))));
  return ports;
}

function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null;
}

async function stop() {
  stopping = true;
  relays.forEach((relay) => relay.close());
  const running = children.filter((child) => !hasEnded(child));
  await Promise.all(running.map((child) => (child.kill("SIGKILL"), once(child, "exit"))));
  rmSync(join(INSTALLED, ".serverless"), { recursive: true, force: true });
}
