// Asks both gateways in turn, and prints the table.

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import { createRequire } from 'node:module';

const WebSocket = createRequire(import.meta.url)('ws');
const { env } = process;
const ROUNDS = Number(env.ROUNDS ?? 5);
const SECONDS = Number(env.SECONDS_EACH ?? 10);
/** Messages of one client alone in a round. */
const ALONE = 200;
const CLIENTS = 50;
/** A reply that takes longer is lost. */
const LOST = 5000;

const folder = new URL('.', import.meta.url).pathname;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A port that nobody has at the moment. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

class Gateway {
  alone = [];
  together = [];
  rates = [];
  sent = 0;
  lost = 0;
  cpu = 0;

  constructor(name, version, url, program, args, more) {
    Object.assign(this, { name, version, url });
    const log = openSync(`${folder}/${name}.log`, 'w');
    const stdio = ['ignore', log, log];
    const options = { cwd: folder, stdio, detached: true, env: { ...env, ...more } };
    this.process = spawn(program, args, options);
    closeSync(log);
  }

  /** It and all that it has started. */
  pids() {
    const parents = new Map();
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        parents.set(Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]));
      } catch {
        // It has gone.
      }
    }
    const all = [this.process.pid];
    for (const pid of all) {
      for (const [child, parent] of parents) if (parent === pid) all.push(child);
    }
    return all;
  }

  /** MB, with shared pages divided among those that have them. */
  memory() {
    const rollup = (pid) => readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    const pss = (pid) => /^Pss:\s+(\d+) kB/m.exec(rollup(pid));
    return this.pids().reduce((sum, pid) => sum + Number(pss(pid)?.[1] ?? 0) / 1024, 0);
  }

  /** Seconds of processors, of all processes that are there. */
  used() {
    const ticks = (pid) => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(fields[11]) + Number(fields[12]);
    };
    return this.pids().reduce((sum, pid) => sum + ticks(pid), 0) / 100;
  }

  async open() {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.connect();
      } catch (error) {
        const log = `${folder}/${this.name}.log`;
        if (tries > 300) throw new Error(`${this.name} does not answer (${error}): see ${log}`);
        await sleep(200);
      }
    }
  }

  connect() {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(this.url);
      socket.on('error', reject);
      socket.on('open', () => resolve(new Client(this, socket)));
    });
  }

  async measureAlone() {
    const client = await this.open();
    const before = this.used();
    const end = performance.now() + 30_000;
    for (let count = 0; count < ALONE && performance.now() < end; count += 1) {
      await client.ask(this.alone);
    }
    this.cpu += this.used() - before;
    client.socket.close();
    this.progress('alone');
  }

  progress(what) {
    const { alone, together, sent, lost } = this;
    const answered = `${alone.length} and ${together.length} answered`;
    console.error(`${this.name}, ${what}: ${answered}, ${lost} of ${sent} lost`);
  }

  async measureTogether() {
    const clients = [];
    for (let count = 0; count < CLIENTS; count += 1) clients.push(await this.open());
    const [begin, before] = [performance.now(), this.together.length];
    const end = begin + SECONDS * 1000;
    const ask = async (client) => {
      while (performance.now() < end) await client.ask(this.together);
    };
    await Promise.all(clients.map(ask));
    this.rates.push(((this.together.length - before) / (performance.now() - begin)) * 1000);
    this.processes = Math.max(this.processes ?? 0, this.pids().length);
    this.pss = Math.max(this.pss ?? 0, this.memory());
    for (const client of clients) client.socket.close();
    this.progress('together');
    await sleep(1000);
  }

  async end() {
    const pids = this.pids();
    try {
      process.kill(-this.process.pid, 'SIGINT');
      await Promise.race([new Promise((ended) => this.process.on('exit', ended)), sleep(8000)]);
    } finally {
      for (const pid of pids) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has gone.
        }
      }
    }
  }
}

class Client {
  #waits = new Map();
  #next = 0;

  constructor(gateway, socket) {
    this.gateway = gateway;
    this.socket = socket;
    socket.on('message', (text) => this.#waits.get(String(text))?.());
    // Lost, then.
    socket.on('error', () => {});
  }

  /** A round trip; its milliseconds go into the list unless it is lost. */
  ask(times) {
    this.#next += 1;
    this.gateway.sent += 1;
    const data = `message ${this.#next}`;
    const begin = performance.now();
    return new Promise((resolve) => {
      const done = (isLost) => {
        clearTimeout(timer);
        this.#waits.delete(data);
        if (isLost) this.gateway.lost += 1;
        else times.push(performance.now() - begin);
        resolve();
      };
      const timer = setTimeout(done, LOST, true);
      this.#waits.set(data, () => done(false));
      if (this.socket.readyState === WebSocket.OPEN) {
        this.socket.send(JSON.stringify({ action: 'sendmessage', data }));
      }
    });
  }
}

const quantile = (times, part) => {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
};

async function start() {
  const [ours, theirs] = [await freePort(), await freePort()];
  const version = execFileSync(env.GATESPEC, ['--version'], { encoding: 'utf8' });
  const serve = ['serve', '--port', `${ours}`, 'template.yaml'];
  serve.push('--parameter', `Endpoint=http://localhost:${ours}/dev`);
  const packages = `${folder}/node_modules`;
  const offline = JSON.parse(readFileSync(`${packages}/serverless-offline/package.json`));
  const settings = {
    WEBSOCKET_PORT: theirs,
    HTTP_PORT: await freePort(),
    LAMBDA_PORT: await freePort(),
    SLS_TELEMETRY_DISABLED: '1',
    SLS_NOTIFICATIONS_MODE: 'off',
  };
  const urls = [`ws://localhost:${ours}/dev`, `ws://localhost:${theirs}`];
  const run = [`${packages}/.bin/serverless`, 'offline'];
  return [
    new Gateway('gatespec', version.trim().split(' ').at(-1), urls[0], env.GATESPEC, serve, {}),
    new Gateway('serverless-offline', offline.version, urls[1], process.execPath, run, settings),
  ];
}

function print([ours, theirs], load) {
  const rows = [
    ['one client, p50, ms', (it) => quantile(it.alone, 0.5), 2],
    ['one client, p99, ms', (it) => quantile(it.alone, 0.99), 2],
    ['one client, processor time a message, ms', (it) => (it.cpu / it.alone.length) * 1000, 2],
    [`${CLIENTS} clients, messages a second (median)`, (it) => quantile(it.rates, 0.5), 0],
    [`${CLIENTS} clients, p50, ms`, (it) => quantile(it.together, 0.5), 1],
    [`${CLIENTS} clients, p99, ms`, (it) => quantile(it.together, 0.99), 1],
    ['messages sent', (it) => it.sent, 0],
    ['messages lost', (it) => it.lost, 0],
    ['memory of all processes (PSS), MB', (it) => it.pss, 0],
    ['processes', (it) => it.processes, 0],
  ];
  const names = [ours, theirs].map(({ name, version }) => `${name} ${version}`).join(' | ');
  console.log(`| | ${names} | ratio |\n| --- | --- | --- | --- |`);
  for (const [name, of, digits] of rows) {
    const [a, b] = [of(ours), of(theirs)];
    const ratio = name.startsWith('messages') ? '' : (a / b).toFixed(2);
    console.log(`| ${name} | ${a.toFixed(digits)} | ${b.toFixed(digits)} | ${ratio} |`);
  }
  const model = os.cpus()[0]?.model ?? 'unknown';
  const loads = load.map((all) => all[0].toFixed(1)).join(', ');
  console.log(
    `\n${os.cpus().length} processors (${model}), Node ${process.version}, ${ROUNDS} rounds of ` +
      `${ALONE} messages and ${SECONDS} s each; load before and after: ${loads}`,
  );
}

const load = [os.loadavg()];
const gateways = await start();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    for (const gateway of gateways) await gateway.end();
    process.exit(1);
  });
}
try {
  // Both are warm before anything counts.
  for (const gateway of gateways) {
    const client = await gateway.open();
    for (let count = 0; count < 100; count += 1) await client.ask([]);
    client.socket.close();
    await gateway.measureTogether();
    Object.assign(gateway, { sent: 0, lost: 0, cpu: 0, alone: [], together: [], rates: [] });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = round % 2 ? [...gateways].reverse() : gateways;
    for (const gateway of order) await gateway.measureAlone();
    for (const gateway of order) await gateway.measureTogether();
  }
  load.push(os.loadavg());
  print(gateways, load);
} finally {
  for (const gateway of gateways) await gateway.end();
}
