// The pages that a Node user reads, as printed: each block of commands, and each program that
// begins with its file's name.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where `gatespec serve` listens unless it is told another port. */
const PORT = 3001;

/** Waits until nobody listens on a port, for two minutes at most. */
async function isFree(port) {
  const end = performance.now() + 120_000;
  for (;;) {
    const server = net.createServer().listen(port, '127.0.0.1');
    const error = await once(server, 'listening').then(
      () => undefined,
      (thrown) => thrown,
    );
    if (error === undefined) return new Promise((resolve) => server.close(resolve));
    if (performance.now() > end) throw error;
    await sleep(200);
  }
}

/** The blocks of a page: `{language, text}`. */
export function blocks(page) {
  const found = fs.readFileSync(page, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms);
  return [...found].map(([, language, text]) => ({ language, text }));
}

/**
 * Runs a block of commands in a shell, after which the next one goes on in the same folder.
 * Commands that serve are ended by Ctrl-C once they say what to paste.
 *
 * @param {string} text
 * @param {{cwd: string, env: Record<string, string>}} options
 * @returns {Promise<string>} The folder in which it ended.
 */
export async function runCommands(text, { cwd, env }) {
  const serves = /^npx gatespec serve$/m.test(text);
  if (serves) await isFree(PORT);
  const script = `trap 'pwd >&3' EXIT; trap exit INT\n${text}`;
  const child = spawn('sh', ['-e', '-c', script], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const [, out, error, folder] = child.stdio;
  let [said, ended] = ['', ''];
  for (const stream of [out, error]) {
    stream.setEncoding('utf8').on('data', (part) => {
      said += part;
      if (serves && /^wscat .*-c ws:/m.test(said)) process.kill(-child.pid, 'SIGINT');
    });
  }
  folder.setEncoding('utf8').on('data', (part) => (ended += part));
  const late = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), 300_000);
  const [code, signal] = await once(child, 'close');
  clearTimeout(late);
  if (serves) assert.match(said, /^wscat .*-c ws:/m);
  else assert.equal(code, 0, `${text}: ${signal ?? code}\n${said}`);
  return ended.trim();
}

/** Writes a program that begins with its file's name into a folder; the name, if there is one. */
export function writeProgram(text, folder) {
  const name = /^\/\/ (tests\/\S+)\n/.exec(text)?.[1];
  if (name) fs.writeFileSync(path.join(folder, name), text);
  return name;
}
