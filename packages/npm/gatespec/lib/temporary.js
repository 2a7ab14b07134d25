'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** The folders that are there. */
const folders = new Set();

/**
 * A private file, in a folder of its own. It goes with `remove`, and with this process.
 *
 * @param {string} name
 * @param {string} text
 * @returns {{file: string, remove: () => void}}
 */
function temporaryFile(name, text) {
  if (folders.size === 0) process.on('exit', removeAll);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatespec-'));
  folders.add(folder);
  const file = path.join(folder, name);
  fs.writeFileSync(file, text, { mode: 0o600 });
  return { file, remove: () => removeOne(folder) };
}

function removeOne(folder) {
  if (!folders.delete(folder)) return;
  fs.rmSync(folder, { recursive: true, force: true });
  if (folders.size === 0) process.off('exit', removeAll);
}

function removeAll() {
  for (const folder of folders) removeOne(folder);
}

module.exports = { temporaryFile };
