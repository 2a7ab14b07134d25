// Makes the npm packages: node packages/npm/pack.mjs BINARY OUT [--platform PLATFORM]
//
// OUT gets `gatespec-VERSION.tgz` and `gatespec-PLATFORM-VERSION.tgz`, the package of the platform
// that the binary is built for (which --platform must name, if it is given). The version is Cargo's.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { builtFor } from './program.mjs';

const HERE = import.meta.dirname;
const ROOT = path.join(HERE, '../..');
/** The packages that `gatespec` takes its program from. lib/binary.js knows the same. */
const PLATFORMS = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'];

/**
 * The repository whose workflow this is. npm publishes from a trusted workflow only what names its
 * repository.
 */
const { GITHUB_REPOSITORY: REPOSITORY, GITHUB_SERVER_URL: SERVER = 'https://github.com' } =
  process.env;

const LICENCES = ['LICENSE-APACHE', 'LICENSE-MIT'];

async function version() {
  const manifest = await fs.readFile(path.join(ROOT, 'Cargo.toml'), 'utf8');
  const section = manifest.split(/^\[/m).find((part) => part.startsWith('workspace.package]'));
  return /^version = "(.+)"$/m.exec(section)[1];
}

/** The package that people install. */
async function main(folder, number) {
  await fs.cp(path.join(HERE, 'gatespec'), folder, { recursive: true });
  const manifest = JSON.parse(await fs.readFile(path.join(folder, 'package.json'), 'utf8'));
  const programs = PLATFORMS.map((platform) => [`@gatespec/${platform}`, number]);
  return { ...manifest, version: number, optionalDependencies: Object.fromEntries(programs) };
}

/** The package that has the program for one platform. */
async function platformPackage(folder, number, binary, { platform, libc }) {
  await fs.mkdir(path.join(folder, 'bin'), { recursive: true });
  await fs.copyFile(binary, path.join(folder, 'bin/gatespec'));
  await fs.chmod(path.join(folder, 'bin/gatespec'), 0o755);
  const [system, cpu] = platform.split('-');
  await fs.writeFile(
    path.join(folder, 'README.md'),
    `# @gatespec/${platform}\n\nThe program of the package \`gatespec\` for ${platform}.\n`,
  );
  return {
    name: `@gatespec/${platform}`,
    version: number,
    description: `The program of gatespec for ${platform}`,
    license: 'MIT OR Apache-2.0',
    os: [system],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    files: ['bin', 'LICENSE-*'],
    // Yarn runs no program out of a zip.
    preferUnplugged: true,
  };
}

async function pack(folder, manifest, out) {
  const repository = REPOSITORY && { type: 'git', url: `git+${SERVER}/${REPOSITORY}.git` };
  const text = `${JSON.stringify({ ...manifest, ...(repository && { repository }) }, null, 2)}\n`;
  await fs.writeFile(path.join(folder, 'package.json'), text);
  for (const name of LICENCES) await fs.copyFile(path.join(ROOT, name), path.join(folder, name));
  const options = ['--silent', '--ignore-scripts', '--pack-destination', out];
  const name = execFileSync('npm', ['pack', ...options], { cwd: folder, encoding: 'utf8' }).trim();
  const { size } = await fs.stat(path.join(out, name));
  console.log(`${path.join(out, name)}: ${(size / 1e6).toFixed(2)} MB`);
}

async function run() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { platform: { type: 'string' } },
  });
  if (positionals.length !== 2) throw new Error('usage: pack.mjs BINARY OUT [--platform PLATFORM]');
  const [binary, out] = positionals.map((argument) => path.resolve(argument));
  const built = await builtFor(binary);
  if (values.platform !== undefined && values.platform !== built.platform) {
    throw new Error(`\`${binary}\` is built for ${built.platform}, not for ${values.platform}`);
  }
  const number = await version();
  await fs.mkdir(out, { recursive: true });
  const work = await fs.mkdtemp(path.join(os.tmpdir(), 'gatespec-npm-'));
  try {
    const [all, one] = ['gatespec', built.platform].map((name) => path.join(work, name));
    await pack(all, await main(all, number), out);
    await pack(one, await platformPackage(one, number, binary, built), out);
  } finally {
    await fs.rm(work, { recursive: true });
  }
}

try {
  await run();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
