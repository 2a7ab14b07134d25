// What the page knows: the last requests, the connections, what is chosen and filtered. Views redraw
// at most once a frame, however much has changed.

/** @typedef {import("./types.js").Summary} Summary */
/** @typedef {import("./types.js").Connection} Connection */
/** @typedef {import("./types.js").Changes} Changes */

/** How many requests are kept, as many as in the gateway. */
const KEPT = 1000;

/** @type {Map<number, Summary>} in the order of their numbers */
const requests = new Map();
/** @type {Map<string, Connection>} */
const connections = new Map();
/** @type {Set<() => void>} */
const views = new Set();
let isDrawing = false;

export const state = {
  /** The revision that the page knows. */
  revision: 0,
  /** The last request that it was told of. */
  number: 0,
  /** The gateway's time. */
  now: 0,
  /** The requests that came and went without this page. */
  missed: 0,
  /** The steps of the gateway that nobody could follow. */
  lost: 0,
  /** The number of the request whose detail is shown. */
  chosen: /** @type {number | null} */ (null),
  /** The connection to which the timeline is narrowed. */
  connection: /** @type {string | null} */ (null),
  filter: { search: "", kind: "", verdict: "", route: "" },
  /** Whether secrets are shown. */
  reveals: false,
};

/** Calls `view` in the next frame after anything has changed. @param {() => void} view */
export function draws(view) {
  views.add(view);
}

/** Says that something has changed. */
export function redraw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    for (const view of views) view();
  });
}

/** Takes in what the gateway tells. @param {Changes} changes */
export function take(changes) {
  state.revision = changes.revision;
  state.now = changes.now;
  state.number = changes.number;
  state.missed += changes.missed;
  state.lost = changes.lost;
  for (const request of changes.exchanges) requests.set(request.number, request);
  for (const number of requests.keys()) {
    if (requests.size <= KEPT) break;
    requests.delete(number);
  }
  if (changes.connections) {
    connections.clear();
    for (const connection of changes.connections) connections.set(connection.connectionId, connection);
  }
  redraw();
}

/** @returns {Summary | undefined} */
export function request(/** @type {number} */ number) {
  return requests.get(number);
}

/** How many requests are kept. */
export function total() {
  return requests.size;
}

/** @returns {Connection[]} open ones first, the oldest on top; then those that ended, the last on top */
export function allConnections() {
  const all = [...connections.values()];
  const open = all.filter(connection => connection.open).sort((one, other) => one.since - other.since);
  return [...open, ...all.filter(connection => !connection.open).reverse()];
}

/** @returns {Summary[]} those that the filters let through */
export function filtered() {
  const { kind, verdict, route } = state.filter;
  const words = state.filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  const all = [...requests.values()];
  if (!kind && !verdict && !route && words.length === 0 && !state.connection) return all;
  return all.filter(request => {
    if (kind && request.kind !== kind) return false;
    if (verdict && request.verdict !== verdict) return false;
    if (route && request.route !== route) return false;
    if (state.connection && request.connectionId !== state.connection) return false;
    if (words.length === 0) return true;
    const text = [request.text, request.route, request.connectionId, request.requestId, request.verdict, request.status, ...request.targets].join(" ").toLowerCase();
    return words.every(word => text.includes(word));
  });
}
