// Gatespec's own runtime for Node: fetches events, calls the handler, posts what it answers.
//
// It behaves like the runtime that `AWS_EXECUTION_ENV` names. `classic` is nodejs16.x to nodejs22.x
// (aws-lambda-ric 3.3.0), the rest nodejs24.x (4.0.2). What is the same and what is not is a table:
// snapshots/runtimes/nodejs.md.

import { Client } from './client.mjs';
import { current, logError, patch } from './console.mjs';
import { RuntimeError } from './errors.mjs';
import { HIGH_WATER_MARK, load, STREAMING } from './handler.mjs';

const { env } = process;
const generation = Number(/^AWS_Lambda_nodejs(\d+)\.x$/.exec(env.AWS_EXECUTION_ENV)?.[1] ?? 22);
const isModern = generation >= 24;
const address = env.AWS_LAMBDA_RUNTIME_API;
const client = new Client(address, isModern);
const classic = isModern ? undefined : await import('./classic.mjs');

/** The request and trace ids of the event in work, for libraries. */
const store = {
  context: undefined,
  getContext: () => store.context,
  hasContext: () => store.context !== undefined,
  get: (key) => store.context?.[key],
  set(key, value) {
    if (Object.values(IDS).includes(key)) {
      throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    }
    store.context = { ...store.context, [key]: value };
  },
  run(context, work) {
    store.context = context;
    return work();
  },
  getRequestId: () => store.get(IDS.requestId) ?? '-',
  getXRayTraceId: () => store.get(IDS.traceId),
  getTenantId: () => store.get(IDS.tenantId),
};
const IDS = {
  requestId: Symbol.for('_AWS_LAMBDA_REQUEST_ID'),
  traceId: Symbol.for('_AWS_LAMBDA_X_RAY_TRACE_ID'),
  tenantId: Symbol.for('_AWS_LAMBDA_TENANT_ID'),
};

async function provideAwslambda() {
  if (['1', 'true'].includes(env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = {
    ...(isModern && { InvokeStore: store }),
    streamifyResponse(handler, options) {
      handler[STREAMING] = 'response';
      if (typeof options?.highWaterMark === 'number') {
        handler[HIGH_WATER_MARK] = parseInt(options.highWaterMark, 10);
      }
      return handler;
    },
    // Looked at by few functions: node:http is not loaded for the others.
    HttpResponseStream: {
      from: (stream, prelude) => streams.HttpResponseStream.from(stream, prelude),
    },
  };
}

// Stacks name what the handler is called on, as AWS's own do: `Runtime.handler`.
class Runtime {}
class BufferedInvokeProcessor {}
class StreamingInvokeProcessor {}

let streams;

const parsed = (text, name) => {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
};

/** What the handler learns of its event. */
function contextOf(headers) {
  const header = (name) => headers[`lambda-runtime-${name}`];
  const deadline = Number(header('deadline-ms'));
  const traceId = header('trace-id');
  if (traceId) env._X_AMZN_TRACE_ID = traceId;
  else delete env._X_AMZN_TRACE_ID;
  const ofEnvironment = {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
  };
  const ofEvent = {
    clientContext: parsed(header('client-context'), 'ClientContext'),
    identity: parsed(header('cognito-identity'), 'CognitoIdentity'),
    invokedFunctionArn: header('invoked-function-arn'),
    awsRequestId: header('aws-request-id'),
    tenantId: header('aws-tenant-id'),
    ...(isModern && { xRayTraceId: traceId }),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  // In the order in which each generation lists them.
  return isModern
    ? { ...ofEvent, functionName: undefined, ...ofEnvironment }
    : { ...ofEnvironment, ...ofEvent };
}

/** Works on one event as nodejs24.x does. */
async function work(runtime, event, context, id) {
  let answered;
  try {
    const result = await runtime.handler(event, context);
    await new Promise(setImmediate);
    answered = serialized(result);
  } catch (error) {
    await new Promise(setImmediate);
    logError('Invoke Error', error);
    return client.fail(id, error);
  }
  return client.respond(id, answered);
}

function serialized(result) {
  let text;
  try {
    text = JSON.stringify(result === undefined ? null : result);
  } catch {
    throw new RuntimeError('JSONStringifyError', 'Unable to stringify response body');
  }
  // A function or a symbol: what the native client says of a text that is none.
  if (typeof text !== 'string') throw new TypeError('Wrong arguments');
  return text;
}

async function stream(opened, runtime, event, context) {
  try {
    const result = runtime.handler(event, opened.stream, context);
    if (!(typeof result === 'object' && typeof result?.then === 'function')) {
      throw new Error('Streaming does not support non-async handlers.');
    }
    if ((await result) !== undefined) console.warn('Streaming handlers ignore return values.');
    await opened.done;
    if (!opened.stream.writableFinished) throw new Error('Response stream is not finished.');
  } catch (error) {
    await new Promise(setImmediate);
    logError('Invoke Error', error);
    await opened.fail(error);
  }
}

async function serve(handler) {
  const streaming = handler[STREAMING];
  if (streaming) streams = await import('./stream.mjs');
  const Processor = streaming ? StreamingInvokeProcessor : BufferedInvokeProcessor;
  const runtime = new (classic ? Runtime : Processor)();
  runtime.handler = handler;
  for (;;) {
    const { headers, event } = await client.next();
    const id = headers['lambda-runtime-aws-request-id'];
    current.requestId = id;
    current.tenantId = headers['lambda-runtime-aws-tenant-id'];
    const context = () => contextOf(headers);
    const mark = handler[HIGH_WATER_MARK];
    const opened = streaming && streams.open(address, client.streamPath(id), mark, isModern);
    if (classic) {
      await (opened
        ? classic.stream(opened, runtime, event, context)
        : classic.work(client, runtime, event, context, id));
      continue;
    }
    const given = context();
    const parsedEvent = JSON.parse(event);
    const ids = { [IDS.requestId]: id, [IDS.traceId]: given.xRayTraceId };
    await store.run(ids, () =>
      opened
        ? stream(opened, runtime, parsedEvent, given)
        : work(runtime, parsedEvent, given, id),
    );
  }
}

/** What is missing here, while Lambda's own runtime has it. */
function explain(error) {
  const name = /Cannot find (?:package|module) '((?:@aws-sdk|@smithy)\/[^/']+|aws-sdk)/.exec(error);
  if (!name) return;
  process.stderr.write(
    `gatespec: on Lambda the runtime brings \`${name[1]}\` along; here it has to be installed: ` +
      `npm install ${name[1]}, in ${env.LAMBDA_TASK_ROOT} or above\n`,
  );
}

/**
 * From now on, what is written is in the pipe when the call returns. Node would keep back what does
 * not fit, and a result or an exit would overtake it. Both streams are the same pipe: the second
 * that is opened would undo it for the first.
 */
function writeAtOnce() {
  for (const { _handle } of [process.stdout, process.stderr]) _handle?.setBlocking?.(true);
}

RuntimeError.namesItself = isModern;
writeAtOnce();
patch(isModern);
await provideAwslambda();
classic?.postUncaught(client, (reason) => {
  return new RuntimeError('UnhandledPromiseRejection', reason);
});
let handler;
try {
  handler = await load(env.LAMBDA_TASK_ROOT, env._HANDLER, isModern);
  if (isModern && handler.length >= 3 && !handler[STREAMING]) {
    throw new RuntimeError(
      'CallbackHandlerDeprecated',
      'ERROR: AWS Lambda has removed support for callback-based function handlers starting with ' +
        'Node.js 24. You need to modify this function to use a supported handler signature to use ' +
        'Node.js 24 or later. For more information see ' +
        'https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
    );
  }
} catch (error) {
  explain(error);
  if (classic) throw error;
  logError('Init Error', error);
  await client.initFailed(error);
  throw error.uncaught ?? error;
}
serve(handler);
