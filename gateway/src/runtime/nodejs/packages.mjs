// Lambda's Node looks for packages in `NODE_PATH` from ES modules, too; Node's own does so from
// CommonJS only.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import { layered } from './opt.mjs';

const require = createRequire(`${process.env.LAMBDA_TASK_ROOT}/`);
const isPackage = (specifier) => !/^(?:[./]|\w+:)/.test(specifier);

export function resolve(specifier, context, next) {
  const ofLayers = layered(specifier);
  if (ofLayers) return next(ofLayers, context);
  const byNodePath = (error) => {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !isPackage(specifier)) throw error;
    let file;
    try {
      file = require.resolve(specifier);
    } catch {
      throw error;
    }
    return next(pathToFileURL(file).href, context);
  };
  try {
    const resolved = next(specifier, context);
    return typeof resolved?.then === 'function' ? resolved.catch(byNodePath) : resolved;
  } catch (error) {
    return byNodePath(error);
  }
}
