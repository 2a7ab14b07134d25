// Acting on the gateway: messages as a client and as the backend, new clients, disconnecting.

import { ask } from "./api.js";
import { byId } from "./dom.js";

const text = byId("text");
const outcome = byId("outcome");
const dialog = byId("client");

export function start() {
  byId("compose").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const as = new FormData(byId("compose")).get("as");
    await act(as === "post" ? "post" : "send", { connectionId: byId("target").value, text: text.value });
  });
  text.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      byId("compose").requestSubmit();
    }
  });
  byId("disconnect").addEventListener("click", () => act("disconnect", { connectionId: byId("target").value }));
  for (const id of ["new-client", "first-client"]) byId(id).addEventListener("click", open);
  byId("client-cancel").addEventListener("click", () => dialog.close());
  byId("client-form").addEventListener("submit", connect);
}

/** Opens the dialog, filled with what the authorizer wants: that is asked for only here. */
async function open() {
  byId("refused").textContent = "";
  dialog.showModal();
  try {
    const { text: line } = await ask("wscat");
    const headers = [...line.matchAll(/--header '?([^\s:']+):([^\s']*)/g)];
    if (byId("headers").value === "") byId("headers").value = headers.map(([, name, value]) => `${name}: ${value}`).join("\n");
    const query = /-c '?\S*?\?([^\s']*)/.exec(line)?.[1];
    if (query && byId("query").value === "") byId("query").value = query;
  } catch (error) {
    byId("refused").textContent = error instanceof Error ? error.message : String(error);
  }
}

/** @param {string} what @param {any} body */
async function act(what, body) {
  outcome.textContent = "";
  try {
    const { status, body: said } = await ask(what, body);
    if (status === undefined) outcome.textContent = "Sent";
    else outcome.textContent = said ? `${status} ${said}` : `${status}`;
  } catch (error) {
    outcome.textContent = error instanceof Error ? error.message : String(error);
  }
}

/** @param {SubmitEvent} event */
async function connect(event) {
  event.preventDefault();
  const refused = byId("refused");
  refused.textContent = "";
  const lines = byId("headers").value.split("\n").map((/** @type {string} */ line) => line.trim()).filter(Boolean);
  const wrong = lines.find((/** @type {string} */ line) => !/^[^\s:]+:/.test(line));
  if (wrong !== undefined) {
    refused.textContent = `“${wrong}” is no header: write “Name: value”`;
    return;
  }
  const headers = lines.map((/** @type {string} */ line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);
  try {
    const { connectionId, status, body } = await ask("connect", { headers, query: byId("query").value.replace(/^\?/, "") });
    if (connectionId === null) refused.textContent = `Refused with ${status}: ${body}`;
    else dialog.close();
  } catch (error) {
    refused.textContent = error instanceof Error ? error.message : String(error);
  }
}
