// The npm package as people use it: packed with the program of this run, installed into empty
// folders without a compiler on the PATH, serving a Node and a Python stack; its own tests, its
// types, and the examples' tests by node's runner and by Vitest.
//
// Arguments: the program; the folder of npm's packages; the virtual environment; where to work.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { blocks, runCommands, writeProgram } from './docs.mjs';

const ROOT = path.join(import.meta.dirname, '../..');
/** From the end of the installation to the first reply, in milliseconds. */
const FIRST_REPLY = 10_000;
const TEN_MINUTES = 'who says nothing for ten minutes is disconnected';
/** No script of a package is run, and nobody is asked for the programs of other platforms. */
const NPMRC = `
ignore-scripts=true
audit=false
fund=false
loglevel=error
@gatespec:registry=http://127.0.0.1:9/
fetch-retry-mintimeout=200
fetch-retry-maxtimeout=1000
`;

const [program, packages, environment, work] = process.argv
  .slice(2)
  .map((name) => path.resolve(name));
assert.ok(work, 'usage: npm.mjs PROGRAM NODE_MODULES VENV WORK');
const { WebSocket } = createRequire(path.join(packages, 'index.js'))('ws');

/** Only what npm needs: no cargo, no compiler. */
function toolsOnly() {
  const folder = path.join(work, 'bin');
  fs.mkdirSync(folder);
  for (const name of ['node', 'npm', 'npx', 'sh']) {
    const at = process.env.PATH.split(':').map((entry) => path.join(entry, name));
    const found = at.find((file) => fs.existsSync(file));
    assert.ok(found, `${name} is not on the PATH`);
    fs.symlinkSync(fs.realpathSync(found), path.join(folder, name));
  }
  return folder;
}

/** Runs a command to its end; what it wrote, if it succeeds. */
function run(cwd, command, ...list) {
  const ended = spawnSync(command, list, { cwd, env: ENV, encoding: 'utf8', timeout: 300_000 });
  if (ended.status !== 0) {
    const how = ended.error ?? ended.signal ?? `exit code ${ended.status}`;
    throw new Error(`${command} ${list.join(' ')}: ${how}\n${ended.stdout}${ended.stderr}`);
  }
  return ended.stdout;
}

function emptyFolder(name) {
  const folder = path.join(work, name);
  fs.mkdirSync(folder);
  return folder;
}

/** A copy of an example, with the packages of its functions where its README installs them. */
function example(name) {
  const folder = path.join(work, name);
  const own = (file) => !/node_modules|\.venv/.test(file);
  fs.cpSync(path.join(ROOT, 'examples', name), folder, { recursive: true, filter: own });
  fs.symlinkSync(packages, path.join(folder, 'src/node_modules'));
  fs.symlinkSync(environment, path.join(folder, '.venv'));
  return folder;
}

/** Installs the tarballs into an empty folder and serves a stack: the time to the first reply. */
async function firstReply(name, stack) {
  const folder = emptyFolder(name);
  run(folder, 'npm', 'install', '--offline', ...TARBALLS);
  const installed = performance.now();
  const list = ['gatespec', 'serve', '--port', '0', '--ready', 'json', stack];
  // A process group of its own, as a terminal makes it.
  const child = spawn('npx', list, {
    cwd: folder,
    env: ENV,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text) => (log += text));
  const ended = once(child, 'close');
  const lines = readline.createInterface(child.stdout);
  const [ready] = await Promise.race([once(lines, 'line'), ended.then(() => assert.fail(log))]);
  const client = new WebSocket(JSON.parse(ready).ws, { headers: { token: 'hello' } });
  const closed = once(client, 'close');
  await once(client, 'open');
  client.send(JSON.stringify({ action: 'sendmessage', message: 'hey queen' }));
  const [reply] = await once(client, 'message');
  const took = performance.now() - installed;
  assert.match(String(reply), /"hey queen"/);
  assert.ok(
    took < FIRST_REPLY,
    `the first reply came ${took.toFixed(0)} ms after the installation`,
  );
  console.log(`${name}: first reply ${took.toFixed(0)} ms after the installation`);
  // Ctrl-C: the terminal sends it to all of the group, and npm sends it on.
  process.kill(-child.pid, 'SIGINT');
  const [code] = await closed;
  assert.equal(code, 1001, log);
  await ended;
  assert.doesNotMatch(log, /asked twice/);
  console.log(`${name}: Ctrl-C under npx closes connections with 1001`);
}

/** What npm compares with the repository whose workflow publishes. */
function repository() {
  const modules = path.join(work, 'a stack in Node/node_modules');
  const program = `@gatespec/${process.platform}-${process.arch}`;
  for (const name of ['gatespec', program]) {
    const manifest = JSON.parse(fs.readFileSync(path.join(modules, name, 'package.json'), 'utf8'));
    const url = 'git+https://github.com/owner/name.git';
    assert.deepEqual(manifest.repository, { type: 'git', url });
  }
}

/** `npm install --omit=optional` leaves the program out: what people then read. */
function withoutProgram() {
  const folder = emptyFolder('without');
  const main = TARBALLS.find((file) => path.basename(file).startsWith('gatespec-0'));
  run(folder, 'npm', 'install', '--offline', '--omit=optional', main);
  const ended = spawnSync('npx', ['gatespec', 'serve'], {
    cwd: folder,
    env: ENV,
    encoding: 'utf8',
  });
  assert.equal(ended.status, 3);
  assert.match(
    ended.stderr,
    /^error: the package `@gatespec\/[a-z0-9-]+`, .* run `npm install` again, without/,
  );
  console.log(`without the program: ${ended.stderr.trim()}`);
}

/** npm for whom the package is published: what would ask for it gets the tarballs. */
function asIfPublished() {
  const folder = emptyFolder('published');
  const npm = path.join(ENV.PATH, 'npm');
  const script = `#!/bin/sh
case "$*" in
  'install --save-dev gatespec') exec ${npm} install --save-dev ${TARBALLS.join(' ')};;
  install) exec ${npm} install --no-save ${TARBALLS.join(' ')};;
  *) exec ${npm} "$@";;
esac
`;
  fs.writeFileSync(path.join(folder, 'npm'), script, { mode: 0o755 });
  return { ...ENV, PATH: `${folder}:${ENV.PATH}` };
}

/** Does what a page says, in a folder like this repository's; its programs belong to an example. */
async function page(name, chat, env) {
  let cwd = path.join(work, 'repository');
  const programs = [];
  for (const { language, text } of blocks(path.join(ROOT, 'docs', name))) {
    if (language === 'sh') cwd = await runCommands(text, { cwd, env });
    if (language === 'js' || language === 'ts') programs.push(writeProgram(text, chat));
  }
  // Vitest's are run by the page's own `npm test`.
  const nodes = programs.filter((program) => program?.endsWith('.mjs'));
  run(chat, 'node', '--test', '--test-timeout', '60000', ...nodes);
  console.log(
    `docs/${name}: the commands run as printed, and its programs pass: ${programs.join(', ')}`,
  );
}

/** The pages' commands and programs; the folder of the example in which they ran. */
async function pages() {
  const chat = path.join(work, 'repository/examples/chat-node');
  fs.mkdirSync(path.dirname(chat), { recursive: true });
  fs.renameSync(example('chat-node'), chat);
  for (const linked of ['src/node_modules', '.venv']) fs.unlinkSync(path.join(chat, linked));
  const env = asIfPublished();
  await page('node.md', chat, env);
  await page('tests.md', chat, env);
  return chat;
}

/** Installs an example's packages, with the tarballs for the package that is not published here. */
function installed(name) {
  const folder = example(name);
  run(folder, 'npm', 'install', '--no-save', ...TARBALLS);
  return folder;
}

/** Runs an example's tests; how long the one took that waits for ten minutes. */
function waited(name, milliseconds) {
  assert.ok(milliseconds < 1000, `${name}: ten minutes took ${milliseconds} ms`);
  console.log(`examples/${name}: its tests pass, ten minutes take ${Math.round(milliseconds)} ms`);
}

function vitest(folder) {
  const report = path.join(folder, 'report.json');
  run(
    folder,
    'npm',
    'test',
    '--',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  );
  const tests = JSON.parse(fs.readFileSync(report, 'utf8')).testResults.flatMap(
    (file) => file.assertionResults,
  );
  waited('chat-node', tests.find((test) => test.title === TEN_MINUTES).duration);
  run(folder, 'npx', 'tsc', '-p', '.');
  console.log('examples/chat-node: the types of its tests are right');
}

function nodeRunner(folder) {
  const said = run(folder, 'npm', 'test');
  // TAP in a pipe, or the runner's own format in newer versions.
  const found = new RegExp(`${TEN_MINUTES}(?: \\(|\\s+---\\s+duration_ms: )([\\d.]+)`).exec(said);
  assert.ok(found, said);
  waited('pattern-node', Number(found[1]));
}

/** The package's own tests, beside the package as it was installed. */
function own(folder, typescript) {
  const tests = path.join(folder, 'tests');
  fs.cpSync(path.join(ROOT, 'packages/npm/tests'), tests, { recursive: true });
  fs.symlinkSync(path.join(packages, 'ws'), path.join(folder, 'node_modules/ws'));
  for (const name of ['@types', 'undici-types']) {
    fs.symlinkSync(path.join(typescript, name), path.join(folder, 'node_modules', name));
  }
  const said = run(folder, 'node', '--test', '--test-timeout', '60000', 'tests/');
  console.log(`the package's own tests: ${/pass (\d+)/.exec(said)[1]} pass`);
  const tsc = path.join(typescript, '.bin/tsc');
  run(folder, tsc, '-p', 'tests');
  for (const how of [
    ['node10', 'commonjs'],
    ['bundler', 'esnext'],
    ['node16', 'node16'],
  ]) {
    const [resolution, module] = how;
    const options = ['--strict', '--noEmit', '--target', 'es2022', '--types', 'node'];
    run(
      folder,
      tsc,
      ...options,
      '--moduleResolution',
      resolution,
      '--module',
      module,
      'tests/types.ts',
    );
  }
  console.log('its types are right by `tsc --strict`, for every way to resolve modules');
}

fs.rmSync(work, { recursive: true, force: true });
fs.mkdirSync(work, { recursive: true });
const userconfig = path.join(work, 'npmrc');
fs.writeFileSync(userconfig, NPMRC);
const ENV = { ...process.env, npm_config_userconfig: userconfig, PATH: toolsOnly() };
const out = emptyFolder('packed');
const packed = spawnSync('node', [path.join(ROOT, 'packages/npm/pack.mjs'), program, out], {
  env: { ...process.env, GITHUB_REPOSITORY: 'owner/name', GITHUB_SERVER_URL: 'https://github.com' },
  stdio: 'inherit',
});
assert.equal(packed.status, 0);
const TARBALLS = fs.readdirSync(out).map((file) => path.join(out, file));

await firstReply('a stack in Node', example('pattern-node'));
await firstReply('a stack in Python', example('pattern-python'));
repository();
withoutProgram();
fs.rmSync(path.join(work, 'pattern-node'), { recursive: true });
const chat = await pages();
vitest(chat);
nodeRunner(installed('pattern-node'));
own(path.join(work, 'a stack in Node'), path.join(chat, 'node_modules'));
