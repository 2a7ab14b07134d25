'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { GatespecError } = require('./errors.js');

/** What `start` takes: each with its option of `gatespec serve`, or what makes its arguments. */
const OPTIONS = {
  parameters: (values) => pairs('--parameter', values),
  clock: () => [],
  port: (port) => ['--port', String(port)],
  host: '--host',
  envVars: (file) => ['--env-vars', file],
  endpoints: (values) => pairs('--endpoint', values),
  runtimes: (values) => pairs('--runtime', values),
  node: '--node',
  python: '--python',
  api: '--api',
  stage: '--stage',
  stack: '--stack',
  build: (build) => (build ? [] : ['--no-build']),
  data: '--data',
  verbose: (verbose) => (verbose ? ['--verbose'] : []),
  arguments: (more) => more.map(String),
  timeout: () => [],
};

/** Free ports; functions on what the tests run on; a log with each decision and its reason. */
const defaults = () => ({ port: 0, node: thisNode(), verbose: true });

/** With these, the clock cannot be frozen, or is chosen already. */
const WITHOUT_CLOCK = ['--clock', '--credentials', '--data', '--require-signatures'];

/**
 * The arguments for what `start` was given.
 *
 * @param {string | {href: string}} template
 * @param {Record<string, unknown>} options
 * @returns {{list: string[], isFrozen: boolean, remove: () => void}} The arguments; whether the
 *   clock is frozen; what removes the files that they name, once the gateway has read them.
 */
function serveArguments(template, options) {
  const given = known(options);
  const more = given.arguments ?? [];
  const clock = frozenAt(given, more);
  const variables = variablesFile(given.envVars);
  const values = { ...defaults(), ...given, ...(variables && { envVars: variables.file }) };
  const list = Object.entries(values).flatMap(([name, value]) => {
    const make = OPTIONS[name];
    if (value === undefined) return [];
    return typeof make === 'string' ? [`${make}=${value}`] : make(value);
  });
  if (clock !== undefined) list.push('--clock', String(clock));
  return {
    list: ['serve', '--ready', 'json', ...list, '--', pathOf(template)],
    isFrozen: clock !== undefined || more.some((argument) => names(argument, '--clock')),
    remove: () => variables?.remove(),
  };
}

/** The options without those that are `undefined`. */
function known(options) {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(OPTIONS, name)) continue;
    const all = Object.keys(OPTIONS).join(', ');
    throw new GatespecError(`\`${name}\` is not an option of \`start\`: there are ${all}`);
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** The file of variables for functions: the one that is named, or a private one of an object. */
function variablesFile(variables) {
  if (variables === undefined) return undefined;
  if (typeof variables === 'string') return { file: variables, remove() {} };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatespec-'));
  const file = path.join(folder, 'variables.json');
  fs.writeFileSync(file, JSON.stringify(variables), { mode: 0o600 });
  return { file, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

function pairs(option, values) {
  return Object.entries(values).map(([name, value]) => `${option}=${name}=${value}`);
}

/** The Node that runs this, so that functions run on what the tests run on. */
function thisNode() {
  // Bun and Deno have `process`, too.
  const isNode =
    process.release?.name === 'node' && !process.versions.bun && !process.versions.deno;
  return isNode ? process.execPath : undefined;
}

/** The moment of the frozen clock, in milliseconds since 1970; `undefined` if time passes. */
function frozenAt({ clock, data }, more) {
  if (clock === 'system') return undefined;
  if (clock === 'frozen') return Date.now();
  if (clock !== undefined) {
    const millis = Number(clock);
    if (Number.isSafeInteger(millis) && millis >= 0) return millis;
    throw new GatespecError(
      `\`clock\` takes \`'frozen'\`, \`'system'\`, milliseconds since 1970 or a \`Date\`, not \`${clock}\``,
    );
  }
  const excluded = more.some((argument) => WITHOUT_CLOCK.some((option) => names(argument, option)));
  return excluded || data !== undefined ? undefined : Date.now();
}

function names(argument, option) {
  return argument === option || argument.startsWith(`${option}=`);
}

function pathOf(template) {
  if (typeof template === 'string') {
    return template.startsWith('file:') ? fileURLToPath(template) : template;
  }
  if (typeof template?.href === 'string') return fileURLToPath(template.href);
  throw new GatespecError('`start` takes the path of a template as its first argument');
}

module.exports = { serveArguments };
