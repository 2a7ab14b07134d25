'use strict';

const { fileURLToPath } = require('node:url');
const { inspect, types } = require('node:util');
const { GatespecError } = require('./errors.js');
const { temporaryFile } = require('./temporary.js');

const isText = (value) => typeof value === 'string';
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const TEXT = ['a string', isText];
const OBJECT = ['an object', isObject];
const BOOLEAN = ['`true` or `false`', (value) => typeof value === 'boolean'];

/**
 * What `start` takes: for each, what a value must be, and its option of `gatespec serve`, or what
 * makes its arguments.
 */
const OPTIONS = {
  parameters: [...OBJECT, (values) => pairs('--parameter', values)],
  clock: ['', () => true, () => []],
  port: ['a whole number', Number.isInteger, '--port'],
  host: [...TEXT, '--host'],
  envVars: ['an object or the path of a file', (value) => isText(value) || isObject(value), () => []],
  endpoints: [...OBJECT, (values) => pairs('--endpoint', values)],
  runtimes: [...OBJECT, (values) => pairs('--runtime', values)],
  node: [...TEXT, '--node'],
  python: [...TEXT, '--python'],
  api: [...TEXT, '--api'],
  stage: [...TEXT, '--stage'],
  stack: [...TEXT, '--stack'],
  build: [...BOOLEAN, (build) => (build ? [] : ['--no-build'])],
  data: [...TEXT, '--data'],
  verbose: [...BOOLEAN, (verbose) => (verbose ? ['--verbose'] : [])],
  arguments: ['an array', Array.isArray, (more) => more.map(String)],
  timeout: ['a number of seconds', (value) => Number.isFinite(value) && value >= 0, () => []],
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
 *   clock is frozen; what removes the file that they name. The gateway may read it at any time.
 */
function serveArguments(template, options) {
  const given = known(options);
  const more = (given.arguments ?? []).map(String);
  const clock = frozenAt(given, more);
  const list = Object.entries({ ...defaults(), ...given }).flatMap(([name, value]) => {
    const make = OPTIONS[name].at(-1);
    if (value === undefined) return [];
    return isText(make) ? [`${make}=${value}`] : make(value);
  });
  if (clock !== undefined) list.push('--clock', String(clock));
  const file = pathOf(template);
  const variables = variablesFile(given.envVars);
  if (variables) list.unshift('--env-vars', variables.file);
  return {
    list: ['serve', '--ready', 'json', ...list, '--', file],
    isFrozen: clock !== undefined || more.some((argument) => names(argument, '--clock')),
    remove: () => variables?.remove(),
  };
}

/** The options without those that are `undefined`. */
function known(options) {
  if (!isObject(options)) throw takes('start', 'an object of options', options);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!Object.hasOwn(OPTIONS, name)) {
      const all = Object.keys(OPTIONS).join(', ');
      throw new GatespecError(`\`${name}\` is not an option of \`start\`: there are ${all}`);
    }
    const [wanted, is] = OPTIONS[name];
    if (!is(value)) throw takes(name, wanted, value);
  }
  return Object.fromEntries(given);
}

function takes(name, wanted, value) {
  const shown = inspect(value, { depth: 0, breakLength: Infinity });
  return new GatespecError(`\`${name}\` takes ${wanted}, not \`${shown}\``);
}

/** The file of variables for functions: the one that is named, or a private one of an object. */
function variablesFile(variables) {
  if (!isObject(variables)) return variables && { file: variables, remove() {} };
  return temporaryFile('variables.json', JSON.stringify(variables));
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
    const isMoment = typeof clock === 'number' || types.isDate(clock);
    const millis = isMoment ? Number(clock) : NaN;
    if (Number.isSafeInteger(millis) && millis >= 0) return millis;
    throw takes('clock', "`'frozen'`, `'system'`, milliseconds since 1970 or a `Date`", clock);
  }
  const excluded = more.some((argument) => WITHOUT_CLOCK.some((option) => names(argument, option)));
  return excluded || data !== undefined ? undefined : Date.now();
}

function names(argument, option) {
  return argument === option || argument.startsWith(`${option}=`);
}

function pathOf(template) {
  if (isText(template)) return template.startsWith('file:') ? fileURLToPath(template) : template;
  if (isText(template?.href)) return fileURLToPath(template.href);
  throw new GatespecError('`start` takes the path of a template as its first argument');
}

module.exports = { serveArguments };
