// Leads connections to the API's own host, and to those of the services that the gateway has, to
// the gateway: in this process, and in every Node that it starts. Loaded by `NODE_OPTIONS`.
//
// What connects (node:https, fetch, ws, the SDKs) comes by here with the name that it was given.
// Only the address is another one then: the `Host` that it sends, or signs, and the name that it
// wants to see in the certificate stay.

'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');

/** By host name, where it leads; the API's own name is the first. */
const homes = new Map();
for (const line of fs.readFileSync(path.join(__dirname, 'home.txt'), 'utf8').split('\n')) {
  const [name, host, port] = line.split(' ');
  if (name) homes.set(name, { host, port: Number(port) });
}

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  return connect.apply(this, lead(args));
};

/** The arguments of `connect`, or those that lead to the gateway. */
function lead(args) {
  // `net.connect` has read its arguments already: the options, and a callback.
  const given = Array.isArray(args[0]) ? args[0] : args;
  const [first, second] = given;
  const isOptions = typeof first === 'object' && first !== null;
  const options = isOptions ? first : { port: first, host: second };
  if (typeof options.host !== 'string' || options.path) return args;
  const name = options.host.toLowerCase().replace(/\.$/, '');
  // `*.` of a custom domain stands for one label.
  const home = homes.get(name) ?? homes.get(name.replace(/^[^.]*/, '*'));
  if (!home) {
    if (isAws(name)) warn(name);
    return args;
  }
  if (![443, home.port].includes(Number(options.port))) return args;
  const callback = given.find((argument) => typeof argument === 'function');
  return [{ ...options, ...home }, ...(callback ? [callback] : [])];
}

function isAws(name) {
  return /\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/.test(name);
}

/** Says once, for all processes, that AWS is called. */
function warn(name) {
  try {
    fs.closeSync(fs.openSync(path.join(__dirname, `said-${name}`), 'wx'));
  } catch {
    return;
  }
  const [api] = homes.keys();
  const [what, help] = name.includes('.execute-api.')
    ? [
        `is not the API of this stack (\`${api}\`)`,
        `. If this stack is meant, start the gateway with \`--allow-host ${name}\``,
      ]
    : ['is not served here', ''];
  const text = `\`${name}\` is called, which ${what}: the call leaves for the internet${help}`;
  fs.writeSync(2, `gatespec: ${text}\n`);
}
