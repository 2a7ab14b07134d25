// `console` as in a function: a record for each call, with the time, the request and the level.

import { format } from 'node:util';
import { writeSync } from 'node:fs';
import { asError, logged } from './errors.mjs';

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
// The first word of a frame; the level is in its last byte, in steps of four.
const TEXT_FRAME = 0xa55a0003;
const JSON_FRAME = 0xa55a0002;

/** The event in work; `undefined` before the first one. */
export const current = { requestId: undefined, tenantId: undefined };

let isJson = false;
let isModern = false;

const errorMembers = (error) => ({
  errorType: error.constructor?.name ?? 'UnknownError',
  errorMessage: error.message,
  stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : error.stack,
});

function jsonRecord(timestamp, level, requestId, args) {
  const record = { timestamp, level, requestId };
  if (current.tenantId != null && current.tenantId !== '') record.tenantId = current.tenantId;
  const [message, ...more] = args;
  if (more.length === 0) {
    record.message = message;
    const members = (_, value) =>
      value instanceof Error ? { ...errorMembers(value), ...value } : value;
    try {
      return JSON.stringify(record, members);
    } catch {
      record.message = format(message);
      return JSON.stringify(record);
    }
  }
  record.message = format(message, ...more);
  const error = (isModern ? more : args).find((value) => value instanceof Error);
  if (error) Object.assign(record, errorMembers(error), !error.stack && { stackTrace: [] });
  return JSON.stringify(record);
}

function record(level, args) {
  const time = new Date();
  const timestamp = time.toISOString();
  const requestId = current.requestId ?? (isModern ? '-' : undefined);
  const line = isJson
    ? jsonRecord(timestamp, level, requestId, args)
    : `${timestamp}\t${requestId}\t${level}\t${format(args[0], ...args.slice(1))}`;
  return [time, line];
}

function toStream(level, args) {
  const [, line] = record(level, args);
  process.stdout.write(`${line.replace(/\n/g, '\r')}\n`);
}

function toFrames(descriptor) {
  return (level, args) => {
    const [time, line] = record(level, args);
    const text = Buffer.from(isJson ? line : `${line}\n`);
    const head = Buffer.alloc(16);
    const mask = 4 * (LEVELS.indexOf(level) + 1);
    head.writeUInt32BE(((isJson ? JSON_FRAME : TEXT_FRAME) | mask) >>> 0, 0);
    head.writeUInt32BE(text.length, 4);
    head.writeBigUInt64BE(BigInt(time.getTime()) * 1000n, 8);
    writeSync(descriptor, Buffer.concat([head, text]));
  };
}

/** From now on, `console` writes records. */
export function patch(modern) {
  isModern = modern;
  isJson = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';
  const descriptor = Number(process.env._LAMBDA_TELEMETRY_LOG_FD || NaN);
  delete process.env._LAMBDA_TELEMETRY_LOG_FD;
  const write = descriptor > 0 ? toFrames(descriptor) : toStream;
  const least = LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase());
  LEVELS.forEach((level, index) => {
    const isWritten = index >= least || (!modern && level === 'FATAL');
    console[level.toLowerCase()] = isWritten ? (...args) => write(level, args) : () => {};
  });
  console.log = console.info;
}

/** A record of an error that ends an event, or the process. */
export function logError(what, thrown) {
  const error = asError(thrown, isModern);
  if (isJson) console.error(error);
  else console.error(what, logged(error, isModern));
}
