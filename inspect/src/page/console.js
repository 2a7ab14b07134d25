// The template console: what a template makes of a message, as one types.

import { ask } from "./api.js";
import { byId, el } from "./dom.js";
import { colour, pretty } from "./format.js";
import { prose } from "./parts.js";

/** How long typing rests before the template is rendered. */
const REST = 120;
/** Where the inputs are kept until the tab is closed. */
const KEPT = "gatespec-console";
const EXAMPLE = {
  template: '{\n  "action": $input.json(\'$.action\'),\n  "from": "$context.connectionId",\n  "text": "$util.escapeJavaScript($input.path(\'$.text\'))"\n}\n',
  message: '{"action": "send", "text": "it\'s me"}',
  context: "",
  variables: "",
  "content-type": "",
};

const IDS = /** @type {(keyof typeof EXAMPLE)[]} */ (Object.keys(EXAMPLE));
let timer = 0;
/** Whether an answer is awaited: one at a time. */
let isAsked = false;
/** Whether something has changed since that was asked. */
let isStale = false;

export function start() {
  fillIn({ ...EXAMPLE, ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") });
  byId("template-form").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(run, REST);
  });
  byId("template-form").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
}

/** Opens a template with the values that went in. @param {import("./types.js").Template} template */
export function open({ source, values, key }) {
  fillIn({
    template: source,
    message: values.body,
    context: JSON.stringify(values.context, null, 2),
    variables: JSON.stringify(values.stageVariables ?? {}, null, 2),
    "content-type": key.includes("/") ? key : "",
  });
  run();
}

/** @param {Record<string, string>} values */
function fillIn(values) {
  for (const id of IDS) byId(id).value = values[id];
}

/** Renders what stands there, once what stood there before has its answer. */
export async function run() {
  isStale = true;
  if (isAsked) return;
  isAsked = true;
  try {
    while (isStale) {
      isStale = false;
      await render();
    }
  } finally {
    isAsked = false;
  }
}

async function render() {
  const values = Object.fromEntries(IDS.map(id => [id, byId(id).value]));
  sessionStorage.setItem(KEPT, JSON.stringify(values));
  try {
    const answer = await ask("console", {
      template: values.template,
      body: values.message,
      context: object("context", values.context),
      stageVariables: object("variables", values.variables),
      contentType: values["content-type"] || null,
    });
    if (!isStale) show(answer);
  } catch (error) {
    if (!isStale) say("bad", error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} id @param {string} text @returns {any} the object that a field holds */
function object(id, text) {
  const name = id === "context" ? "$context" : "$stageVariables";
  byId(id).removeAttribute("aria-invalid");
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    byId(id).setAttribute("aria-invalid", "true");
    throw new Error(`${name} is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param {"good" | "bad" | "plain"} how @param {string} text */
function say(how, text) {
  const check = byId("check");
  check.dataset.check = how;
  if (check.textContent !== text) check.textContent = text;
}

/** @param {any} answer of `inspect::console` */
function show(answer) {
  const { error, json, output, findings, moreFindings, doubts, guaranteed } = answer;
  if (error) say("bad", error.message);
  else if (json && !json.valid) say("bad", `This is no JSON: ${json.problem} (line ${json.line}, column ${json.column})`);
  else if (json) say("good", guaranteed ? "Valid JSON, for every message" : "Valid JSON, for this message");
  else say("plain", `Not JSON: ${answer.kind}`);
  colour(byId("output"), output === null ? "" : json?.valid ? pretty(output) : output, "json");
  const marks = error?.at ? [{ rule: error.stage, message: error.message, at: error.at }, ...findings] : findings;
  const more = moreFindings > 0 ? [el("li", { class: "doubt", text: `… and ${moreFindings} more` })] : [];
  byId("findings").replaceChildren(...marks.map(finding), ...more, ...doubts.map((/** @type {string} */ text) => el("li", { class: "doubt" }, ...prose(text))));
  if (marks.length === 0 && doubts.length === 0) byId("findings").append(el("li", { class: "nobody", text: "The linter finds nothing." }));
}

/** @param {any} found */
function finding({ rule, message, why, cure, at }) {
  const place = at && el("button", {
    type: "button",
    class: "quiet",
    text: `line ${at.line}`,
    onclick: () => {
      byId("template").focus();
      byId("template").setSelectionRange(...at.utf16);
    },
  });
  return el("li", {}, el("p", {}, el("strong", { text: rule }), " ", place), el("p", {}, ...prose(message)),
    why && el("p", { class: "why" }, ...prose(why)), cure && el("p", { class: "cure" }, "Instead: ", ...prose(cure)));
}
