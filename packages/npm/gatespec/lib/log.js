'use strict';

/** How many lines an error shows of a log. */
const SHOWN = 20;

/** The lines of a log, and who waits for one. */
class Log {
  /** @type {string[]} */
  lines = [];
  /** @type {Set<(line: string | undefined) => void>} */
  #watchers = new Set();
  #hasEnded = false;

  add(line) {
    this.lines.push(line);
    for (const watch of this.#watchers) watch(line);
  }

  /** No line comes any more. */
  end() {
    this.#hasEnded = true;
    for (const watch of this.#watchers) watch(undefined);
  }

  /**
   * The first line from `after` on that has this text or matches; `undefined` if none comes in time
   * or at all.
   *
   * @param {string | RegExp} wanted
   * @param {number} after
   * @param {number} seconds
   * @returns {Promise<string | undefined>}
   */
  waitFor(wanted, after, seconds) {
    const isIt = (line) =>
      typeof wanted === 'string' ? line.includes(wanted) : line.search(wanted) >= 0;
    const found = this.lines.slice(after).find(isIt);
    if (found !== undefined || this.#hasEnded) return Promise.resolve(found);
    return new Promise((resolve) => {
      const done = (line) => {
        clearTimeout(timer);
        this.#watchers.delete(watch);
        resolve(line);
      };
      const watch = (line) => {
        // Lines before `after` may be still to come.
        if (line === undefined || (this.lines.length > after && isIt(line))) done(line);
      };
      const timer = setTimeout(() => done(undefined), seconds * 1000);
      this.#watchers.add(watch);
    });
  }

  /** The end of it, as an error shows it. */
  tail(after = 0) {
    return this.lines.slice(after).slice(-SHOWN).join('\n');
  }

  /** What the gateway said why it ended: from the first line on that is an error. */
  lastWords() {
    const first = this.lines.findIndex((line) => /^error\b/.test(line));
    return first < 0 ? this.tail() : this.lines.slice(first).join('\n').trim();
  }
}

module.exports = { Log };
