'use strict';

// What is said where the program for this machine is missing.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { STACK, folder, run, script } = require('./support.js');

const HERE = `${process.platform}-${process.arch}`;
const START = `require('gatespec').start(${JSON.stringify(STACK)})
  .catch((error) => console.log(error.name + ': ' + error.message))`;

/** A folder with the package, and with the platform packages of these names. */
function installed(t, ...platforms) {
  const made = folder(t);
  const modules = path.join(made, 'node_modules');
  const own = path.dirname(require.resolve('gatespec/package.json'));
  fs.cpSync(own, path.join(modules, 'gatespec'), { recursive: true });
  for (const platform of platforms) {
    const bin = path.join(modules, '@gatespec', platform, 'bin');
    fs.mkdirSync(bin, { recursive: true });
    fs.writeFileSync(path.join(bin, 'gatespec'), '');
  }
  return made;
}

/** What the command and `start` say in a folder. */
async function said(cwd, preload = '') {
  const env = { ...process.env, GATESPEC_BINARY: '' };
  const command = path.join(cwd, 'node_modules/gatespec/bin/gatespec.js');
  const first = await run(
    process.execPath,
    ['-e', `${preload}; require(${JSON.stringify(command)})`],
    { cwd, env },
  );
  assert.equal(first.code, 3, first.error);
  const second = await run(process.execPath, ['-e', `${preload}; ${START}`], { cwd, env });
  const message = first.error.replace(/^error: /, '');
  assert.equal(second.out, `GatespecError: ${message}`);
  return message;
}

test('an optional dependency that was left out', async (t) => {
  const message = await said(installed(t));
  assert.equal(
    message,
    `the package \`@gatespec/${HERE}\`, which has the program for this machine, is not installed; ` +
      'run `npm install` again, without `--no-optional` or `--omit=optional`\n',
  );
});

test('a folder that was installed for another machine', async (t) => {
  const other = HERE === 'darwin-arm64' ? 'linux-x64' : 'darwin-arm64';
  const message = await said(installed(t, other));
  assert.match(
    message,
    new RegExp(
      `there is \`@gatespec/${other}\`, and this Node needs \`@gatespec/${HERE}\`; remove`,
    ),
  );
});

test('a platform that has no package', async (t) => {
  const as = (platform, arch) =>
    `Object.defineProperties(process, { platform: { value: '${platform}' }, arch: { value: '${arch}' } })`;
  const linux = await said(installed(t, HERE), as('linux', 'riscv64'));
  assert.match(
    linux,
    /^there is no package of gatespec for linux-riscv64, only for darwin-arm64, .*cargo install/,
  );
  const windows = await said(installed(t, HERE), as('win32', 'x64'));
  assert.match(windows, /^there is no package of gatespec for win32-x64.*WSL/);
});

test('a Linux without glibc', async (t) => {
  const message = await said(
    installed(t),
    `process.report.getReport = () => ({ header: {} });
    Object.defineProperty(process, 'platform', { value: 'linux' })`,
  );
  assert.match(message, /It needs glibc, which this system does not have.*GATESPEC_BINARY/);
});

test('a program that cannot be started', async (t) => {
  const program = path.join(folder(t), 'program');
  const start = async () => {
    const env = { ...process.env, GATESPEC_BINARY: program };
    return (await run(process.execPath, ['-e', START], { cwd: __dirname, env })).out;
  };
  assert.match(await start(), /`GATESPEC_BINARY` names `.*`, which does not exist/);
  fs.writeFileSync(program, '#!/nowhere/sh\n');
  assert.match(await start(), /cannot be started: it may not be executed; `chmod \+x` lets it/);
  fs.chmodSync(program, 0o755);
  assert.match(await start(), /cannot be started: it, or the loader that it names, does not exist/);
});

test('`GATESPEC_BINARY` goes before the package', async (t) => {
  const env = { ...process.env, GATESPEC_BINARY: script(t, 'echo mine; exit 7') };
  const command = path.join(installed(t, HERE), 'node_modules/gatespec/bin/gatespec.js');
  const ended = await run(process.execPath, [command], { env });
  assert.deepEqual([ended.code, ended.out], [7, 'mine\n']);
});
