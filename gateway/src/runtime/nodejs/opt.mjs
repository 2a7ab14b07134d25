// There is no `/opt` here. What a module asks for there is in the folder of the layers.

import Module from 'node:module';
import { pathToFileURL } from 'node:url';

const folder = process.env.GATESPEC_OPT;
const inLayers = (path) => `${folder}${path.slice('/opt'.length)}`;

/** The address that a module of the layers is imported by here; undefined for any other. */
export function layered(specifier) {
  if (!folder) return undefined;
  const path = specifier.startsWith('file://') ? specifier.slice('file://'.length) : specifier;
  return path.startsWith('/opt/') ? pathToFileURL(inLayers(path)).href : undefined;
}

/** Lets `require` find the layers' modules by the paths that they have on Lambda. */
export function requireFromLayers() {
  if (!folder) return;
  const plain = Module._resolveFilename;
  Module._resolveFilename = function resolve(request, ...rest) {
    if (!`${request}`.startsWith('/opt/')) return plain.call(this, request, ...rest);
    try {
      return plain.call(this, inLayers(request), ...rest);
    } catch (error) {
      if (error?.code !== 'MODULE_NOT_FOUND') throw error;
      return plain.call(this, request, ...rest);
    }
  };
}
