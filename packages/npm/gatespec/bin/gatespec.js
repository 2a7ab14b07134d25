#!/usr/bin/env node
'use strict';

// Runs the program with these arguments and this standard input, output and error, and ends as it
// does.

const { spawn } = require('node:child_process');
const os = require('node:os');
const { binaryPath, cannotStart } = require('../lib/binary.js');

/** What would end this process while the program goes on. */
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR2'];
/** As `gatespec` itself ends when it cannot run. */
const COULD_NOT_RUN = 3;

function fail(error) {
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = COULD_NOT_RUN;
}

function run(program) {
  const child = spawned(program);
  const forward = (signal) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  child.on('error', (error) => fail(cannotStart(program, error)));
  child.on('exit', (code, signal) => {
    for (const own of SIGNALS) process.off(own, forward);
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    // What a shell says of it, should the signal not end this process.
    process.exitCode = 128 + os.constants.signals[signal];
    process.kill(process.pid, signal);
  });
}

function spawned(program) {
  try {
    return spawn(program, process.argv.slice(2), { stdio: 'inherit' });
  } catch (error) {
    // A file of another format, for one; most errors are events.
    throw cannotStart(program, error);
  }
}

try {
  run(binaryPath());
} catch (error) {
  fail(error);
}
