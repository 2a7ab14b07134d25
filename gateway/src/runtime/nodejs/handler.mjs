// Finds the function that `_HANDLER` names.

import Module, { createRequire } from 'node:module';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { RuntimeError } from './errors.mjs';
import { requireFromLayers } from './opt.mjs';

export const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
export const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

const require = createRequire(import.meta.url);
const importFile = (file) => import(pathToFileURL(file).href);

/** The handler: a function. */
export async function load(root, handler, isModern) {
  if (handler.includes('..')) {
    throw new RuntimeError(
      'MalformedHandlerName',
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root ` +
        'directories in handler names.',
    );
  }
  const base = path.basename(handler);
  const folder = handler.slice(0, handler.indexOf(base));
  const dot = base.indexOf('.');
  if (dot < 0) throw new RuntimeError('MalformedHandlerName', 'Bad handler');
  const name = base.slice(0, dot);
  const members = base.slice(dot + 1).split('.');
  requireFromLayers();
  await importFromLayers();
  const module = await loadModule(root, folder, name, isModern);
  const found = isModern ? modernMember(module, members) : member(module, members);
  if (!found) {
    throw new RuntimeError('HandlerNotFound', `${handler} is undefined or not exported`);
  }
  if (typeof found !== 'function') {
    throw new RuntimeError('HandlerNotFound', `${handler} is not a function`);
  }
  return found;
}

const member = (object, names) => names.reduce((value, name) => value && value[name], object);

function modernMember(module, names) {
  const isObject = (value) => typeof value === 'object' && value !== null;
  const within = (object) =>
    names.reduce((value, name) => (isObject(value) ? value[name] : undefined), object);
  return within(module) || (isObject(module) ? within(module.default) : undefined);
}

async function loadModule(root, folder, name, isModern) {
  const file = path.resolve(root, folder, name);
  try {
    const module = isModern ? await loadModern(file) : await loadClassic(file);
    if (module) return module;
    const paths = [root, isModern ? path.join(root, folder) : folder];
    return require(require.resolve(name, { paths }));
  } catch (error) {
    if (error instanceof SyntaxError) {
      const syntax = new RuntimeError('UserCodeSyntaxError', String(error));
      // Node knows its place, and shows it when nobody catches it.
      Object.defineProperty(syntax, 'uncaught', { value: error });
      // The parser's stack has the place.
      if (isModern) syntax.stack = error.stack;
      throw syntax;
    }
    if (error?.code === 'MODULE_NOT_FOUND') {
      throw new RuntimeError('ImportModuleError', String(error));
    }
    throw error;
  }
}

/** Up to nodejs22.x: CommonJS is required, the rest is imported. */
async function loadClassic(file) {
  const required = (name) => (existsSync(name) ? require(name) : undefined);
  const imported = async (name) => (existsSync(name) ? importFile(name) : undefined);
  const plain = required(file);
  if (plain) return plain;
  const isModule = existsSync(`${file}.js`) && isModuleFolder(path.dirname(`${file}.js`));
  const script = isModule ? await imported(`${file}.js`) : required(`${file}.js`);
  return script || (await imported(`${file}.mjs`)) || required(`${file}.cjs`);
}

/** From nodejs24.x on: all is imported. */
async function loadModern(file) {
  for (const extension of ['', '.js', '.mjs', '.cjs']) {
    if (existsSync(file + extension)) {
      const module = await importFile(file + extension);
      if (module) return module;
    }
  }
  return undefined;
}

/** Whether the nearest `package.json` says that `.js` files are ES modules. */
function isModuleFolder(folder) {
  if (folder.endsWith('/node_modules')) return false;
  const file = path.join(folder, 'package.json');
  if (existsSync(file)) {
    try {
      return JSON.parse(readFileSync(file))?.type === 'module';
    } catch (error) {
      console.warn(
        `${file} cannot be read, it will be ignored for ES module detection purposes.`,
        error,
      );
      return false;
    }
  }
  return folder !== '/' && isModuleFolder(path.dirname(folder));
}

/** Lets ES modules look into `/opt`, and into `NODE_PATH` if a folder of it has packages. */
async function importFromLayers() {
  const isFolder = (folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  const listed = (process.env.NODE_PATH ?? '').split(path.delimiter);
  // One of them is the code's own folder, which holds no packages by itself.
  const folders = listed.filter((folder) => folder && folder !== process.env.LAMBDA_TASK_ROOT);
  if (!process.env.GATESPEC_OPT && !folders.some(isFolder)) return;
  if (Module.registerHooks) Module.registerHooks(await import('./packages.mjs'));
  else Module.register('./packages.mjs', import.meta.url);
}
