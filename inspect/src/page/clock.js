// Letting time pass where the gateway's clock stands.

import { ask } from "./api.js";
import { clock } from "./connections.js";
import { byId } from "./dom.js";
import { moment } from "./format.js";
import { draws, redraw, state } from "./model.js";

/** @typedef {import("./types.js").Hello} Hello */

export function start() {
  draws(() => { byId("now").textContent = moment(state.now); });
  byId("clock").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const button = byId("clock").querySelector("button");
    button.disabled = true;
    try {
      state.now = (await ask("advance", { seconds: Number(byId("seconds").value) })).now;
      redraw();
    } finally {
      button.disabled = false;
    }
  });
}

/** @param {Hello} hello */
export function show(hello) {
  state.now = hello.now;
  clock.frozen = hello.frozen;
  clock.offset = hello.now - Date.now();
  byId("clock").hidden = !hello.frozen;
}
