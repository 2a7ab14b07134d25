'use strict';

const { setImmediate } = require('node:timers/promises');
const { binaryPath } = require('./binary.js');
const { serveArguments } = require('./arguments.js');
const { ServeProcess } = require('./process.js');

/** How long a start, and an answer to a line, may take, in seconds. */
const START_TAKES = 120;
/** How long a line of the log may take, in seconds. */
const LINE_TAKES = 10;
/** How long functions may be at work, in seconds. */
const SETTLE_TAKES = 10;

/** A gateway that serves. Its members are documented in index.d.ts. */
class Gateway {
  #process;
  #isFrozen;
  /** How long an answer may take, in seconds. */
  #answerTakes;

  constructor(process, isFrozen, answerTakes, ready) {
    this.#process = process;
    this.#isFrozen = isFrozen;
    this.#answerTakes = answerTakes;
    this.ready = ready;
    this.wsUrl = ready.ws;
    this.managementUrl = ready.management;
    this.dynamodbUrl = ready.dynamodb;
    this.tables = ready.tables;
    this.apiKeys = ready.api_keys;
    this.customDomains = ready.custom_domains;
    this.ca = ready.ca;
  }

  get logs() {
    return this.#process.log.lines;
  }

  async waitForLog(wanted, { after = 0, timeout = LINE_TAKES } = {}) {
    const line = await this.#process.line(wanted, after, timeout);
    if (line !== undefined) return line;
    const log = this.#process.log.tail(after);
    throw this.#process.error(`no line with \`${wanted}\` in the log within ${timeout} s:\n${log}`);
  }

  async advance(seconds) {
    if (!this.#isFrozen) {
      throw this.#process.error(
        'time passes by itself: `advance` needs a frozen clock, which `start` gives without `clock`, ' +
          '`data` and credentials',
      );
    }
    if (!Number.isFinite(seconds) || seconds < 0) {
      throw this.#process.error(`\`${seconds}\` is not a number of seconds`);
    }
    const answer = await this.#answerTo(`advance ${seconds}`);
    return Number(answer.slice('now '.length));
  }

  async apply() {
    const answer = await this.#answerTo('apply');
    return answer.slice('applied: '.length);
  }

  async settle({ timeout = SETTLE_TAKES } = {}) {
    const settled = await within(timeout, this.#ask('settle'));
    if (settled !== undefined) return;
    const log = this.#process.log.tail();
    throw this.#process.error(`a function is still at work after ${timeout} s:\n${log}`);
  }

  close() {
    return this.#process.close();
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }

  /** The answer to a line, which must come in time. */
  async #answerTo(question) {
    const seconds = this.#answerTakes;
    const answer = await within(seconds, this.#ask(question));
    if (answer !== undefined) return answer;
    const log = this.#process.log.tail();
    throw this.#process.error(`no answer to \`${question}\` within ${seconds} s:\n${log}`);
  }

  /** The answer to a line, however late; an error with what the log says about it. */
  async #ask(question) {
    const before = this.logs.length;
    const answer = await this.#process.answer(question);
    // The log was written before the answer, to another pipe: it is read in this turn.
    await setImmediate();
    if (!answer.startsWith('error: ')) return answer;
    const said = this.logs.slice(before);
    throw this.#process.error([answer.slice('error: '.length), ...said].join('\n'));
  }
}

async function start(template = '.', options = {}) {
  const program = binaryPath();
  const { list, isFrozen, remove } = serveArguments(template, options);
  const seconds = options.timeout ?? START_TAKES;
  // While it runs, it reads the file of variables again, as `--watch` does at each save.
  const process = new ServeProcess(program, list, remove);
  const ready = await readyLine(process, seconds);
  return new Gateway(process, isFrozen, seconds, JSON.parse(ready));
}

/** The line that says where the gateway is, or an error after so many seconds. */
async function readyLine(process, seconds) {
  const ready = await within(seconds, process.answer());
  if (ready !== undefined) return ready;
  await process.abandon();
  const log = process.log.tail();
  throw process.error(
    `the gateway was not ready after ${seconds} s (the option \`timeout\`):\n${log}`,
  );
}

/** What a promise gives, or `undefined` after so many seconds. */
async function within(seconds, promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

module.exports = { start };
