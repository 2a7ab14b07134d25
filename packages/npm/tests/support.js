'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { WebSocket } = require('ws');

/** The stack that is served. */
const STACK = path.join(__dirname, 'stack/template.yaml');
/** The command, as npm links it. */
const COMMAND = path.join(__dirname, '../node_modules/.bin/gatespec');

async function connect(url) {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return socket;
}

async function ask(socket, text) {
  socket.send(text);
  const [answer] = await once(socket, 'message');
  return String(answer);
}

/** Waits until nobody listens at a URL any more. The runner has a time limit for that. */
async function isGone(url) {
  const { hostname, port } = new URL(url);
  for (;;) {
    const socket = net.connect(Number(port), hostname);
    const error = await once(socket, 'connect').then(
      () => undefined,
      (thrown) => thrown,
    );
    socket.destroy();
    if (error?.code === 'ECONNREFUSED') return;
    await setTimeout(20);
  }
}

/** Runs a program to its end: `{code, signal, out, error}`. */
async function run(command, list, { input = '', ...options } = {}) {
  const child = spawn(command, list, options);
  child.stdin.on('error', () => {}).end(input);
  const said = { out: '', error: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (said.error += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, ...said };
}

/** A folder of its own, which goes with the test. */
function folder(test) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'gatespec-test-'));
  test.after(() => fs.rmSync(made, { recursive: true }));
  return made;
}

/** A program in place of gatespec. */
function script(test, text) {
  const file = path.join(folder(test), 'program');
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
}

module.exports = { COMMAND, STACK, ask, connect, folder, isGone, run, script };
