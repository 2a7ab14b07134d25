// Streamed responses: `awslambda.streamifyResponse` and what its handlers write to.

import http from 'node:http';
import { posted, RuntimeError } from './errors.mjs';

const PRELUDE = 'application/vnd.awslambda.http-integration-response';
const ERROR_TYPE = 'Lambda-Runtime-Function-Error-Type';
const ERROR_BODY = 'Lambda-Runtime-Function-Error-Body';

// What a handler sees of the request that its stream is.
const METHODS = [
  'cork destroy end uncork write addListener emit eventNames getMaxListeners listenerCount',
  'listeners off on once prependListener prependOnceListener rawListeners removeAllListeners',
  'removeListener setMaxListeners setContentType',
]
  .join(' ')
  .split(' ');
const MEMBERS = [
  'destroyed writable writableFinished writableObjectMode writableBuffer writableEnded',
  'writableNeedDrain writableHighWaterMark writableCorked writableLength',
]
  .join(' ')
  .split(' ');

/** `awslambda.HttpResponseStream`: status and headers before the body. */
export class HttpResponseStream {
  static from(stream, prelude) {
    stream.setContentType(PRELUDE);
    const text = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(new Uint8Array(8));
    };
    return stream;
  }
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** A response's stream for the handler, how it is failed, and its end. */
export function open(address, path, highWaterMark, isModern) {
  const colon = address.lastIndexOf(':');
  let resolve;
  let reject;
  const done = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever waits for it hears of it; a handler that ends early does not.
  done.catch(() => {});
  const request = http.request({
    agent,
    highWaterMark,
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    method: 'POST',
    path,
    headers: {
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      'Transfer-Encoding': 'chunked',
      Trailer: [ERROR_TYPE, ERROR_BODY],
      'Content-Type': 'application/octet-stream',
    },
  });
  request.on('response', (response) => {
    response.on('end', resolve).on('aborted', reject).resume();
  });
  request.on('error', (error) => {
    reject(error);
    request.destroy(error);
  });
  const stream = writable(request);
  const fail = (error) => {
    const body = posted(error, isModern);
    request.addTrailers({
      [ERROR_TYPE]: body.errorType,
      [ERROR_BODY]: Buffer.from(JSON.stringify(body)).toString('base64'),
    });
    return new Promise((ended) => request.end(ended));
  };
  return { stream, fail, done };
}

function writable(request) {
  let isWritten = false;
  const write = request.write.bind(request);
  const stream = {};
  request.setContentType = (type) => {
    if (isWritten) {
      throw new RuntimeError('InvalidStreamingOperation', 'Cannot set content-type, too late.');
    }
    request.setHeader('Content-Type', type);
  };
  request.write = (chunk, ...more) => {
    const isBytes = typeof chunk === 'string' || chunk instanceof Uint8Array;
    const bytes = isBytes ? chunk : JSON.stringify(chunk);
    if (!isWritten) request._onBeforeFirstWrite?.((first) => write(first));
    isWritten = true;
    return write(bytes, ...more);
  };
  for (const name of METHODS) stream[name] = request[name].bind(request);
  const before = {
    get: () => request._onBeforeFirstWrite,
    set: (value) => {
      request._onBeforeFirstWrite = value;
    },
  };
  Object.defineProperty(stream, '_onBeforeFirstWrite', before);
  for (const name of MEMBERS) Object.defineProperty(stream, name, { get: () => request[name] });
  return stream;
}
