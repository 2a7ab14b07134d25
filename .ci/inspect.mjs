// The inspect page in Chromium, with a real gateway on examples/pattern-node: what people do with it, by mouse and by keyboard,
// light, dark and on a phone; axe finds nothing. Screenshots are for people.
//
// Arguments: the program; the folder whose node_modules has playwright-core, axe-core, ws and the AWS SDK; a folder for screenshots.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const [program, tools, shots] = process.argv.slice(2).map(path => resolve(path));
const modules = createRequire(join(tools, "node_modules", "x.js"));
const { chromium } = modules("playwright-core");
const { WebSocket } = modules("ws");
const AXE = readFileSync(join(tools, "node_modules", "axe-core", "axe.min.js"), "utf8");
const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  phone: { colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};
/** How long anything may take on a busy machine. */
const PATIENCE = Number(process.env.PATIENCE ?? 30_000);
const MESSAGE = '{"action": "sendmessage", "message": "it\'s me"}';

const work = mkdtempSync(join(tmpdir(), "gatespec-inspect-"));
mkdirSync(shots, { recursive: true });
const stack = join(work, "pattern-node");
cpSync("examples/pattern-node", stack, { recursive: true, filter: path => !path.includes("node_modules") });
symlinkSync(join(tools, "node_modules"), join(stack, "src", "node_modules"));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  env: { ...process.env, HOME: work },
});
try {
  await served([], async ready => {
    await seen(ready, "light", async page => {
      await empties(page);
      await clients(page);
      const socket = await outside(page, ready);
      await detail(page);
      await filters(page);
      await keyboard(page);
      await backend(page, socket);
      await secrets(page);
      await copies(page);
      await console_(page);
      await key(page, ready);
    });
    for (const look of ["dark", "phone"]) await seen(ready, look, page => looks(page, look));
  });
  await served(["--clock", "1705751697419"], ready => seen(ready, "light", clock));
} finally {
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}

/** `gatespec serve --inspect` with the ready line that it printed, until `use` is done. */
async function served(more, use) {
  const process_ = spawn(program, ["serve", "--port", "0", "--ready", "json", "--inspect", ...more], { cwd: stack, stdio: ["pipe", "pipe", "pipe"] });
  let log = "";
  process_.stderr.on("data", data => { log += data; });
  const ended = new Promise(end => process_.once("exit", end));
  try {
    const line = await Promise.race([new Promise(said => createInterface(process_.stdout).once("line", said)), ended]);
    assert.equal(typeof line, "string", `the gateway ended: ${log}`);
    await use(JSON.parse(line));
  } catch (error) {
    console.error(log);
    throw error;
  } finally {
    process_.stdin.end();
    await ended;
  }
}

/** The page in one look; it asks nobody but the gateway, and says nothing on the console. */
async function seen(ready, look, use) {
  const started = Date.now();
  const context = await browser.newContext({ ...LOOKS[look], reducedMotion: "reduce" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(ready.inspect).origin });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints = [];
  const requests = [];
  page.on("request", request => requests.push(request));
  page.on("console", message => complaints.push(message.text()));
  page.on("pageerror", error => complaints.push(String(error)));
  await page.goto(ready.inspect);
  await page.locator("#status[data-state=live]").waitFor();
  await use(page);
  const secret = new URL(ready.inspect).hash.slice("#key=".length);
  for (const request of requests) {
    assert.equal(new URL(request.url()).origin, new URL(ready.inspect).origin, "the page asks somebody else");
    // The first address has the key behind `#`, which the browser keeps.
    assert(!request.url().split("#")[0].includes(secret) && !(request.headers().referer ?? "").includes(secret), request.url());
  }
  assert(!page.url().includes(secret), "the key is still in the address bar");
  assert.deepEqual(complaints, [], "the console should be empty");
  console.log(`${look}: ${requests.length} requests, ${Date.now() - started} ms`);
  await context.close();
}

/** axe finds nothing, and nothing is wider than the window; then a screenshot. */
async function good(page, name) {
  const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert(width <= 0, `${name} is ${width} pixels too wide`);
  await page.screenshot({ path: join(shots, `${name}.png`) });
  // In a world of its own: the page's policy allows no foreign script.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
  await session.send("Runtime.evaluate", { expression: AXE, contextId });
  const expression = "axe.run(document).then(found => ({ violations: found.violations.map(one => `${one.id}: ${one.nodes.map(node => node.html).join(' ')}`), passes: found.passes.map(one => one.id) }))";
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", { expression, contextId, awaitPromise: true, returnByValue: true });
  assert(!exceptionDetails, `axe on ${name}: ${JSON.stringify(exceptionDetails)}`);
  assert.deepEqual(result.value.violations, [], `axe on ${name}`);
  assert(result.value.passes.includes("color-contrast"), `axe saw no text on ${name}`);
  await session.detach();
}

/** Waits until the text of an element has all words. */
async function says(locator, ...words) {
  for (const word of words) await locator.filter({ hasText: word }).first().waitFor();
}

/** Before anything has happened, the page says how to begin. */
async function empties(page) {
  await says(page.locator("#empty"), "Nothing has happened yet");
  const line = await page.locator("#wscat").textContent();
  assert.match(line, /^wscat .*--header token:\*{3} .*-c ws:\/\/127\.0\.0\.1:\d+\/stage/);
  await good(page, "empty-light");
  await page.locator("#copy-wscat").click();
  // What is copied can be pasted.
  await says(page.locator("#copy-wscat"), "Copied");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /--header token:[^\s*]+ /);
  assert.equal(copied.replace(/token:\S+/, "token:***"), line);
}

/** Clients that the gateway opens, with headers: one is refused, one is let in, and sends. */
async function clients(page) {
  await page.locator("#first-client").click();
  await page.waitForFunction(() => /^token: [^*]/.test(document.getElementById("headers").value));
  await page.locator("#headers").fill("token: wrong");
  await page.locator("#client .main").click();
  await says(page.locator("#refused"), /Refused with 40[13]/);
  await good(page, "client-light");
  await page.locator("#headers").fill("token: hello");
  await page.locator("#client .main").click();
  await page.locator("#client").waitFor({ state: "hidden" });
  await page.locator("#connections button[data-open=true]").waitFor();
  await page.locator(".rows .row", { hasText: "answered 101" }).waitFor();
  await page.locator("#text").fill(MESSAGE);
  await page.locator("#text").press("Control+Enter");
  await says(page.locator("#outcome"), "Sent");
  await page.locator(".rows .row[data-kind=management]", { hasText: "answered 200" }).waitFor();
}

/** A client outside of the page is seen as well. */
async function outside(page, ready) {
  const socket = new WebSocket(ready.ws, { headers: { token: "hello" } });
  await new Promise((open, fail) => socket.once("open", open).once("error", fail));
  const reply = new Promise(said => socket.once("message", said));
  socket.send('{"action": "sendmessage", "message": "hey queen"}');
  assert.match(String(await reply), /good job/);
  await page.locator(".rows .row", { hasText: "hey queen" }).first().waitFor();
  await page.locator("#connections button[data-open=true]").nth(1).waitFor();
  return socket;
}

/** All of one request, in one place. */
async function detail(page) {
  await page.locator(".rows .row[data-kind=message]").first().click();
  const section = page.locator("#detail");
  await says(section.locator("#part-request"), "it's me");
  await says(section.locator("#part-decisions"), "sendmessage");
  const call = section.locator("#part-call-0");
  await says(call, "Integration: SendMessage", "returned", "Template application/json", "Rendered", "$context.connectionId", "Duration");
  await says(call.locator("figure:has(figcaption span:text-is('Event'))"), "connectionId");
  await section.evaluate(element => { element.scrollTop = 0; });
  await good(page, "detail-light");
  await asItCame(page);
  await call.locator(".values summary").click();
  await says(call.locator(".values"), "$input.body", "$stageVariables");
  assert(await section.locator(".timing tbody tr").count() >= 2, "the stages have no times");
  await call.locator(".pair").evaluate(element => element.scrollIntoView());
  await good(page, "template-light");
}

/** JSON is indented, and nothing of it is another: names that come twice, numbers as they are written. */
async function asItCame(page) {
  const came = '{"a":1.0,"a":[],"b":[1e400,12345678.123456789012],"c":"{\\"d\\": 1, 2}"}';
  const shown = await page.evaluate(async text => (await import(new URL("format.js", location.href).href)).pretty(text), came);
  assert.equal(shown, '{\n  "a": 1.0,\n  "a": [],\n  "b": [\n    1e400,\n    12345678.123456789012\n  ],\n  "c": "{\\"d\\": 1, 2}"\n}');
}

/** Filters narrow the timeline, and are taken back. */
async function filters(page) {
  const count = async () => Number(/^(\d+)/.exec(await page.locator("#count").textContent())[1]);
  const all = await count();
  const narrowed = async (wanted, what) => {
    await says(page.locator("#count"), `of ${all}`);
    // The count may still be the one of the filter before.
    const rows = page.locator(".rows .row");
    await rows.filter({ hasNotText: wanted }).first().waitFor({ state: "detached" });
    await rows.first().waitFor();
    assert(await rows.count() > 0, what);
  };
  await page.locator("#search").fill("QUEEN sendmessage");
  await narrowed(/queen/, "search");
  await page.locator("#search").fill("");
  await page.locator("#kind").selectOption("management");
  await narrowed(/@connections/, "kind");
  await page.locator("#kind").selectOption("");
  await page.locator("#verdict").selectOption("refused");
  await narrowed(/refused/, "outcome");
  await page.locator("#verdict").selectOption("error");
  await says(page.locator("#none"), "No request matches");
  await page.locator("#verdict").selectOption("");
  await page.locator("#route").selectOption("sendmessage");
  await narrowed(/message/, "route");
  await page.locator("#clear").click();
  await says(page.locator("#count"), `${all} requests`);
  await page.locator("#connections button").first().click();
  await says(page.locator("#count"), `of ${all}`);
  await page.locator("#connections button").first().click();
  await says(page.locator("#count"), `${all} requests`);
}

/** Everything by keys: to the timeline, along it, into the detail and back. */
async function keyboard(page) {
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Escape");
  await page.locator("#ws").click();
  await page.keyboard.press("Shift+Tab");
  await page.locator(".skip").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "timeline");
  await page.keyboard.press("Home");
  await says(page.locator("#detail-title"), /^Request 1$/);
  const active = () => page.evaluate(() => document.getElementById(document.activeElement.getAttribute("aria-activedescendant"))?.dataset.number);
  await page.waitForFunction(() => document.activeElement.getAttribute("aria-activedescendant") !== null);
  assert.equal(await active(), "1");
  await page.keyboard.press("ArrowDown");
  await says(page.locator("#detail-title"), /^Request 2$/);
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "detail");
  await page.keyboard.press("Escape");
  await page.locator("#detail").waitFor({ state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement.id), "timeline");
}

/** Posts to a client, and disconnects it. */
async function backend(page, socket) {
  const got = new Promise(said => socket.once("message", said));
  const closed = new Promise(said => socket.once("close", said));
  await page.locator("#target").selectOption({ index: 1 });
  await page.getByLabel("as the backend").check();
  await page.locator("#text").fill("from the backend");
  await page.locator("#compose .main").click();
  assert.equal(String(await got), "from the backend");
  await says(page.locator("#outcome"), "200");
  await page.locator("#disconnect").click();
  await closed;
  await says(page.locator("#outcome"), "204");
  await page.locator("#connections button[data-open=false]").waitFor();
}

/** Secrets are masked, until they are asked for. */
async function secrets(page) {
  await page.locator("#kind").selectOption("connect");
  await page.locator(".rows .row", { hasText: "answered 101" }).first().click();
  const section = page.locator("#detail");
  await says(section.locator("#part-call-0"), "Authorizer: Authorize");
  assert(!(await section.textContent()).includes("hello"), "the token is shown");
  await page.locator("#reveal").check();
  await says(section.locator("#part-request"), "hello");
  await page.locator("#reveal").uncheck();
  await section.filter({ hasNotText: "hello" }).first().waitFor();
  await page.locator("#clear").click();
}

/** Cases and events, for files. */
async function copies(page) {
  await page.locator(".rows .row[data-kind=message]").first().click();
  await says(page.locator("#part-request"), "it's me");
  const copied = async name => {
    await page.evaluate(() => navigator.clipboard.writeText(""));
    await page.getByRole("button", { name, exact: true }).click();
    await page.waitForFunction(async () => await navigator.clipboard.readText() !== "");
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const event = JSON.parse(await copied("Copy as event"));
  assert.equal(event.requestContext.routeKey, "sendmessage");
  const text = await copied("Copy as case");
  assert(text.includes("[[case]]") && text.includes("it's me"), text);
}

/** The console: a request's own template, its output as one types, and what is wrong with it. */
async function console_(page) {
  await page.locator(".rows .row[data-kind=message]").first().click();
  await page.getByRole("button", { name: "Open in the console" }).click();
  await says(page.locator("#output"), "requestContext", "it's me");
  await says(page.locator("#check"), "Valid JSON");
  await page.locator("#message").fill('{"action": "sendmessage", "message": "typed"}');
  await says(page.locator("#output"), "typed");
  await page.locator("#template").fill('{"text": "$util.escapeJavaScript($input.path(\'$.message\'))"}');
  await says(page.locator("#output"), "typed");
  await page.locator("#message").fill('{"message": "it\'s"}');
  await says(page.locator("#check"), "This is no JSON");
  await page.locator("#findings button").first().click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "template");
  await good(page, "console-light");
  // What nobody reads is counted.
  await page.locator("#template").fill('{"a": $a}'.repeat(1000));
  await says(page.locator("#findings"), "… and", "more");
  assert(await page.locator("#findings li").count() <= 402, "the findings are not bounded");
  await page.locator("#template").fill("#if($x)");
  await says(page.locator("#findings"), "parse");
  await page.locator("#context").fill("{");
  await says(page.locator("#check"), "$context is no JSON");
  await page.locator("#context").fill("");
  await page.locator("#show-traffic").click();
}

/** Without the key there is nothing but a word about it; the page never stands in a frame. */
async function key(page, ready) {
  const other = await page.context().newPage();
  await other.goto(new URL("/@inspect/", ready.inspect).href);
  await says(other.locator("#over"), "has no key");
  await other.goto("about:blank");
  await other.setContent(`<iframe src="${ready.inspect}"></iframe>`);
  const frame = other.frames()[1] ?? await other.waitForEvent("frameattached");
  await frame.waitForLoadState();
  assert.equal(await frame.locator("#timeline").count(), 0, "the page is in a frame");
  await other.close();
}

/** All views in one look. */
async function looks(page, look) {
  await page.locator(".rows .row").first().waitFor();
  await good(page, `traffic-${look}`);
  await page.locator(".rows .row[data-kind=message]").first().click();
  await page.locator("#part-call-0").waitFor();
  await good(page, `detail-${look}`);
  await page.locator("#part-call-0 .pair").evaluate(element => element.scrollIntoView());
  await page.screenshot({ path: join(shots, `template-${look}.png`) });
  await page.locator("#detail .close").click();
  await page.locator("#new-client").click();
  await good(page, `client-${look}`);
  await page.locator("#client-cancel").click();
  await page.locator("#show-console").click();
  await says(page.locator("#check"), "JSON");
  await good(page, `console-${look}`);
}

/** Time passes when it is told to. */
async function clock(page) {
  await says(page.locator("#now"), "2024-01-20 11:54:57.419 UTC");
  await page.locator("#first-client").click();
  await page.locator("#headers").fill("token: hello");
  await page.locator("#client .main").click();
  await page.locator("#connections button[data-open=true]").waitFor();
  await page.locator("#seconds").fill("600");
  await page.getByRole("button", { name: "Let pass" }).click();
  await says(page.locator("#now"), "2024-01-20 12:04:57.419 UTC");
  // Ten minutes of silence end a connection.
  await page.locator("#connections button[data-open=false]").waitFor();
  await page.locator(".rows .row[data-kind=disconnect]").waitFor();
  await good(page, "clock-light");
}
