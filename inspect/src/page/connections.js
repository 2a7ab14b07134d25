// The list of connections, and the choices made in it.

import { byId, el } from "./dom.js";
import { span } from "./format.js";
import { allConnections, draws, redraw, state } from "./model.js";

/** How many are listed; the filter finds the others by their id. */
const LISTED = 200;
const list = byId("connections");
const target = byId("target");
/** What the list shows, to leave it alone while nothing changes. */
let shown = "";

export function start() {
  draws(draw);
  // How long something is idle changes without anything happening.
  setInterval(redraw, 1000);
  list.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (!button) return;
    const id = button.dataset.id ?? null;
    state.connection = id === state.connection ? null : id;
    if (state.connection && [...target.options].some(option => option.value === id)) target.value = id;
    redraw();
  });
}

/** The gateway's time now: what it said last, and what has passed since if its clock runs. */
export const clock = { offset: 0, frozen: false };

function now() {
  return clock.frozen ? state.now : Date.now() + clock.offset;
}

function draw() {
  const all = allConnections().slice(0, LISTED);
  const at = now();
  const texts = all.map(one => ({
    one,
    age: one.open ? `open ${span(Math.max(0, at - one.since))}, idle ${span(Math.max(0, at - one.lastActive))}` : "closed",
  }));
  const key = JSON.stringify([texts.map(({ one, age }) => [one.connectionId, one.principal, one.messages, one.open, age]), state.connection]);
  if (key === shown) return;
  shown = key;
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.id : undefined;
  list.replaceChildren(...texts.map(({ one, age }) => el("li", {},
    el("button", { type: "button", "data-id": one.connectionId, "aria-pressed": String(one.connectionId === state.connection), "data-open": String(one.open) },
      el("code", { text: one.connectionId }),
      el("span", { class: "messages", title: "messages from the client" }, `${one.messages}`, el("span", { class: "unseen", text: " messages" })),
      one.principal && el("span", { class: "principal", text: one.principal }),
      el("span", { class: "age", text: age })))));
  if (all.length === 0) list.append(el("li", { class: "nobody", text: "Nobody is connected." }));
  if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  const open = all.filter(one => one.open).map(one => one.connectionId);
  if (open.join() !== [...target.options].map(option => option.value).join()) {
    const chosen = open.includes(target.value) ? target.value : open.includes(state.connection ?? "") ? state.connection : open.at(-1);
    target.replaceChildren(...open.map(id => el("option", { value: id, text: id })));
    if (chosen) target.value = chosen;
  }
  for (const control of byId("compose").elements) control.disabled = open.length === 0;
}
