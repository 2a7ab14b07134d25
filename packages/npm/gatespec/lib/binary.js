'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { GatespecError } = require('./errors.js');

/** What there are packages for: `process.platform` and `process.arch`. */
const PLATFORMS = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'];
const BUILD_IT =
  'build it with Rust (`cargo install --locked --path cli` in its repository) and name the program ' +
  'in `GATESPEC_BINARY`';

/**
 * The program: what `GATESPEC_BINARY` names, or that of this platform's package.
 *
 * @throws {GatespecError} If there is none, with the cure.
 */
function binaryPath() {
  const named = process.env.GATESPEC_BINARY;
  if (named) {
    if (fs.existsSync(named)) return path.resolve(named);
    throw new GatespecError(`\`GATESPEC_BINARY\` names \`${named}\`, which does not exist`);
  }
  const platform = `${process.platform}-${process.arch}`;
  const found = resolved(platform);
  if (found) return found;
  throw new GatespecError(isMissing(platform));
}

function resolved(platform) {
  try {
    return require.resolve(`@gatespec/${platform}/bin/gatespec`);
  } catch {
    return undefined;
  }
}

function isMissing(platform) {
  if (!PLATFORMS.includes(platform)) {
    const wsl = process.platform === 'win32' ? ' On Windows, use it inside WSL, or' : ' Otherwise,';
    const all = PLATFORMS.join(', ');
    return `there is no package of gatespec for ${platform}, only for ${all}.${wsl} ${BUILD_IT}`;
  }
  const name = `@gatespec/${platform}`;
  const other = PLATFORMS.find(resolved);
  if (other) {
    return (
      `gatespec was installed for another machine: there is \`@gatespec/${other}\`, and this Node ` +
      `needs \`${name}\`; remove \`node_modules\` and run \`npm install\` here`
    );
  }
  const libc = usesMusl() ? `. It needs glibc, which this system does not have: ${BUILD_IT}` : '';
  return (
    `the package \`${name}\`, which has the program for this machine, is not installed; run ` +
    `\`npm install\` again, without \`--no-optional\` or \`--omit=optional\`${libc}`
  );
}

/** Whether this is a Linux such as Alpine. */
function usesMusl() {
  return process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
}

/** Why the program could not be started at all, from what `spawn` says. */
function cannotStart(program, error) {
  const why = {
    EACCES: `it may not be executed; \`chmod +x\` lets it`,
    ENOENT: usesMusl()
      ? `it needs glibc, which this system does not have; ${BUILD_IT}`
      : 'it, or the loader that it names, does not exist',
    ENOEXEC: 'it was built for another machine',
    UNKNOWN: 'it was built for another machine',
  };
  const reason = why[error.code] ?? error.message;
  return new GatespecError(`\`${program}\` cannot be started: ${reason}`, { cause: error });
}

module.exports = { binaryPath, cannotStart };
