// The timeline: a grid of which only the rows in sight exist.

import { byId, el } from "./dom.js";
import { time } from "./format.js";
import { draws, filtered, redraw, state, total } from "./model.js";

/** @typedef {import("./types.js").Summary} Summary */

const KINDS = { connect: "connect", message: "message", disconnect: "disconnect", management: "@connections" };
/** Rows above and below what is in sight. */
const SPARE = 6;

const timeline = byId("timeline");
const rows = byId("rows");
/** @type {Summary[]} */
let shown = [];
/** Whether new requests are followed: as long as the end is in sight. */
let follows = true;
/** @type {HTMLElement[]} the elements of rows, used again for others */
const pool = [];
let height = 28;

/** @param {(number: number | null) => void} choose */
export function start(choose) {
  draws(draw);
  timeline.addEventListener("scroll", () => {
    follows = timeline.scrollTop + timeline.clientHeight >= timeline.scrollHeight - height;
    paint();
  }, { passive: true });
  new ResizeObserver(() => { if (follows) toEnd(); paint(); }).observe(timeline);
  rows.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const row = /** @type {HTMLElement} */ (event.target).closest("[data-number]");
    if (row instanceof HTMLElement) choose(Number(row.dataset.number));
  });
  timeline.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") { byId("detail").focus(); return event.preventDefault(); }
    const to = step(event.key);
    if (to === null || shown.length === 0) return;
    event.preventDefault();
    const row = shown[Math.max(0, Math.min(shown.length - 1, to))];
    choose(row.number);
    intoSight(shown.indexOf(row));
  });
  for (const [id, name] of Object.entries({ search: "search", kind: "kind", verdict: "verdict", route: "route" })) {
    byId(id).addEventListener("input", (/** @type {any} */ event) => {
      state.filter[/** @type {"search"} */ (name)] = event.target.value;
      redraw();
    });
  }
  byId("filters").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  byId("clear").addEventListener("click", () => {
    byId("filters").reset();
    state.filter = { search: "", kind: "", verdict: "", route: "" };
    state.connection = null;
    redraw();
  });
}

/** The index that a key leads to. @param {string} key @returns {number | null} */
function step(key) {
  const at = shown.findIndex(request => request.number === state.chosen);
  const page = Math.max(1, Math.floor(timeline.clientHeight / height) - 2);
  switch (key) {
    case "ArrowDown": return at < 0 ? shown.length - 1 : at + 1;
    case "ArrowUp": return at < 0 ? shown.length - 1 : at - 1;
    case "PageDown": return at + page;
    case "PageUp": return at - page;
    case "Home": return 0;
    case "End": return shown.length - 1;
    default: return null;
  }
}

/** @param {number} index */
function intoSight(index) {
  const head = timeline.clientHeight - inSight();
  const top = index * height;
  if (top < timeline.scrollTop) timeline.scrollTop = top;
  const last = top + height + head - timeline.clientHeight;
  if (last > timeline.scrollTop) timeline.scrollTop = last;
}

/** The height that is left for rows below the heads. */
function inSight() {
  return timeline.clientHeight - rows.offsetTop;
}

function toEnd() {
  timeline.scrollTop = timeline.scrollHeight;
}

function draw() {
  const before = shown;
  shown = filtered();
  const all = total();
  byId("empty").hidden = all > 0;
  byId("none").hidden = all === 0 || shown.length > 0;
  timeline.hidden = shown.length === 0;
  timeline.setAttribute("aria-rowcount", String(shown.length + 1));
  const missed = state.missed + state.lost > 0 ? `, ${state.missed + state.lost} not seen` : "";
  byId("count").textContent = shown.length === all ? `${all} requests${missed}` : `${shown.length} of ${all}${missed}`;
  byId("clear").disabled = !state.connection && Object.values(state.filter).every(value => !value);
  height = parseFloat(getComputedStyle(timeline).getPropertyValue("--row")) || height;
  rows.style.height = `${shown.length * height}px`;
  if (follows) toEnd();
  else if (before.length > 0 && shown.length > 0) keepPlace(before);
  paint();
}

/** What was in sight stays there when the oldest go. @param {Summary[]} before */
function keepPlace(before) {
  const first = before[Math.floor(timeline.scrollTop / height)];
  const gone = first && before.indexOf(first) - shown.findIndex(request => request.number >= first.number);
  if (gone > 0) timeline.scrollTop -= gone * height;
}

function paint() {
  const from = Math.max(0, Math.floor(timeline.scrollTop / height) - SPARE);
  const to = Math.min(shown.length, from + Math.ceil(timeline.clientHeight / height) + 2 * SPARE);
  while (pool.length < to - from) pool.push(rows.appendChild(newRow()));
  while (pool.length > to - from) pool.pop()?.remove();
  for (let index = from; index < to; index += 1) fill(pool[index - from], shown[index], index);
  const chosen = pool.find(row => row.getAttribute("aria-selected") === "true");
  if (chosen) timeline.setAttribute("aria-activedescendant", chosen.id);
  else timeline.removeAttribute("aria-activedescendant");
}

let made = 0;

function newRow() {
  const cells = ["number", "time", "kind", "text", "route", "verdict", "took"];
  made += 1;
  return el("div", { role: "row", class: "row", id: `row-${made}` }, ...cells.map(name => el("span", { role: "gridcell", class: name })));
}

/** @param {HTMLElement} row @param {Summary} request @param {number} index */
function fill(row, request, index) {
  row.style.transform = `translateY(${index * height}px)`;
  const isChosen = String(request.number === state.chosen);
  if (row.getAttribute("aria-selected") !== isChosen) row.setAttribute("aria-selected", isChosen);
  const outcome = request.status ? `${request.verdict} ${request.status}` : request.verdict;
  const ended = request.verdict === "unknown" ? "?" : String((request.ended ?? 0) - request.began);
  const took = request.ended === null ? "…" : ended;
  const key = `${request.number} ${index} ${outcome} ${took} ${request.route}`;
  if (row.dataset.key === key) return;
  row.dataset.key = key;
  row.dataset.number = String(request.number);
  row.dataset.verdict = request.verdict;
  row.dataset.kind = request.kind;
  row.setAttribute("aria-rowindex", String(index + 2));
  const texts = [String(request.number), time(request.began), KINDS[request.kind], request.text, request.route ?? "", outcome, took];
  texts.forEach((text, at) => {
    const cell = row.children[at];
    if (cell.textContent !== text) cell.textContent = text;
  });
}
