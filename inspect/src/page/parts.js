// What details are made of: parts that fold, blocks of text, fields.

import { copy, el } from "./dom.js";
import { colour } from "./format.js";

/** Beyond this a block begins folded: nobody reads it at once. */
const LONG = 200_000;

/** A sentence whose words in backticks are code. @param {string} text @returns {Node[]} */
export function prose(text) {
  return text.split(/`([^`]*)`/).map((part, at) => at % 2 === 1 ? el("code", { text: part }) : document.createTextNode(part));
}

/**
 * A part of the detail with its title.
 *
 * @param {string} name its id, within the detail
 * @param {string} title
 * @param {...(Node | string)} children
 */
export function part(name, title, ...children) {
  return el("details", { class: "part", id: `part-${name}`, open: true }, el("summary", {}, el("h3", { text: title })), ...children);
}

/**
 * A text with a button to copy it.
 *
 * @param {string} text
 * @param {"json" | "velocity" | null} language
 * @param {string} [label]
 */
export function block(text, language, label) {
  const code = el("code");
  const short = text.length > LONG ? `${text.slice(0, LONG)}\n… ${text.length - LONG} more characters: copy them` : text;
  if (language) colour(code, short, language);
  else code.textContent = short;
  return el("figure", { class: "block" },
    el("figcaption", {}, el("span", { text: label ?? "" }), el("button", { type: "button", class: "quiet", text: "Copy", "aria-label": `Copy ${label ?? "this text"}`, onclick: (/** @type {any} */ event) => copy(event.currentTarget, text) })),
    el("pre", { tabindex: "0" }, code));
}

/**
 * Names with their values; those without a value are left out.
 *
 * @param {[string, any][]} pairs
 * @param {string} [name] its class
 */
export function fields(pairs, name = "") {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", { class: `fields ${name}` }, ...known.flatMap(([field, value]) => [el("dt", { text: field }), el("dd", {}, ...(typeof value === "string" && name === "" ? prose(value) : [String(value)]))]));
}
