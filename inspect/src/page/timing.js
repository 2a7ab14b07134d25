// How long each stage took, as bars below one another.

import { el } from "./dom.js";
import { span } from "./format.js";

/** @typedef {import("./types.js").Exchange} Exchange */

/** @param {Exchange} exchange @returns {HTMLElement} */
export function timing(exchange) {
  const last = Math.max(exchange.ended ?? exchange.began, ...exchange.sent.map(sent => sent.at), ...exchange.calls.map(call => call.ended ?? call.began));
  const whole = Math.max(1, last - exchange.began);
  const rows = [];
  for (const call of exchange.calls) {
    const end = call.ended ?? last;
    rows.push(row(call.role, call.began - exchange.began, end - call.began, whole));
    const { initMillis: init, durationMillis: duration } = call.function ?? {};
    if (init) rows.push(row("init", call.began - exchange.began, init, whole));
    if (duration) rows.push(row("handler", Math.max(0, end - exchange.began - duration), duration, whole));
  }
  for (const sent of exchange.sent.slice(0, 8)) rows.push(row(sent.what.type === "close" ? "close" : "sent", sent.at - exchange.began, 0, whole));
  if (rows.length === 0) return el("p", { class: "unseen", text: "Nothing was called." });
  return el("table", { class: "timing" },
    el("caption", { text: `Stages of ${span(last - exchange.began)}` }),
    el("thead", { class: "unseen" }, el("tr", {}, el("th", { scope: "col", text: "Stage" }), el("th", { scope: "col", text: "When" }), el("th", { scope: "col", text: "Milliseconds" }))),
    el("tbody", {}, ...rows));
}

/** @param {string} name @param {number} from @param {number} took @param {number} whole */
function row(name, from, took, whole) {
  const bar = el("span", { class: "stage", "data-stage": name });
  const left = Math.min(100, (100 * from) / whole);
  bar.style.left = `${left}%`;
  bar.style.width = `${Math.min(100 - left, (100 * took) / whole)}%`;
  const when = took > 0 ? `${Math.round(took * 10) / 10}` : `at ${Math.round(from)}`;
  return el("tr", {}, el("th", { scope: "row", text: name }), el("td", { class: "lane" }, bar), el("td", { class: "took", text: when }));
}
