// Stands in for the native client of aws-lambda-ric (C++), so that comparing needs no compiler. As
// the native one, it posts while JavaScript waits, and fetches while it does not.

const { Worker } = require('node:worker_threads');

const API = '/2018-06-01/runtime/invocation';
const shared = new SharedArrayBuffer(4);
const posted = new Int32Array(shared);

const code = `
  const { parentPort, workerData } = require('node:worker_threads');
  const http = require('node:http');
  const agent = new http.Agent({ keepAlive: true });
  const posted = new Int32Array(workerData);
  parentPort.on('message', ({ method, path, headers, body }) => {
    const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
    const request = http.request({ agent, host, port, method, path, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        if (method === 'POST') {
          Atomics.store(posted, 0, 1);
          Atomics.notify(posted, 0);
        } else {
          const text = Buffer.concat(chunks).toString();
          parentPort.postMessage({ text, headers: response.headers });
        }
      });
    });
    request.on('error', () => {});
    request.end(body);
  });`;
const worker = new Worker(code, { eval: true, workerData: shared, execArgv: [] });
worker.unref();

function post(path, body, headers) {
  if (typeof body !== 'string') throw new TypeError('Wrong arguments');
  Atomics.store(posted, 0, 0);
  const all = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  worker.postMessage({ method: 'POST', path, body, headers: { ...all, ...headers } });
  Atomics.wait(posted, 0, 0, 20_000);
}

exports.next = () =>
  new Promise((resolve) => {
    worker.ref();
    worker.once('message', ({ text, headers }) => {
      worker.unref();
      const given = {};
      const names = ['aws-request-id', 'trace-id', 'invoked-function-arn', 'client-context'];
      for (const name of [...names, 'cognito-identity', 'aws-tenant-id']) {
        const value = headers[`lambda-runtime-${name}`];
        if (value) given[`lambda-runtime-${name}`] = value;
      }
      given['lambda-runtime-deadline-ms'] = Number(headers['lambda-runtime-deadline-ms']);
      resolve({ bodyJson: text, headers: given });
    });
    worker.postMessage({ method: 'GET', path: `${API}/next` });
  });
exports.done = (id, body) => post(`${API}/${id}/response`, body);
exports.error = (id, body, cause) => {
  const headers = cause ? { 'Lambda-Runtime-Function-XRay-Error-Cause': cause } : {};
  post(`${API}/${id}/error`, body, headers);
};
