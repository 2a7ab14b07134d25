// Everything about one request, in the order in which it happened.

import { ask } from "./api.js";
import { calls } from "./call.js";
import { byId, copy, el } from "./dom.js";
import { moment, shown, span, time } from "./format.js";
import { draws, redraw, request as summaryOf, state } from "./model.js";
import { block, fields, part, prose } from "./parts.js";
import { timing } from "./timing.js";

/** @typedef {import("./types.js").Exchange} Exchange */

const section = byId("detail");
/** What is drawn: a request's number, its state and whether secrets are shown. */
let drawn = "";

/** @param {(template: import("./types.js").Template) => void} intoConsole opens a template there */
export function start(intoConsole) {
  draws(() => draw(intoConsole));
  section.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") choose(null);
  });
}

/** Shows a request. @param {number | null} number */
export function choose(number) {
  state.chosen = number;
  if (number === null) byId("timeline").focus();
  redraw();
}

/** @param {(template: import("./types.js").Template) => void} intoConsole */
async function draw(intoConsole) {
  section.hidden = state.chosen === null;
  document.body.toggleAttribute("data-detail", !section.hidden);
  if (state.chosen === null) {
    drawn = "";
    return;
  }
  const number = state.chosen;
  const summary = summaryOf(number);
  const key = `${number} ${summary?.verdict} ${summary?.ended} ${summary?.revision} ${state.reveals}`;
  if (key === drawn) return;
  const isOther = !drawn.startsWith(`${number} `);
  drawn = key;
  try {
    const exchange = await ask(`exchanges/${number}${state.reveals ? "?reveal=1" : ""}`);
    if (drawn === key) fill(exchange, isOther, intoConsole);
  } catch (error) {
    if (drawn === key) section.replaceChildren(head(number, "gone"), el("p", { class: "none", text: error instanceof Error ? error.message : String(error) }));
  }
}

/** @param {number} number @param {string} verdict */
function head(number, verdict) {
  return el("header", {},
    el("h2", { id: "detail-title", text: `Request ${number}` }),
    el("span", { class: "verdict", "data-verdict": verdict, text: verdict }),
    el("button", { type: "button", class: "quiet close", "aria-label": "Close the detail", text: "Close", onclick: () => choose(null) }));
}

/**
 * @param {Exchange} exchange
 * @param {boolean} isOther whether another request was shown before
 * @param {(template: import("./types.js").Template) => void} intoConsole
 */
function fill(exchange, isOther, intoConsole) {
  const top = isOther ? 0 : section.scrollTop;
  const folded = isOther ? [] : [...section.querySelectorAll("details:not([open])")].map(one => one.id);
  section.replaceChildren(
    head(exchange.number, exchange.verdict),
    fields([
      ["Kind", exchange.kind],
      ["Began", moment(exchange.began)],
      ["Took", tookOf(exchange)],
      ["Connection", exchange.connectionId],
      ["Request id", exchange.requestId],
    ]),
    exchange.isCut ? el("p", { class: "cut", text: "Something of this request was longer than is kept." }) : "",
    copies(exchange),
    timing(exchange),
    part("request", "Request", ...requestOf(exchange.request)),
    decisions(exchange),
    ...calls(exchange, intoConsole),
    part("sent", "What was sent", ...sentOf(exchange)),
    exchange.accessLog ? part("access-log", "Access log", block(shown(exchange.accessLog), "json")) : "",
  );
  for (const id of folded) section.querySelector(`#${CSS.escape(id)}`)?.removeAttribute("open");
  section.scrollTop = top;
}

/** @param {Exchange} exchange */
function tookOf({ began, ended, verdict }) {
  if (ended === null) return "under way";
  return verdict === "unknown" ? "unknown" : span(ended - began);
}

/** The buttons that take the request elsewhere. @param {Exchange} exchange */
function copies(exchange) {
  const button = (/** @type {string} */ label, /** @type {string} */ what) => el("button", {
    type: "button",
    text: label,
    onclick: async (/** @type {any} */ event) => {
      const target = event.currentTarget;
      try {
        const { text } = await ask(`${what}/${exchange.number}${state.reveals ? "?reveal=1" : ""}`);
        await copy(target, text);
      } catch (error) {
        const said = byId("copied");
        said.textContent = error instanceof Error ? error.message : String(error);
      }
    },
  });
  return el("p", { class: "buttons" }, button("Copy as case", "case"), button("Copy as event", "event"), el("output", { id: "copied" }));
}

/** @param {any} request @returns {HTMLElement[]} */
function requestOf(request) {
  switch (request.type) {
    case "frame": return [block(shown(request.text), "json")];
    case "close": return [fields([["Code", request.code ?? "none"], ["Reason", request.reason], ["By", request.by]])];
    case "handshake": {
      const path = request.query ? `${request.path}?${request.query}` : request.path;
      return [fields([["Path", path], ["Source IP", request.sourceIp]]), headersOf(request.headers)];
    }
    default: return [fields([["Request", `${request.method} ${request.path}`]]), headersOf(request.headers), ...(request.body ? [block(shown(request.body), "json")] : [])];
  }
}

/** Header fields, as a list of pairs or as an object. @param {any} headers */
function headersOf(headers) {
  return fields(Array.isArray(headers) ? headers : Object.entries(headers ?? {}), "headers");
}

/** @param {Exchange} exchange */
function decisions(exchange) {
  const { route, model } = exchange;
  return part("decisions", "Decisions",
    fields([
      ["Route", route && (route.key ?? "none")],
      ["Because", route?.why],
      ["Model", model && `${model.name}: ${model.verdict}`],
    ]),
    el("ol", { class: "decisions" }, ...exchange.decisions.map(({ at, text }) => el("li", {}, el("time", { text: time(at) }), " ", ...prose(text)))));
}

/** @param {Exchange} exchange @returns {HTMLElement[]} */
function sentOf(exchange) {
  if (exchange.sent.length === 0) return [el("p", { class: "nobody", text: exchange.ended === null ? "Nothing yet." : "Nothing." })];
  return exchange.sent.map(({ at, to, what }) => el("div", { class: "sent" },
    el("p", {}, el("time", { text: time(at) }), " to ", to === "caller" ? "the caller" : el("code", { text: to })),
    ...whatOf(what)));
}

/** @param {any} what @returns {HTMLElement[]} */
function whatOf(what) {
  switch (what.type) {
    case "text": return [block(shown(what.text), "json")];
    case "close": return [fields([["Close", `${what.code ?? "none"} ${what.reason ?? ""}`]])];
    default: return [fields([["Status", what.status]]), headersOf(what.headers), ...(what.body ? [block(shown(what.body), "json")] : [])];
  }
}
