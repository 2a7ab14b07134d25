// An event in nodejs16.x to nodejs22.x: callbacks, `context.done`, and the empty event loop.

import { current, logError } from './console.mjs';

let whenEmpty = () => {};
process.on('beforeExit', () => whenEmpty());

/** Runs `then` once nothing is left to be done. */
function onEmptyLoop(then) {
  whenEmpty = () => {
    whenEmpty = () => {};
    then();
  };
}

/** Works on one event; resolves when it has been answered and the next one can be fetched. */
export function work(client, runtime, event, context, id) {
  return new Promise((next) => {
    let isAnswered = false;
    let isCalled = false;
    let waits = true;
    const fail = (error) => {
      logError('Invoke Error', error);
      client.fail(id, error).then(next);
    };
    const succeed = (result) => {
      if (isAnswered) {
        console.error(
          'Invocation has already been reported as done. Cannot call complete more than once ' +
            'per invocation.',
        );
        return;
      }
      isAnswered = true;
      client.respond(id, serialized(result)).then(next);
    };
    const once =
      (then) =>
      (...args) => {
        if (isCalled) return;
        then(...args);
        isCalled = true;
      };
    const isGiven = (error) => error !== undefined && error !== null;
    const done = (error, result) => {
      whenEmpty = () => {};
      if (isGiven(error)) fail(error);
      else succeed(result);
    };
    const callback = once((error, result) => {
      whenEmpty = () => {};
      if (isGiven(error)) fail(error);
      else if (waits) onEmptyLoop(() => setImmediate(() => succeed(result)));
      else succeed(result);
    });
    const members = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
      succeed: once((result) => done(null, result)),
      fail: once((error) => (isGiven(error) ? done(error, null) : done('handled'))),
      done: once(done),
    };
    try {
      onEmptyLoop(() => {
        isAnswered = true;
        client.respond(id, 'null').then(next);
      });
      const all = Object.assign(members, context());
      const result = runtime.handler(JSON.parse(event), all, callback);
      if (result?.then && typeof result.then === 'function') {
        result.then(members.succeed, members.fail).catch(members.fail);
      }
    } catch (error) {
      callback(error);
    }
  });
}

/** Works on one event whose response is streamed. */
export function stream(opened, runtime, event, context) {
  return new Promise((next) => {
    let waits = true;
    const scheduled = () => {
      if (waits) onEmptyLoop(() => setImmediate(next));
      else next();
    };
    const failed = (error) => {
      logError('Invoke Error', error);
      opened.fail(error).then(scheduled);
    };
    const members = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
    };
    const run = async () => {
      onEmptyLoop(next);
      const all = Object.assign(members, context());
      const result = runtime.handler(JSON.parse(event), opened.stream, all);
      if (!(result?.then && typeof result.then === 'function')) {
        return failed('Streaming does not support non-async handlers.');
      }
      if ((await result) !== undefined) console.warn('Streaming handlers ignore return values.');
      await opened.done;
      if (!opened.stream.writableFinished) return failed('Response stream is not finished.');
      return scheduled();
    };
    run().catch(failed);
  });
}

/** What ends the process while an event is in work is posted as its error. */
export function postUncaught(client, unhandledRejection) {
  const end = (what, error, code) => {
    logError(what, error);
    if (current.requestId === undefined) {
      client.initFailed(error).then(() => leave(error, code));
    } else {
      client.failNow(current.requestId, error);
      process.exit(code);
    }
  };
  process.on('uncaughtException', (error) => end('Uncaught Exception', error, 129));
  process.on('unhandledRejection', (reason, promise) => {
    const error = unhandledRejection(reason);
    Object.assign(error, { reason, promise });
    end('Unhandled Promise Rejection', error, 128);
  });
}

/** Ends the process with this code; Node shows first where a syntax error is. */
function leave(error, code) {
  const syntax = error?.uncaught;
  if (!syntax) process.exit(code);
  process.removeAllListeners('uncaughtException');
  process.removeAllListeners('unhandledRejection');
  process.on('exit', () => {
    process.exitCode = code;
  });
  setImmediate(() => {
    throw syntax;
  });
}

function serialized(result) {
  let text;
  try {
    text = JSON.stringify(result === undefined ? null : result);
  } catch {
    throw new Error('Unable to stringify response body');
  }
  // A function or a symbol: what the native client says of a text that is none.
  if (typeof text !== 'string') throw new TypeError('Wrong arguments');
  return text;
}
