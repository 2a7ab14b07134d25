// The inspect page of `gatespec serve --inspect`: its views, and the stream that feeds them.

import { Refused, ask, live } from "./api.js";
import * as clock from "./clock.js";
import * as compose from "./compose.js";
import * as connections from "./connections.js";
import * as templates from "./console.js";
import * as detail from "./detail.js";
import { byId, copy, el } from "./dom.js";
import { redraw, state, take } from "./model.js";
import * as timeline from "./timeline.js";

/** @typedef {import("./types.js").Hello} Hello */

/** How long to wait before the stream is opened again. */
const AGAIN = 1000;
let address = "";
/** The line for wscat, without its secrets. */
let wscat = "";

connections.start();
timeline.start(detail.choose);
detail.start(template => {
  view("console");
  templates.open(template);
  byId("template").focus();
});
compose.start();
clock.start();
templates.start();
for (const name of /** @type {const} */ (["traffic", "console"])) byId(`show-${name}`).addEventListener("click", () => view(name));
byId("reveal").addEventListener("change", () => {
  state.reveals = byId("reveal").checked;
  showLine();
  redraw();
});
byId("copy-ws").addEventListener("click", () => copy(byId("copy-ws"), address));
byId("copy-wscat").addEventListener("click", async () => copy(byId("copy-wscat"), (await ask("wscat")).text));
follow();

/** @param {"traffic" | "console"} name */
function view(name) {
  for (const each of ["traffic", "console"]) {
    byId(each).hidden = each !== name;
    byId(`show-${each}`).setAttribute("aria-pressed", String(each === name));
  }
  if (name === "console") templates.run();
  redraw();
}

/** @param {"connecting" | "live" | "paused" | "ended"} what @param {string} [text] */
function status(what, text = what) {
  const element = byId("status");
  element.dataset.state = what;
  if (element.textContent !== text) element.textContent = text;
}

/** Follows the stream as long as the page is in sight: a page that nobody sees costs nothing. */
async function follow() {
  for (;;) {
    await inSight();
    const hidden = new AbortController();
    const hide = () => { if (document.hidden) hidden.abort(); };
    document.addEventListener("visibilitychange", hide);
    try {
      await live(state, hidden.signal, { hello, changes: take });
      status("ended", "the gateway has ended");
    } catch (error) {
      if (error instanceof Refused) return over(error);
      status(hidden.signal.aborted ? "paused" : "ended", hidden.signal.aborted ? "paused" : "not reachable");
    } finally {
      document.removeEventListener("visibilitychange", hide);
    }
    if (!hidden.signal.aborted) await new Promise(resolve => setTimeout(resolve, AGAIN));
  }
}

/** Resolves when the page is in sight. */
async function inSight() {
  while (document.hidden) {
    await new Promise(resolve => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
}

/** @param {Hello} told */
function hello(told) {
  address = told.ws;
  wscat = told.wscat;
  byId("ws").textContent = told.ws;
  showLine();
  document.title = `${told.ws.replace(/^wss?:\/\//, "")} · gatespec`;
  byId("route").replaceChildren(el("option", { value: "", text: "All routes" }), ...told.routes.map(key => el("option", { value: key, text: key })));
  byId("route").value = state.filter.route;
  clock.show(told);
  status("live");
  redraw();
}

async function showLine() {
  byId("wscat").textContent = state.reveals ? (await ask("wscat")).text : wscat;
}

/** The key is missing or of another gateway: nothing more comes. @param {Refused} error */
function over(error) {
  status("ended", "no access");
  byId("over-why").textContent = `${error.message}. Open the address that “gatespec serve --inspect” printed: it ends with a key, which is new at each start.`;
  byId("over").showModal();
}
