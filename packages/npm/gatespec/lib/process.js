'use strict';

const { spawn } = require('node:child_process');
const { cannotStart } = require('./binary.js');
const { GatespecError } = require('./errors.js');
const { eachLine } = require('./lines.js');
const { Log } = require('./log.js');

/** How long the gateway may take to end before it is killed, in milliseconds. It promises 15 s. */
const END_TAKES = 20_000;
/** What answers begin with. Other lines of standard output are an access log's. */
const ANSWER = /^(now \d+$|applied: |settled$|error: )/;

/**
 * `gatespec serve` as a process: lines in, answers out, its log.
 *
 * It keeps this process from ending only while somebody waits for it, and ends with it: its
 * standard input is then closed.
 */
class ServeProcess {
  /** Standard error, and an access log on standard output. */
  log = new Log();
  #child;
  /** Whether the first line of standard output was read, which says where the gateway is. */
  #isReady = false;
  /** Who waits for an answer, in the order of the questions. */
  #waiting = [];
  /** How many wait for something. */
  #holds = 0;
  /** How it ended: `{code, signal}`, or `{error}` if it was never started. */
  #end;
  #ended;
  #closed;

  /**
   * @param {string} program
   * @param {string[]} list Its arguments.
   * @param {() => void} onEnd What is to be done when it has ended, or cannot be started.
   */
  constructor(program, list, onEnd) {
    this.#child = spawned(program, list, onEnd);
    const { stdin, stdout, stderr } = this.#child;
    // There are no streams where the system has no files left for them.
    if (stdout) eachLine(stdout, (line) => this.#take(line));
    if (stderr) eachLine(stderr, (line) => this.log.add(line));
    // How it ended says more than that it took no more lines.
    stdin?.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      const end = (how) => {
        this.#end ??= how;
        this.log.end();
        onEnd();
        for (const { reject } of this.#waiting.splice(0)) reject(this.#hasEnded());
        resolve();
      };
      this.#child.on('error', (error) => {
        // A signal that could not be sent is no end.
        if (this.#child.pid === undefined) end({ error: cannotStart(program, error) });
      });
      // Both streams are read to their ends by then.
      this.#child.on('close', (code, signal) => end({ code, signal }));
    });
  }

  /** The next line of standard output that answers; with a question, the line that asks for it. */
  answer(question) {
    if (this.#end) return Promise.reject(this.#hasEnded());
    return this.#held(
      new Promise((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
        if (question !== undefined) this.#child.stdin.write(`${question}\n`);
      }),
    );
  }

  /** A line of the log, as `Log.waitFor` finds it. */
  line(wanted, after, seconds) {
    return this.#held(this.log.waitFor(wanted, after, seconds));
  }

  /** Ends it in an orderly way, once; fails if it had failed. */
  close() {
    this.#closed ??= this.#held(this.#close());
    return this.#closed;
  }

  /** Ends it where it does not read its standard input yet. */
  async abandon() {
    this.#child.kill('SIGTERM');
    await this.#held(this.#endOrKill());
  }

  async #close() {
    // Not the end of its standard input: it may be busy with a line of that.
    this.#child.kill('SIGTERM');
    const inTime = await this.#endOrKill();
    if (!inTime) {
      throw this.error(`the gateway did not end within ${END_TAKES / 1000} s and was killed`);
    }
    if (this.#end.code !== 0) throw this.#hasEnded();
  }

  /** Whether it has ended by itself. */
  async #endOrKill() {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#child.kill('SIGKILL');
    }, END_TAKES);
    await this.#ended;
    clearTimeout(timer);
    return !isLate;
  }

  /** An error with the log, and with how the process ended. */
  error(message) {
    return new GatespecError(message, { exitCode: this.#end?.code ?? null, logs: this.log.lines });
  }

  #hasEnded() {
    const { code, signal, error } = this.#end;
    if (error) return error;
    if (code === 0) return this.error('the gateway has ended');
    const how = signal === null ? `exit code ${code}` : signal;
    const said = this.log.lastWords();
    return this.error(`the gateway has ended (${how})${said && `:\n${said}`}`);
  }

  #take(line) {
    const isAnswer = this.#isReady ? ANSWER.test(line) : true;
    this.#isReady = true;
    if (isAnswer) this.#waiting.shift()?.resolve(line);
    else this.log.add(line);
  }

  /** Keeps this process alive until something is settled. */
  async #held(promise) {
    if (this.#holds++ === 0) for (const part of this.#parts()) part.ref();
    try {
      return await promise;
    } finally {
      if (--this.#holds === 0) for (const part of this.#parts()) part.unref();
    }
  }

  /** What keeps this process from ending. */
  #parts() {
    const { stdin, stdout, stderr } = this.#child;
    return [this.#child, stdin, stdout, stderr].filter(Boolean);
  }
}

function spawned(program, list, onEnd) {
  try {
    return spawn(program, list, { stdio: 'pipe' });
  } catch (error) {
    onEnd();
    throw cannotStart(program, error);
  }
}

module.exports = { ServeProcess };
