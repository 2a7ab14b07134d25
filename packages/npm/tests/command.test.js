'use strict';

// The command is the program: its output, its exit code, the signals that it gets and ends by.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const readline = require('node:readline');
const { test } = require('node:test');
const { COMMAND, STACK, connect, isGone, run, script } = require('./support.js');

const SERVE = ['serve', '--port', '0', '--ready', 'json', STACK];

/** The command at work, and its ready line. */
async function serving() {
  const child = spawn(COMMAND, SERVE, { stdio: ['pipe', 'pipe', 'ignore'] });
  const [line] = await once(readline.createInterface(child.stdout), 'line');
  return { child, ...JSON.parse(line) };
}

test("standard input and output, and the exit code, are the program's", async () => {
  const version = await run(COMMAND, ['--version']);
  assert.match(version.out, /^gatespec \d+\.\d+\.\d+\n$/);
  assert.equal(version.code, 0);
  const wrong = await run(COMMAND, ['nope']);
  assert.match(wrong.error, /unrecognized subcommand 'nope'/);
  assert.equal(wrong.code, 2);
  const served = await run(COMMAND, [...SERVE, '--clock', '0'], { input: 'advance 600\n' });
  assert.match(served.out, /\nnow 600000\n$/);
  assert.equal(served.code, 0);
});

for (const signal of ['SIGTERM', 'SIGHUP']) {
  test(`${signal} ends the gateway`, async () => {
    const { child, ws } = await serving();
    child.kill(signal);
    assert.deepEqual(await once(child, 'close'), [0, null]);
    await isGone(ws);
  });
}

test('Ctrl-C under npm, which sends it twice, closes connections in an orderly way', async () => {
  const { child, ws } = await serving();
  const client = await connect(ws);
  const closed = once(client, 'close');
  child.kill('SIGINT');
  child.kill('SIGINT');
  const [code] = await closed;
  assert.equal(code, 1001);
  assert.deepEqual(await once(child, 'close'), [0, null]);
});

test('it ends by the signal that the program ends by', async (t) => {
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGQUIT']) {
    const program = script(t, `kill -${signal.slice(3)} $$; read line`);
    const ended = await run(COMMAND, [], { env: { ...process.env, GATESPEC_BINARY: program } });
    assert.equal(ended.signal, signal);
  }
});
