// The way to the gateway: requests with the page's key, and the stream of what happens.

/** @typedef {import("./types.js").Hello} Hello */
/** @typedef {import("./types.js").Changes} Changes */

const KEY = "gatespec-inspect";
/** The header that carries the page's key. No other page can send it. */
const HEADER = "x-gatespec-inspect";

/**
 * The key of the address that was opened, which then leaves the address bar; later the one that this
 * tab was opened with.
 *
 * @returns {string}
 */
function key() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEY) ?? "";
}

const own = key();

/** What the gateway answers to a request that it does not do. */
export class Refused extends Error {
  /** @param {number} status @param {string} text */
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/**
 * Asks the gateway.
 *
 * @param {string} path below `api/`
 * @param {any} [body] what to post; without it, the request is a GET
 * @returns {Promise<any>} the JSON of the answer
 */
export async function ask(path, body) {
  const response = await request(path, body);
  return response.json();
}

/**
 * @param {string} path
 * @param {any} [body]
 * @param {AbortSignal} [signal]
 */
async function request(path, body, signal) {
  const headers = { [HEADER]: own, "content-type": "application/json" };
  const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`api/${path}`, { ...post, headers, signal, cache: "no-store", referrerPolicy: "no-referrer" });
  if (!response.ok) throw new Refused(response.status, (await response.text()).trim());
  return response;
}

/**
 * What happens from a revision on, until the stream ends or is aborted.
 *
 * `EventSource` cannot send a header, and a key in an address would be in histories and logs: so this
 * reads the stream itself.
 *
 * @param {{revision: number, number: number}} known what the page knows; zeros for nothing
 * @param {AbortSignal} signal
 * @param {{hello: (hello: Hello) => void, changes: (changes: Changes) => void}} to
 */
export async function live(known, signal, to) {
  const response = await request(`live?since=${known.revision}&number=${known.number}`, undefined, signal);
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const lines = event.split("\n");
      const name = lines.find(line => line.startsWith("event: "))?.slice(7);
      const data = lines.find(line => line.startsWith("data: "))?.slice(6);
      if (data && name === "hello") to.hello(JSON.parse(data));
      if (data && name === "changes") to.changes(JSON.parse(data));
    }
  }
}
