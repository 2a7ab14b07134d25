// The Runtime API over one kept connection. A plain socket, since an event costs less this way
// than with node:http, and since what ends the process must be sent before it does.

import net from 'node:net';
import { writeSync } from 'node:fs';
import { posted, xray } from './errors.mjs';

const API = '/2018-06-01/runtime';

export class Client {
  #host;
  #socket;
  #received = [];
  /** Whoever waits for the answers to what was sent, in that order. */
  #waiting = [];
  #isModern;

  constructor(address, isModern) {
    this.#host = address;
    this.#isModern = isModern;
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon);
    this.#socket = net.connect({ host, port: Number(address.slice(colon + 1)), noDelay: true });
    this.#socket.on('data', (chunk) => this.#read(chunk));
    // The gateway has gone, or has given this process up: there is nobody to tell.
    this.#socket.on('error', () => process.exit(1));
    this.#socket.on('close', () => process.exit(1));
    this.#socket.unref();
  }

  /** The next event: its headers, with small names, and its text. */
  async next() {
    const { headers, body } = await this.#ask(`GET ${API}/invocation/next`, '');
    return { headers, event: body };
  }

  /** Posts a result, a JSON text. Resolves when it has been taken. */
  async respond(id, text) {
    await this.#ask(`POST ${this.#invocation(id)}/response`, text);
  }

  /** Posts what an event has failed with. */
  async fail(id, error) {
    await this.#ask(`POST ${this.#invocation(id)}/error`, ...this.#failure(error));
  }

  /** As `fail`, for a process that ends with it: it is sent when this returns. */
  failNow(id, error) {
    this.#sendNow(this.#request(`POST ${this.#invocation(id)}/error`, ...this.#failure(error)));
  }

  /** Posts why no event can be worked on. */
  async initFailed(error) {
    const body = posted(error, this.#isModern);
    await this.#ask(`POST ${API}/init/error`, JSON.stringify(body), {
      'Lambda-Runtime-Function-Error-Type': body.errorType,
    });
  }

  streamPath(id) {
    return `${this.#invocation(id)}/response`;
  }

  #invocation(id) {
    return `${API}/invocation/${encodeURIComponent(id)}`;
  }

  #failure(error) {
    const cause = xray(error);
    const headers = cause && { 'Lambda-Runtime-Function-XRay-Error-Cause': cause };
    return [JSON.stringify(posted(error, this.#isModern)), headers || {}];
  }

  #request(start, body, headers = {}) {
    let head = `${start} HTTP/1.1\r\nHost: ${this.#host}\r\n`;
    if (start.startsWith('POST')) {
      head += `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    }
    for (const [name, value] of Object.entries(headers)) {
      head += `${name}: ${String(value).replace(/[\r\n\0]/g, ' ')}\r\n`;
    }
    return `${head}\r\n${body}`;
  }

  #ask(start, body, headers) {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.ref();
      this.#socket.write(this.#request(start, body, headers));
    });
  }

  #sendNow(request) {
    const descriptor = this.#socket._handle?.fd;
    let rest = Buffer.from(request);
    while (descriptor >= 0 && rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(descriptor, rest));
      } catch (error) {
        if (error.code !== 'EAGAIN') return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }
    }
  }

  #read(chunk) {
    this.#received.push(chunk);
    for (;;) {
      const all = this.#received.length > 1 ? Buffer.concat(this.#received) : this.#received[0];
      const end = all.indexOf('\r\n\r\n');
      this.#received = [all];
      if (end < 0) return;
      const headers = {};
      for (const line of all.toString('latin1', 0, end).split('\r\n').slice(1)) {
        const colon = line.indexOf(':');
        headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
      }
      const length = Number(headers['content-length'] ?? 0);
      if (all.length < end + 4 + length) return;
      const body = all.toString('utf8', end + 4, end + 4 + length);
      const rest = all.subarray(end + 4 + length);
      this.#received = rest.length > 0 ? [rest] : [];
      const resolve = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#socket.unref();
      resolve?.({ headers, body });
      if (rest.length === 0) return;
    }
  }
}
