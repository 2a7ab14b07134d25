// Plays Lambda's Runtime API to our bootstrap for Node and to AWS's own clients, with the same
// handlers, and writes what each did: snapshots/runtimes/nodejs.md. Fails if that differs from the
// committed page, or if ours differs from AWS's without a reason in the table of handlers.
//
//   node .ci/runtimes/nodejs.mjs [--update] [--only TEXT]     GATESPEC_RIC=FOLDER with both packages
//
// AWS's JavaScript is unpacked from npm and not installed: its native client (C++) is replaced by
// rapid-client.cjs, and that is all that is.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { cases } from './nodejs.cases.mjs';

const here = import.meta.dirname;
const root = path.resolve(here, '../..');
const page = path.join(root, 'snapshots/runtimes/nodejs.md');
const only = process.argv[process.argv.indexOf('--only') + 1];
const update = process.argv.includes('--update');
const work = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'gatespec-runtimes-')));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

const flags = ['--no-experimental-require-module', '--no-experimental-detect-module'];
const ours = path.join(root, 'gateway/src/runtime/nodejs/index.mjs');
const targets = [
  { name: 'ours', generation: 'classic', runtime: 'nodejs22.x', args: [...flags, ours] },
  { name: '3.3.0', generation: 'classic', runtime: 'nodejs22.x', args: [...flags, ric('3.3.0')] },
  { name: 'ours', generation: 'modern', runtime: 'nodejs24.x', args: [ours] },
  { name: '4.0.2', generation: 'modern', runtime: 'nodejs24.x', args: [ric('4.0.2')] },
];

/** Unpacks AWS's client, and gives the file to run. */
function ric(version) {
  const folder = path.join(process.env.GATESPEC_RIC ?? path.join(root, 'target/ci/ric'), version);
  if (!fs.existsSync(path.join(folder, 'package'))) {
    fs.mkdirSync(folder, { recursive: true });
    const options = { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' };
    execFileSync('npm', ['pack', '--silent', `aws-lambda-ric@${version}`], options);
    execFileSync('tar', ['xzf', `aws-lambda-ric-${version}.tgz`], options);
  }
  const main = version.startsWith('3') ? 'package/dist/index.mjs' : 'package/index.mjs';
  const file = path.join(folder, main);
  // Node takes any file of this name for native code: the preload lets it be JavaScript.
  const client = path.join(path.dirname(file), 'rapid-client.node');
  fs.copyFileSync(path.join(here, 'rapid-client.cjs'), client);
  const run = path.join(folder, 'run.mjs');
  fs.writeFileSync(
    run,
    `import Module from 'node:module';
     Module._extensions['.node'] = Module._extensions['.js'];
     const main = await import(${JSON.stringify(file)});
     await main.run?.(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);`,
  );
  return run;
}

function writeCode(one) {
  const folder = fs.mkdtempSync(path.join(work, 'code-'));
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  };
  write(one.file ?? 'app.mjs', one.code);
  Object.entries(one.files ?? {}).forEach(([name, text]) => write(name, text));
  const layer = path.join(folder, '.layer/node_modules');
  if (one.layer) write('.layer/node_modules/layered/index.js', `exports.name = 'layered';`);
  return { folder, layer };
}

/** Runs a case, and gives all that was seen from outside, a line each. */
async function run(target, one) {
  const { folder, layer } = writeCode(one);
  const seen = [];
  const events = [...(one.events ?? ['{}', '{}'])];
  let child;
  let count = 0;
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const route = request.url.replace('/2018-06-01/runtime/', '');
      if (route === 'invocation/next') return next(response);
      seen.push(...posted(route, request, Buffer.concat(chunks), folder));
      const answer = { 'Content-Type': 'application/json', 'Content-Length': 15 };
      response.writeHead(202, answer).end('{"status":"OK"}');
    });
  });
  const next = (response) => {
    if (events.length === 0) return setTimeout(() => child.kill('SIGTERM'), 30);
    count += 1;
    const event = events.shift();
    response.writeHead(200, {
      'Content-Length': Buffer.byteLength(event),
      'Content-Type': 'application/json',
      'Lambda-Runtime-Aws-Request-Id': `request-${count}`,
      'Lambda-Runtime-Deadline-Ms': String(Date.now() + 60_000),
      'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-east-1:1:function:f',
      'Lambda-Runtime-Trace-Id': `Root=1-${count}`,
    });
    response.end(event);
  };
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  child = spawn(process.execPath, target.args, {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      TZ: ':UTC',
      _HANDLER: one.handler ?? `${(one.file ?? 'app').replace(/\.\w+$/, '')}.handler`,
      LAMBDA_TASK_ROOT: folder,
      AWS_EXECUTION_ENV: `AWS_Lambda_${target.runtime}`,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${server.address().port}`,
      AWS_LAMBDA_FUNCTION_NAME: 'f',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_LAMBDA_LOG_GROUP_NAME: 'group',
      AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
      ...(one.layer && { NODE_PATH: `${layer}:${folder}` }),
      ...one.env,
    },
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (written[name] += text));
  }
  const patience = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [code, signal] = await new Promise((ended) => child.on('close', (...how) => ended(how)));
  clearTimeout(patience);
  server.closeAllConnections();
  server.close();
  const lines = written.stdout.split('\n').filter(Boolean);
  seen.push(...lines.map((line) => `stdout ${JSON.stringify(normal(line, folder))}`));
  // What Node itself says at a crash is not the runtime's.
  if (written.stderr.includes('err\n')) seen.push('stderr "err"');
  if (signal !== 'SIGTERM') seen.push(`exit ${signal ?? code}`);
  if (process.env.GATESPEC_STDERR) console.error(written.stderr);
  return seen;
}

function posted(route, request, body, folder) {
  const { headers, trailers } = request;
  const text = body.toString();
  const shown = text.length > 4000 ? `${text.length} characters` : readable(text, folder);
  const lines = [`POST ${route.replace('invocation/', '')} ${shown}`];
  if (headers['content-type'] !== 'application/json') lines.push(`  type ${headers['content-type']}`);
  const name = 'lambda-runtime-function-';
  const mode = headers[`${name}response-mode`];
  if (mode) lines.push(`  mode ${mode}`);
  const type = headers[`${name}error-type`];
  if (type) lines.push(`  error type ${type}`);
  const cause = headers[`${name}xray-error-cause`];
  if (cause) {
    const { exceptions, paths, ...rest } = JSON.parse(cause);
    const [{ type, message, stack }] = exceptions;
    const own = stack.filter((frame) => frame.path?.includes(folder));
    const known = [...new Set(own.map((frame) => frame.path))].every((one) => paths.includes(one));
    const shown = { ...rest, type, message, stack: own, paths: known };
    lines.push(`  x-ray ${normal(JSON.stringify(shown), folder)}`);
  }
  const trailer = trailers[`${name}error-body`];
  if (trailer) {
    lines.push(`  trailer ${trailers[`${name}error-type`]}`);
    lines.push(`  trailer ${readable(Buffer.from(trailer, 'base64').toString(), folder)}`);
  }
  return lines;
}

/** A text that was posted; of a trace, the lines of the handler's code. */
function readable(text, folder) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return normal(JSON.stringify(text), folder);
  }
  if (Array.isArray(value?.trace)) value.trace = ownLines(value.trace, folder);
  return normal(JSON.stringify(value), folder);
}

function ownLines(lines, folder) {
  const kept = lines.filter((line, index) => {
    const isFrame = /^\s+at /.test(line);
    return index === 0 || !isFrame || line.includes(folder);
  });
  return kept.filter((line) => !/^- \//.test(line));
}

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

function normal(text, folder) {
  let plain = text.replaceAll(folder, '/task').replace(TIME, 'TIME').replace(/\(node:\d+\) Warning: [^]*?was created\)/g, "(Node's own warning)");
  // Frames of runtimes and of Node inside records.
  plain = plain.replace(/(?:\\n|\r|\\r|\n)?\s+at [^"\r\n\\]*/g, (frame) =>
    frame.includes('/task/') ? frame : '',
  );
  plain = plain.replace(/,"\s*"(?=[,\]])|"",/g, '').replace(/,""/g, '');
  // The stack of a missing module's requirers names runtimes' files.
  return plain.replace(/(\\n|\r|\\\\n|",")- \/(?!task)[^"\r\\]*/g, '');
}

const wanted = Object.entries(cases).filter(([name]) => !process.argv.includes('--only') || name.includes(only));
const results = new Map();
const queue = wanted.flatMap(([name, one]) => targets.map((target) => ({ name, one, target })));
await Promise.all(
  Array.from({ length: 3 }, async () => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const seen = await run(job.target, job.one);
      results.set(`${job.name}/${job.target.generation}/${job.target.name}`, seen);
    }
  }),
);

let failures = 0;
const fail = (text) => {
  failures += 1;
  console.error(text);
};
const block = (title, lines) => `${title}\n\n${lines.map((line) => `    ${line}`).join('\n')}\n\n`;
let text = `# Node: our bootstrap beside AWS's own clients

Written by \`.ci/runtimes/nodejs.mjs\`; review it, do not edit it. Each handler is run by four runtimes:
ours as \`nodejs22.x\` beside aws-lambda-ric 3.3.0, and ours as \`nodejs24.x\` beside 4.0.2. Where ours
does the same, one text stands for both. What is shown is all that is seen from outside: what was
posted, what was written, how the process ended unless the test ended it.

`;
for (const [name, one] of wanted) {
  text += `## ${name}\n\n\`\`\`js\n${one.code}\n\`\`\`\n\n`;
  for (const generation of ['classic', 'modern']) {
    const [mine, theirs] = targets.filter((target) => target.generation === generation);
    const [a, b] = [mine, theirs].map((target) => results.get(`${name}/${generation}/${target.name}`));
    const reason = one.differs?.[generation];
    const same = JSON.stringify(a) === JSON.stringify(b);
    if (same) {
      if (reason) fail(`${name}, ${generation}: is no different any more: ${reason}`);
      text += block(`${mine.runtime}, ours and aws-lambda-ric ${theirs.name}:`, a);
      continue;
    }
    const lines = (one, other) => one.filter((line) => !other.includes(line)).map((l) => `\n    ${l}`).join('');
    if (!reason) fail(`${name}, ${generation}: differs\n  only ours:${lines(a, b)}\n  only theirs:${lines(b, a)}`);
    text += block(`${mine.runtime}, ours:`, a);
    text += block(`aws-lambda-ric ${theirs.name}:`, b);
    text += `They differ: ${reason ?? 'NOT EXPLAINED'}\n\n`;
  }
}
text = `${text.trimEnd()}\n`;
if (update) {
  fs.mkdirSync(path.dirname(page), { recursive: true });
  fs.writeFileSync(page, text);
} else if (!process.argv.includes('--only') && fs.readFileSync(page, 'utf8') !== text) {
  fs.writeFileSync(`${page}.new`, text);
  fail(`${page} is another one: compare it with ${page}.new`);
}
console.log(`${wanted.length * 2 - failures} passed, ${failures} failed`);
process.exitCode = failures ? 1 : 0;
