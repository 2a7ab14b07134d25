// What a program is built for, from its first bytes: so that no package holds another's program.

import { open } from 'node:fs/promises';

const ELF = 0x7f454c46;
const MACH_O = 0xcffaedfe;
/** ELF's program header that names a loader: the program is linked dynamically. */
const PT_INTERP = 3;
const MACHINES = {
  [ELF]: { 62: 'x64', 183: 'arm64' },
  [MACH_O]: { 0x01000007: 'x64', 0x0100000c: 'arm64' },
};

/**
 * @param {string} path
 * @returns {Promise<{platform: string, libc: string | undefined}>} Such as `linux-x64`, and `glibc`
 *   or `musl` where it needs that.
 */
export async function builtFor(path) {
  const file = await open(path);
  try {
    const head = Buffer.alloc(4096);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const magic = bytesRead < 64 ? 0 : head.readUInt32BE(0);
    const machine = magic === ELF ? head.readUInt16LE(18) : head.readUInt32LE(4);
    const arch = MACHINES[magic]?.[machine];
    if (arch === undefined) {
      throw new Error(`\`${path}\` is no program for Linux or macOS on x64 or arm64`);
    }
    if (magic === MACH_O) return { platform: `darwin-${arch}`, libc: undefined };
    return { platform: `linux-${arch}`, libc: libcOf(head) };
  } finally {
    await file.close();
  }
}

/** The C library whose loader a 64-bit ELF names. */
function libcOf(head) {
  const [start, size, count] = [
    Number(head.readBigUInt64LE(32)),
    head.readUInt16LE(54),
    head.readUInt16LE(56),
  ];
  for (let at = start; at < start + size * count; at += size) {
    if (head.readUInt32LE(at) !== PT_INTERP) continue;
    const from = Number(head.readBigUInt64LE(at + 8));
    const loader = head.toString('latin1', from, head.indexOf(0, from));
    return loader.includes('musl') ? 'musl' : 'glibc';
  }
  return undefined;
}
