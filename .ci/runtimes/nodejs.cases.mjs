// The handlers that all runtimes are given. Each is a file `app.mjs` with `handler`, unless it says
// otherwise: `file`, `handler` (`_HANDLER`), `files` (more of them), `env`, `events` (two `{}`).
//
// `differs` explains why ours does another thing than AWS's, by generation (`classic`, `modern`).

const cjs = (code, more) => ({ file: 'app.cjs', code, ...more });

const byNodePath =
  "Lambda's Node looks into `NODE_PATH` for ES modules, too (said of nodejs18.x when it came out; " +
  'from memory, not looked up again). That is not a part of the client, so the client alone does not.';

export const cases = {
  // What handlers return.
  'returns an object': { code: `export const handler = async (event) => ({ statusCode: 200, event });` },
  'returns without async': { code: `export const handler = () => ({ statusCode: 200 });` },
  'returns undefined': { code: `export const handler = async () => {};` },
  'returns NaN': { code: `export const handler = async () => NaN;` },
  'returns a function': { code: `export const handler = async () => () => 1;` },
  'returns a symbol': { code: `export const handler = async () => Symbol('s');` },
  'returns a BigInt': { code: `export const handler = async () => ({ n: 1n });` },
  'returns a circle': { code: `export const handler = async () => { const o = {}; o.o = o; return o; };` },
  'returns 6 MB': { code: `export const handler = async () => 'x'.repeat(6 * 1024 * 1024);` },
  'returns a date, a map, a buffer': { code: `export const handler = async () => [new Date(0), new Map([[1, 2]]), Buffer.from('a')];` },
  'returns what toJSON throws': { code: `export const handler = async () => ({ toJSON() { throw new TypeError('no'); } });` },
  'returns a thenable': { code: `export const handler = () => ({ then(yes) { yes('thenable'); } });` },
  'returns text beyond ASCII': { code: `export const handler = async (event) => ({ ...event, text: 'ä€😀\\u2028' });`, events: ['{"in":"ü😀"}'] },

  // What they throw.
  'throws an error': { code: `export const handler = async () => { throw new TypeError('bad type'); };` },
  'throws without async': { code: `export const handler = () => { throw new RangeError('sync'); };` },
  'throws a string': { code: `export const handler = async () => { throw 'a string'; };` },
  'throws null': { code: `export const handler = async () => { throw null; };` },
  'throws a number': { code: `export const handler = async () => { throw 42; };` },
  'throws an object': { code: `export const handler = async () => { throw { message: 'm', code: 7 }; };` },
  'throws an error with members': { code: `export const handler = async () => { throw Object.assign(new Error('m'), { code: 'E7', detail: { a: 1 } }); };` },
  'throws an error with a cause and an own name': { code: `class Conflict extends Error { name = 'Conflict'; }\nexport const handler = async () => { throw new Conflict('m', { cause: new Error('c') }); };` },
  'throws an error with a delete character': { code: `export const handler = async () => { throw new Error('a\\x7fb'); };` },
  'throws an error without a message': { code: `export const handler = async () => { throw new Error(); };` },
  'rejects with undefined': { code: `export const handler = () => Promise.reject();` },

  // Callbacks and the context.
  'answers by callback': cjs(`exports.handler = (event, context, callback) => callback(null, 'called');`),
  'fails by callback': cjs(`exports.handler = (event, context, callback) => callback(new Error('called'));`),
  'fails by callback with a string': cjs(`exports.handler = (event, context, callback) => callback('text');`),
  'calls back later': cjs(`exports.handler = (event, context, callback) => { setTimeout(() => callback(null, 'later'), 20); };`),
  'calls back twice': cjs(`exports.handler = (event, context, callback) => { callback(null, 1); callback(null, 2); };`),
  'calls back, async': cjs(`exports.handler = async (event, context, callback) => { callback(null, 'first'); return 'second'; };`),
  'calls back and the loop is not empty': cjs(`let n = 0;\nexports.handler = (event, context, callback) => { setTimeout(() => console.log('timer', ++n), 60); callback(null, 'done'); };`),
  'does not wait for the empty loop': cjs(`exports.handler = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 1000); callback(null, 'done'); };`),
  'takes its callback from arguments': cjs(`exports.handler = function () { return arguments.length; };`),
  'context.succeed': cjs(`exports.handler = (event, context) => { context.succeed('yes'); };`),
  'context.fail': cjs(`exports.handler = (event, context) => { context.fail(new Error('no')); };`),
  'context.fail of nothing': cjs(`exports.handler = (event, context) => { context.fail(); };`),
  'context.done': cjs(`exports.handler = (event, context) => { context.done(null, 'done'); context.done(null, 'again'); };`),
  'the members of the context': { code: `export const handler = async (event, context) => Object.keys(context).sort();` },
  'the values of the context': {
    code: `export const handler = async (event, context) => {
  const left = context.getRemainingTimeInMillis();
  return { ...context, left: left > 1000 && left <= 60000 };
};`,
  },
  'the trace of each event': { code: `export const handler = async () => process.env._X_AMZN_TRACE_ID;` },
  'this': cjs(`exports.handler = function () { return Promise.resolve(typeof this); };`),

  // Answers that never come.
  'never answers, the loop is empty': { code: `export const handler = () => new Promise(() => {});` },
  'exits': { code: `export const handler = async () => { process.exit(3); };` },
  'exits with 0': { code: `export const handler = async () => { process.exit(0); };` },
  'kills itself': { code: `export const handler = async () => { process.kill(process.pid, 'SIGKILL'); await new Promise((r) => setTimeout(r, 5000)); };` },
  'leaves a rejection unhandled': { code: `export const handler = async () => { Promise.reject(new Error('left')); await new Promise((r) => setTimeout(r, 50)); return 'late'; };` },
  'leaves a rejection of undefined unhandled': { code: `export const handler = async () => { Promise.reject(); await new Promise((r) => setTimeout(r, 50)); return 'late'; };` },
  'throws in a timer': { code: `export const handler = async () => { setTimeout(() => { throw new Error('timer'); }, 5); await new Promise((r) => setTimeout(r, 100)); return 'late'; };` },
  'throws in a timer of a callback': cjs(`exports.handler = (event, context) => { setTimeout(() => { throw new Error('timer'); }, 5); };`, { events: ['{}'] }),
  'emits an error that nobody hears': { code: `import { EventEmitter } from 'node:events';\nexport const handler = async () => { setImmediate(() => new EventEmitter().emit('error', new Error('unheard'))); await new Promise((r) => setTimeout(r, 100)); };` },

  // Which function it is.
  'no such export': { code: `export const other = 1;` },
  'an export that is no function': { code: `export const handler = 1;` },
  'no such file': { code: ``, handler: 'missing.handler' },
  'no dot': { code: ``, handler: 'app' },
  'a path that leads out': { code: ``, handler: '../app.handler' },
  'a folder': { file: 'src/chat/app.mjs', code: `export const handler = async () => import.meta.url.split('/').slice(-3).join('/');`, handler: 'src/chat/app.handler' },
  'a member of a member': { code: `export const nest = { deep: { handler: async () => 'deep' } };`, handler: 'app.nest.deep.handler' },
  'the default export': { code: `export default { handler: async () => 'default' };` },
  'the default export itself': { code: `export default async () => 'itself';`, handler: 'app.default' },
  'module.exports is a function': cjs(`module.exports = async () => 'it';`),
  'CommonJS in a .js file': { file: 'app.js', code: `exports.handler = async () => typeof module;` },
  'ES module in a .js file': { file: 'app.js', code: `export const handler = async () => typeof module;`, files: { 'package.json': '{"type":"module"}' } },
  'ES module in a .js file, package.json above': { file: 'src/app.js', code: `export const handler = async () => typeof module;`, files: { 'package.json': '{"type":"module"}' }, handler: 'src/app.handler' },
  'ES module in a .js file without a type': { file: 'app.js', code: `export const handler = async () => 'detected';` },
  '.js before .mjs': { file: 'app.js', code: `exports.handler = async () => 'js';`, files: { 'app.mjs': `export const handler = async () => 'mjs';` } },
  'CommonJS requires an ES module': cjs(`const { value } = require('./value.mjs');\nexports.handler = async () => value;`, { files: { 'value.mjs': 'export const value = 1;' } }),
  'CommonJS with an await at the top': cjs(`await 1;\nexports.handler = async () => 1;`),
  'top-level await': { code: `const value = await new Promise((r) => setTimeout(() => r('waited'), 10));\nexport const handler = async () => value;` },
  'a package by NODE_PATH, required': cjs(`exports.handler = async () => require('layered').name;`, { layer: true }),
  'a package by NODE_PATH, imported': { code: `import { name } from 'layered';\nexport const handler = async () => name;`, layer: true, differs: { classic: byNodePath, modern: byNodePath } },
  'a package that is missing, required': cjs(`require('no-such-package');`),
  'a package that is missing, imported': { code: `import 'no-such-package';` },

  // Errors at start.
  'a syntax error': { code: `export const handler = async () => {\n  return }};` },
  'a syntax error in CommonJS': cjs(`exports.handler = async () => {\n  return }};`),
  'throws at start': { code: `throw new Error('at start');` },
  'throws a string at start': { code: `throw 'at start';` },
  'exits at start': { code: `process.exit(5);` },
  'leaves a rejection at start': { code: `Promise.reject(new Error('at start'));\nawait new Promise((r) => setTimeout(r, 50));\nexport const handler = async () => 1;` },

  // What they write.
  'every level': { code: `export const handler = async () => { for (const level of ['trace', 'debug', 'log', 'info', 'warn', 'error', 'fatal']) console[level]?.(level, { a: [1] }, '%s', 'x'); };`, events: ['{}'] },
  'formats': { code: `export const handler = async () => { console.log('%s is %d', 'x', 1, 'more'); console.log('two\\nlines'); console.log(); console.log(new Map([[1, 2]])); };`, events: ['{}'] },
  'an error': { code: `export const handler = async () => { console.error('failed:', new TypeError('t')); console.error(new TypeError('alone')); };`, events: ['{}'] },
  'at start': { code: `console.log('starting');\nexport const handler = async () => {};`, events: ['{}'] },
  'JSON': { code: `export const handler = async () => { console.log('text'); console.info({ a: 1 }); console.warn('%s', 'x', { b: 2 }); console.error('failed', new TypeError('t')); console.error(new TypeError('alone')); console.debug(1n); console.log(); };`, env: { AWS_LAMBDA_LOG_FORMAT: 'JSON' }, events: ['{}'] },
  'JSON, warnings': { code: `export const handler = async () => { console.log('log'); console.warn('warn'); console.fatal('fatal'); };`, env: { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'WARN' }, events: ['{}'] },
  'JSON, an error of the handler': { code: `export const handler = async () => { throw Object.assign(new TypeError('t'), { code: 7 }); };`, env: { AWS_LAMBDA_LOG_FORMAT: 'JSON' }, events: ['{}'] },
  'past console': { code: `export const handler = async () => { process.stdout.write('out\\n'); process.stderr.write('err\\n'); };`, events: ['{}'] },

  // Streams.
  'streams': { code: `export const handler = awslambda.streamifyResponse(async (event, stream, context) => { stream.write('a'); stream.write('b'); stream.end(); });` },
  'streams with a prelude': { code: `export const handler = awslambda.streamifyResponse(async (event, stream) => { stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { x: 'y' } }); stream.write('body'); stream.end(); });` },
  'streams a pipeline': { code: `import { pipeline } from 'node:stream/promises';\nimport { Readable } from 'node:stream';\nexport const handler = awslambda.streamifyResponse(async (event, stream) => { stream.setContentType('text/plain'); await pipeline(Readable.from(['a', 'b']), stream); });` },
  'streams an object': { code: `export const handler = awslambda.streamifyResponse(async (event, stream) => { stream.write({ a: 1 }); stream.end(); });` },
  'streams and sets the type too late': { code: `export const handler = awslambda.streamifyResponse(async (event, stream) => { stream.write('a'); stream.setContentType('text/plain'); });` },
  'streams and throws': { code: `export const handler = awslambda.streamifyResponse(async (event, stream) => { stream.write('a'); throw new Error('streamed'); });` },
  'streams without async': { code: `export const handler = awslambda.streamifyResponse((event, stream) => { stream.write('a'); });` },
  'the members of a stream': { code: `export const handler = awslambda.streamifyResponse(async (event, stream) => { stream.write(Object.getOwnPropertyNames(stream).filter((name) => name !== 'writableBuffer').sort().join(' ')); stream.end(); });` },

  // Around the handler.
  'variables': { code: `export const handler = async () => Object.keys(process.env).filter((name) => /^(AWS_|LAMBDA_|_|NODE_)/.test(name)).sort();`, events: ['{}'] },
  'awslambda': { code: `export const handler = async () => Object.keys(globalThis.awslambda).sort();`, events: ['{}'] },
  'the store of the invocation': { code: `export const handler = async () => [globalThis.awslambda.InvokeStore?.getRequestId(), globalThis.awslambda.InvokeStore?.getXRayTraceId()];` },
  'an event that is no JSON': { code: `export const handler = async (event) => event;`, events: ['{', '{}'] },
  'state lives on': { code: `let n = 0;\nexport const handler = async () => ++n;`, events: ['{}', '{}', '{}'] },
};
