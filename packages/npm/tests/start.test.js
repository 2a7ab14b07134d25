'use strict';

// `start` and what it gives.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { pathToFileURL } = require('node:url');
const { GatespecError, start } = require('gatespec');
const { STACK, ask, connect, folder, isGone, run, script } = require('./support.js');

/** A copy of the template that a test may change. */
function copied(t) {
  const file = path.join(folder(t), 'template.yaml');
  fs.copyFileSync(STACK, file);
  return file;
}

function change(file, from, to) {
  const text = fs.readFileSync(file, 'utf8');
  assert.ok(text.includes(from));
  fs.writeFileSync(file, text.replace(from, to));
}

describe('a gateway', () => {
  const otherNode = fs.mkdtempSync(path.join(os.tmpdir(), 'gatespec-test-'));
  fs.symlinkSync('/bin/false', path.join(otherNode, 'node'));
  after(() => fs.rmSync(otherNode, { recursive: true }));

  let api;
  before(async () => {
    // Functions run on this Node, and not on what is called `node`.
    const { PATH } = process.env;
    process.env.PATH = `${otherNode}:${PATH}`;
    const starting = start(pathToFileURL(STACK), {
      clock: new Date(5000),
      envVars: { Echo: { WHO: 'me' } },
      parameters: { Greeting: ['good', 'day'] },
    });
    process.env.PATH = PATH;
    api = await starting;
  });
  after(() => api?.close());

  test('has the addresses of all that it serves', () => {
    const at = (protocol, stage) => new RegExp(`^${protocol}://127\\.0\\.0\\.1:\\d+${stage}$`);
    assert.match(api.wsUrl, at('ws', '/test'));
    assert.match(api.managementUrl, at('http', '/test'));
    assert.match(api.dynamodbUrl, at('http', ''));
    assert.ok(fs.readFileSync(api.ca, 'utf8').startsWith('-----BEGIN CERTIFICATE-----'));
    assert.equal(api.tables.length, 1);
    assert.deepEqual([api.apiKeys, api.customDomains], [{}, []]);
    assert.equal(api.ready.ws, api.wsUrl);
  });

  test('has functions with these parameters and variables, on this Node', async () => {
    const socket = await connect(api.wsUrl);
    assert.equal(await ask(socket, 'hi'), `good+day me: hi, on ${process.execPath}`);
    assert.match(await api.waitForLog('heard hi'), /^Echo.*INFO\theard hi$/);
    assert.match(await api.waitForLog(/REPORT RequestId: .*Max Memory Used/), /^Echo/);
    // The chosen route: the log explains decisions unless it is told not to.
    assert.ok(
      api.logs.some((line) => line.includes('$default')),
      api.logs.join('\n'),
    );
    socket.close();
  });

  test('waits for lines behind those that are known', async () => {
    await assert.rejects(api.waitForLog('nobody says that', { timeout: 0.05 }), {
      name: 'GatespecError',
      message: /^no line with `nobody says that` in the log within 0\.05 s:\n/,
    });
    const socket = await connect(api.wsUrl);
    await ask(socket, 'again');
    const first = await api.waitForLog('heard again');
    const next = api.waitForLog('heard again', { after: api.logs.length });
    await ask(socket, 'again');
    assert.notEqual(await next, first);
    socket.close();
  });

  test('waits for the end of functions', async () => {
    const socket = await connect(api.wsUrl);
    await api.settle();
    const after = api.logs.length;
    socket.send('slowly');
    await api.waitForLog('heard slowly');
    await assert.rejects(
      api.settle({ timeout: 0.01 }),
      /^GatespecError: a function is still at work after 0\.01 s:\n/,
    );
    await api.settle();
    assert.ok(
      api.logs.slice(after).some((line) => line.includes('REPORT')),
      api.logs.slice(after).join('\n'),
    );
    socket.close();
  });

  test('lets time pass, also for several who ask at once', async () => {
    assert.equal(await api.advance(0), 5000);
    const quiet = await connect(api.wsUrl);
    const closed = once(quiet, 'close');
    assert.equal(await api.advance(600), 605_000);
    const [code] = await closed;
    assert.equal(code, 1001);
    const all = await Promise.all([1, 0.029, 1e-7, 2].map((seconds) => api.advance(seconds)));
    assert.deepEqual(all, [606_000, 606_029, 606_029, 608_029]);
    for (const wrong of [-1, NaN, Infinity, '1']) {
      await assert.rejects(api.advance(wrong), /is not a number of seconds/);
    }
  });
});

test('a changed template is applied; one with mistakes is shown, and the old one is served', async (t) => {
  const file = copied(t);
  const api = await start(file);
  t.after(() => api.close());
  const socket = await connect(api.wsUrl);
  change(file, 'WHO: nobody', 'WHO: somebody');
  assert.match(await api.apply(), /Echo/);
  assert.match(await ask(socket, 'hi'), /^hello somebody: hi/);
  change(file, 'FunctionName: !Ref Echo', 'FunctionName: !Ref Ekko');
  const error = await api.apply().catch((thrown) => thrown);
  assert.ok(error instanceof GatespecError);
  assert.match(error.message, /there is no parameter or resource `Ekko`/);
  assert.match(error.message, new RegExp(`${file}:\\d+:\\d+`));
  assert.equal(error.exitCode, null);
  assert.match(await ask(socket, 'hi'), /^hello somebody: hi/);
});

test("what does not start says why, in the gateway's words", async (t) => {
  const failure = (...args) =>
    start(...args).then(
      () => assert.fail('it started'),
      (error) => error,
    );
  const missing = await failure('nowhere.yaml');
  assert.match(missing.message, /^the gateway has ended \(exit code 2\):\nerror: .*nowhere\.yaml/s);
  assert.deepEqual([missing.name, missing.exitCode], ['GatespecError', 2]);
  assert.ok(missing.logs.some((line) => line.includes('nowhere.yaml')));

  const file = copied(t);
  change(file, 'FunctionName: !Ref Echo', 'FunctionName: !Ref Ekko');
  const wrong = await failure(file);
  assert.match(wrong.message, /`Ekko`\n +--> .*template\.yaml:\d+:\d+/);

  const api = await start(STACK);
  t.after(() => api.close());
  const { port } = new URL(api.wsUrl);
  const taken = await failure(STACK, { port: Number(port) });
  assert.match(taken.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
  assert.equal(taken.exitCode, 3);

  assert.match(
    (await failure(STACK, { parameter: {} })).message,
    /`parameter` is not an option .* parameters/,
  );
  assert.match((await failure(STACK, { clock: 'now' })).message, /`clock` takes .*, not `'now'`/);
  assert.match((await failure(STACK, { parameters: { Greting: 1 } })).message, /Greting/);
  assert.match((await failure(STACK, { arguments: ['--nope'] })).message, /--nope/);
  assert.match(
    (await failure(STACK, { timeout: 0 })).message,
    /not ready after 0 s \(the option `timeout`\)/,
  );
});

test('what is no value of an option is named, and nothing is started', async () => {
  const wrong = [
    [{ arguments: '--verbose' }, "`arguments` takes an array, not `'--verbose'`"],
    [{ parameters: null }, '`parameters` takes an object, not `null`'],
    [{ endpoints: ['sqs'] }, "`endpoints` takes an object, not `[ 'sqs' ]`"],
    [{ runtimes: 'x' }, "`runtimes` takes an object, not `'x'`"],
    [{ envVars: 7 }, '`envVars` takes an object or the path of a file, not `7`'],
    [{ stage: null }, '`stage` takes a string, not `null`'],
    [{ port: '80a' }, "`port` takes a whole number, not `'80a'`"],
    [{ build: 'no' }, "`build` takes `true` or `false`, not `'no'`"],
    [{ timeout: NaN }, '`timeout` takes a number of seconds, not `NaN`'],
    [null, '`start` takes an object of options, not `null`'],
    ['--verbose', "`start` takes an object of options, not `'--verbose'`"],
  ];
  for (const [options, message] of wrong) {
    await assert.rejects(start(STACK, options), { name: 'GatespecError', message });
  }
  await assert.rejects(start(null), /^GatespecError: `start` takes the path of a template/);
});

test('an object of variables is a private file for as long as the gateway runs', async (t) => {
  const [file, temporary, { TMPDIR }] = [copied(t), folder(t), process.env];
  process.env.TMPDIR = temporary;
  t.after(() => (TMPDIR === undefined ? delete process.env.TMPDIR : (process.env.TMPDIR = TMPDIR)));
  const variables = { envVars: { Echo: { WHO: 'me' } } };
  const api = await start(file, { ...variables, arguments: ['--watch'] });
  t.after(() => api.close());
  const socket = await connect(api.wsUrl);
  const before = api.logs.length;
  change(file, 'Default: hello', 'Default: good day');
  await api.waitForLog('reloaded', { after: before });
  assert.match(await ask(socket, 'hi'), /^good day me: hi/);
  const all = () => fs.readdirSync(temporary, { recursive: true });
  const files = () => all().filter((name) => path.basename(name) === 'variables.json');
  const [made] = files();
  const text = path.join(temporary, made);
  assert.deepEqual(JSON.parse(fs.readFileSync(text, 'utf8')), variables.envVars);
  assert.equal(fs.statSync(text).mode & 0o777, 0o600);
  await api.close();
  await assert.rejects(start(path.join(temporary, 'none.yaml'), variables), GatespecError);
  const script = `require('gatespec').start(${JSON.stringify(STACK)}, ${JSON.stringify(variables)})
    .then(() => process.exit())`;
  assert.equal((await run(process.execPath, ['-e', script], { cwd: __dirname })).code, 0);
  assert.deepEqual(files(), []);
});

test("time passes by itself where the clock is the system's", async (t) => {
  const data = path.join(folder(t), 'tables.db');
  const options = [{ clock: 'system' }, { data }, { arguments: ['--require-signatures'] }];
  for (const option of options) {
    const api = await start(STACK, option);
    await assert.rejects(api.advance(1), /needs a frozen clock/);
    await api.close();
  }
  const api = await start(STACK, { arguments: ['--clock', '7000'], clock: undefined });
  assert.equal(await api.advance(1), 8000);
  await api.close();
});

test('an access log on standard output is in the log, between answers', async (t) => {
  const file = copied(t);
  const format = '"now $context.requestId"';
  change(
    file,
    'AutoDeploy: true}',
    `AutoDeploy: true, AccessLogSettings: {DestinationArn: "arn:aws:logs:us-east-1:0:x", Format: ${format}}}`,
  );
  const api = await start(file, { arguments: ['--access-log', '-'], clock: 0 });
  t.after(() => api.close());
  const socket = await connect(api.wsUrl);
  await ask(socket, 'hi');
  await api.waitForLog(/^now .*=$/);
  assert.equal(await api.advance(1), 1000);
});

test('close ends it once, with a complete log, and what comes after fails', async () => {
  const api = await start(STACK);
  const socket = await connect(api.wsUrl);
  const closed = once(socket, 'close');
  await ask(socket, 'hi');
  await Promise.all([api.close(), api.close(), api[Symbol.asyncDispose]()]);
  const [code] = await closed;
  assert.equal(code, 1001);
  assert.ok(
    api.logs.some((line) => /REPORT RequestId/.test(line)),
    api.logs.join('\n'),
  );
  await isGone(api.wsUrl);
  await assert.rejects(api.advance(1), { message: 'the gateway has ended', exitCode: 0 });
  await assert.rejects(api.waitForLog('never'), /no line with `never`/);
});

const FOR_EVER = 'while :; do read line; done';

/** Takes the place of gatespec for a test: a shell script that is ready, and goes on until it ends. */
function inItsPlace(t, text, atTheEnd = 'exit 0') {
  const ready = JSON.stringify({
    ws: 'ws://127.0.0.1:1/x',
    tables: [],
    api_keys: {},
    custom_domains: [],
  });
  process.env.GATESPEC_BINARY = script(t, `trap '${atTheEnd}' TERM\necho '${ready}'\n${text}`);
  t.after(() => delete process.env.GATESPEC_BINARY);
}

test('a gateway that has failed says so', async (t) => {
  inItsPlace(t, `read line; echo 'error: it broke' >&2; exit 3`);
  const api = await start(STACK);
  const failed = { message: 'the gateway has ended (exit code 3):\nerror: it broke', exitCode: 3 };
  await assert.rejects(api.advance(1), failed);
  await assert.rejects(api.advance(1), failed);
  await assert.rejects(api.close(), failed);
});

test('a gateway that does not answer is no reason to hang', async (t) => {
  inItsPlace(t, FOR_EVER);
  const api = await start(STACK, { timeout: 5 });
  const late = /^GatespecError: no answer to `apply` within 5 s:/;
  await Promise.all([
    assert.rejects(api.settle({ timeout: 0.1 }), /still at work after 0\.1 s/),
    assert.rejects(api.apply(), late),
    assert.rejects(api.advance(3), /no answer to `advance 3` within 5 s/),
  ]);
  // Its standard input is read by nobody.
  const began = performance.now();
  await api.close();
  assert.ok(performance.now() - began < 5000);
});

test('the log is complete after close, however much it says at last', async (t) => {
  const says = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "line $i"; done >&2; exit 0';
  inItsPlace(t, FOR_EVER, says);
  const api = await start(STACK);
  await api.close();
  assert.equal(api.logs.length, 20_000);
  assert.equal(api.logs.at(-1), 'line 20000');
});

// However a test ends, its gateway ends with it; and a gateway that nobody closes keeps no test
// from ending.
const ENDS = {
  'returns without closing': ['', 0],
  throws: [`throw new Error('x')`, 1],
  'calls process.exit': ['process.exit(7)', 7],
  'is killed': [
    `process.kill(process.pid, 'SIGKILL'); await new Promise(() => setInterval(() => {}, 1000))`,
    null,
  ],
};
for (const [name, [how, expected]] of Object.entries(ENDS)) {
  test(`no gateway is left when the test ${name}`, async () => {
    const text = `require('gatespec').start(${JSON.stringify(STACK)}).then(async (api) => {
      console.log(api.wsUrl); ${how} })`;
    const { code, out } = await run(process.execPath, ['-e', text], { cwd: __dirname });
    assert.equal(code, expected);
    await isGone(out.trim());
  });
}

test('a gateway whose test ends while it starts does not stay', async () => {
  const text = `require('gatespec').start(${JSON.stringify(STACK)}, { port: +process.argv[1] }); setTimeout(() => process.exit(), 20)`;
  const api = await start(STACK);
  await api.close();
  const { port } = new URL(api.wsUrl);
  await run(process.execPath, ['-e', text, port], { cwd: __dirname });
  await isGone(api.wsUrl);
});

test('ES modules and CommonJS share it', async () => {
  const module = await import('gatespec');
  assert.deepEqual(Object.keys(module).sort(), ['GatespecError', 'start']);
  assert.equal(module.start, start);
  assert.equal(module.GatespecError, GatespecError);
});
