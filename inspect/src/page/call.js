// What was called for a request: the template beside what it rendered, the event, the answer, the log.

import { el } from "./dom.js";
import { shown, span } from "./format.js";
import { block, fields, part } from "./parts.js";

/** @typedef {import("./types.js").Call} Call */
/** @typedef {import("./types.js").Exchange} Exchange */
/** @typedef {import("./types.js").Template} Template */

/**
 * @param {Exchange} exchange
 * @param {(template: Template) => void} intoConsole
 * @returns {HTMLElement[]}
 */
export function calls(exchange, intoConsole) {
  const open = exchange.verdict === "unknown" ? "unknown" : "under way";
  return exchange.calls.map((call, index) => part(`call-${index}`, title(call),
    fields([
      ["Outcome", call.outcome ?? open],
      ["Status", call.status],
      ["Took", call.ended === null ? null : span(call.ended - call.began)],
      ["Invocation", call.function?.requestId],
      ["Init", millis(call.function?.initMillis)],
      ["Duration", millis(call.function?.durationMillis)],
      ["Memory", call.function?.memoryMb ? `${call.function.memoryMb} MB` : null],
    ]),
    ...(call.template ? template("Template", call.template, intoConsole) : []),
    ...labelled(call.payload, call.target.type === "function" ? "Event" : "What it got"),
    ...labelled(call.answer, call.outcome === "returned" ? "Answer" : "Error"),
    ...(call.responseTemplate ? template("Response template", call.responseTemplate, intoConsole) : []),
    ...(call.log.length > 0 ? [block(call.log.join("\n"), null, "Log")] : [])));
}

/** @param {Call} call */
function title(call) {
  const name = call.role === "authorizer" ? "Authorizer" : "Integration";
  return call.target.name ? `${name}: ${call.target.name}` : `${name}: ${call.target.type}`;
}

/** @param {number | null | undefined} value */
function millis(value) {
  return value === null || value === undefined ? null : `${Math.round(value * 10) / 10} ms`;
}

/** @param {any} value @param {string} label @returns {HTMLElement[]} */
function labelled(value, label) {
  return value === null || value === undefined ? [] : [block(shown(value), "json", label)];
}

/**
 * @param {string} label
 * @param {Template} template
 * @param {(template: Template) => void} intoConsole
 * @returns {HTMLElement[]}
 */
function template(label, { key, source, rendered, error, values }, intoConsole) {
  return [
    el("div", { class: "pair" },
      block(source, "velocity", `${label} ${key}`),
      error ? block(error, null, "Failed") : block(rendered ?? "", "json", "Rendered")),
    el("details", { class: "values" }, el("summary", { text: "Values that went in" }),
      block(shown(values.body), "json", "$input.body"),
      block(shown(values.context), "json", "$context"),
      block(shown(values.stageVariables), "json", "$stageVariables")),
    el("p", { class: "buttons" }, el("button", { type: "button", text: "Open in the console", onclick: () => intoConsole({ key, source, rendered, error, values }) })),
  ];
}
