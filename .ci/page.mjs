// The page of HTML in Chromium, opened from disk: loads nothing, passes axe in every look, its filters filter and its cells open.
//
// The catalogue (`gatespec spec --html`), too: NAME is `spec` then.
// Arguments: the folder whose node_modules has playwright-core and axe-core, a folder for screenshots, then NAME=PAGE.html.
// Screenshots are for people; what is asserted are sizes, places, counts and axe's findings.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, shots, ...reports] = process.argv.slice(2);
const { chromium } = createRequire(resolve(tools, "node_modules", "x.js"))("playwright-core");
const AXE = readFileSync(resolve(tools, "node_modules", "axe-core", "axe.min.js"), "utf8");
const LARGEST = 2_000_000;
const LOOKS = [
  { look: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { look: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { look: "phone", colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
];
const VERDICTS = ["pass", "fail", "informational", "unsupported", "error"];

const profile = mkdtempSync(join(tmpdir(), "gatespec-page-"));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  env: { ...process.env, HOME: profile },
});
try {
  mkdirSync(shots, { recursive: true });
  for (const argument of reports) {
    const [name, path] = argument.split("=");
    const bytes = statSync(path).size;
    assert(bytes < LARGEST, `${path} has ${bytes} bytes, more than ${LARGEST}`);
    for (const look of LOOKS) await (name === "spec" ? seeCatalogue : see)(name, path, look);
    console.log(`${path}: ${bytes} bytes`);
  }
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}

/** One page in one look: as it opens, filtered, and with a cell opened. */
async function see(name, path, { look, ...options }) {
  const started = Date.now();
  const url = pathToFileURL(resolve(path)).href;
  const context = await browser.newContext({ ...options, reducedMotion: "reduce" });
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  page.on("request", request => requests.push(request.url()));
  page.on("websocket", socket => requests.push(socket.url()));
  page.on("console", message => complaints.push(message.text()));
  page.on("pageerror", error => complaints.push(String(error)));
  const shoot = what => page.screenshot({ path: join(shots, `${name}-${look}${what}.png`) });

  await page.goto(url);
  const data = JSON.parse(await page.locator("#data").textContent());
  await fits(page, `${name}, ${look}`);
  await shoot("");
  if (options.isMobile) await verdictsInSight(page, data);
  else await namesInSight(page, data);
  const summaries = await page.locator("summary").all();
  for (const each of summaries) await each.click();
  await fits(page, `${name}, ${look}, unfolded`);
  await causesInSight(page, data);
  await shoot("-causes");
  const checked = await accessible(page, `${name}, ${look}`);
  for (const each of summaries.reverse()) await each.click();
  await filters(page, data);
  await page.locator("#count").evaluate(it => it.scrollIntoView());
  await shoot("-filtered");
  await page.locator("#filters").evaluate(form => { form.reset(); form.dispatchEvent(new Event("input")); });
  await cells(page, data, `${name}, ${look}`, shoot);

  assert.deepEqual(requests, [url], "the page should load nothing but itself");
  assert.deepEqual(complaints, [], "the console should be empty");
  console.log(`${name}, ${look}: ${data.rows.length} cases on ${data.targets.length} targets, ${checked} rules of axe, ${Date.now() - started} ms`);
  await context.close();
}

/** The catalogue in one look: as it opens, searched, and at a requirement that a link names. */
async function seeCatalogue(name, path, { look, ...options }) {
  const url = pathToFileURL(resolve(path)).href;
  const where = `${name}, ${look}`;
  const context = await browser.newContext({ ...options, reducedMotion: "reduce" });
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  page.on("request", request => requests.push(request.url()));
  page.on("console", message => complaints.push(message.text()));
  page.on("pageerror", error => complaints.push(String(error)));
  await page.goto(url);
  const all = await page.locator("article").count();
  const shown = async (wanted, what) => {
    const visible = await page.locator("article:visible").count();
    assert(wanted(visible), `${where}: ${visible} of ${all} requirements are shown with ${what}`);
    assert.equal(await page.locator("#count").textContent(), `${visible} of ${all} requirements`);
    return visible;
  };
  await fits(page, where);
  await page.screenshot({ path: join(shots, `${name}-${look}.png`) });
  await page.locator("header summary").click();
  await page.evaluate(() => document.querySelectorAll("#route details").forEach(cases => { cases.open = true; }));
  await fits(page, `${where}, with cases`);
  await page.evaluate(AXE);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(found.violations.map(each => `${each.id}: ${each.nodes[0].html}`), [], `axe on ${where}`);
  assert(found.passes.some(each => each.id === "color-contrast"), `axe saw no text on ${where}`);

  // Each filter by what the articles themselves say, and all of them in the address.
  await shown(visible => visible === all, "no filter");
  for (const basis of ["documented", "observed", "assumed"]) {
    const wanted = await page.locator(`article[data-basis=${basis}]`).count();
    await page.selectOption("#basis", basis);
    await shown(visible => visible === wanted && wanted > 0, basis);
  }
  await page.selectOption("#basis", "");
  await page.selectOption("#area", "route");
  const route = await page.locator("#route article").count();
  await shown(visible => visible === route, "the area route");
  await page.selectOption("#of", { label: "spec" });
  await page.selectOption("#verdict", "fail");
  await shown(visible => visible === 0, "failures of the specification");
  await page.selectOption("#of", "");
  await page.selectOption("#verdict", "pass");
  await page.fill("#search", "forbidden FRAME");
  const few = await shown(visible => visible > 0 && visible < route, "two words");
  await page.reload();
  await shown(visible => visible === few, "the address of the same view");
  await page.screenshot({ path: join(shots, `${name}-${look}-filtered.png`) });

  // A link shows its requirement whatever is filtered, below the filters, with its cases unfolded.
  await page.evaluate(() => { location.hash = "#LIMITS-1"; });
  await shown(visible => visible === all, "a link to what was hidden");
  const box = await page.locator("#LIMITS-1 h3").boundingBox();
  const bar = options.isMobile ? 0 : (await page.locator("#filters").boundingBox()).height;
  assert(box.y >= bar && box.y < options.viewport.height, `${where}: the linked requirement is at ${box.y}, below ${bar}`);
  assert(await page.locator("#LIMITS-1 details").evaluate(cases => cases.open), `${where}: its cases are folded`);
  await page.screenshot({ path: join(shots, `${name}-${look}-link.png`) });
  assert(requests.every(request => request.split(/[?#]/)[0] === url), `the page should load nothing but itself: ${requests}`);
  assert.deepEqual(complaints, [], "the console should be empty");

  // Without a script it is a document: everything is there, and no filter that would do nothing.
  const plain = await browser.newContext({ ...options, javaScriptEnabled: false });
  const document_ = await plain.newPage();
  await document_.goto(url);
  assert.equal(await document_.locator("article:visible").count(), all);
  assert.equal(await document_.locator("#filters:visible").count(), 0);
  await plain.close();
  await context.close();
  console.log(`${where}: ${all} requirements, ${found.passes.length} rules of axe`);
}

/**
 * No finding of axe's, and no text whose contrast it could not tell: that it cannot for what a region has scrolled away, so
 * it looks at all rows unfolded, too. Returns how many of its rules looked at something.
 */
async function accessible(page, where) {
  if (!(await page.evaluate("window.axe !== undefined"))) await page.evaluate(AXE);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const unfolded = await page.addStyleTag({ content: ".scroll { max-height: none !important; }" });
  const all = await page.evaluate(() => axe.run(document, { resultTypes: ["violations", "incomplete"] }));
  await unfolded.evaluate(style => style.remove());
  const words = [...found.violations, ...all.violations, ...all.incomplete]
    .map(each => `${each.id}: ${each.help}: ${each.nodes.slice(0, 3).map(node => `${node.html} ${node.failureSummary}`).join("; ")}`);
  assert.deepEqual(words, [], `axe on ${where}`);
  assert(all.passes.some(each => each.id === "color-contrast"), `axe saw no text on ${where}`);
  return found.passes.length;
}

/** Nothing makes the page itself wider than its window; a wide table scrolls in its own region. */
async function fits(page, where) {
  const { content, window } = await page.evaluate(() => ({ content: document.documentElement.scrollWidth, window: document.documentElement.clientWidth }));
  assert(content <= window, `${where}: the page is ${content} pixels wide, its window ${window}`);
}

/** At the last case one still sees whose verdicts these are: the targets' names stay at the table's top. */
async function namesInSight(page, data) {
  await page.locator("#body tr").last().scrollIntoViewIfNeeded();
  for (const target of data.targets) {
    const box = await page.locator(`#head th:text-is(${JSON.stringify(target)})`).boundingBox();
    assert(box.y >= 0 && box.y + box.height <= page.viewportSize().height, `the name ${target} is at ${JSON.stringify(box)} when the last case is seen`);
  }
  await page.locator(".scroll").evaluate(it => it.scrollTo(0, 0));
}

/** On a phone nothing has to be pushed aside: each case shows all its verdicts, each with its target's name. */
async function verdictsInSight(page, data) {
  const seen = await page.locator("#body td").evaluateAll(cells => cells.map(cell => {
    const { left, right } = cell.getBoundingClientRect();
    return { name: getComputedStyle(cell, "::before").content, inside: left >= 0 && right <= innerWidth && cell.scrollWidth <= cell.clientWidth };
  }));
  assert.equal(seen.length, data.rows.length * data.targets.length);
  seen.forEach(({ name, inside }, index) => {
    assert.equal(name, JSON.stringify(data.targets[index % data.targets.length]));
    assert(inside, `verdict ${index} is not all in sight`);
  });
}

/** What did not pass is there by cause, each case once for each target, and how much was run. */
async function causesInSight(page, data) {
  const listed = await page.locator("#causes .cases button").allTextContents();
  const outcomes = data.rows.flatMap(row => row.outcomes.map(outcome => [row.case, outcome?.verdict]));
  const wanted = outcomes.filter(([, verdict]) => ["fail", "error", "informational"].includes(verdict)).map(([id]) => id);
  assert.deepEqual(listed.sort(), wanted.sort());
  const head = await page.locator("#targets").innerText();
  for (const { words } of data.coverage) assert(head.includes(words), `the head should say ${words}; it says ${head}`);
}

/** Each filter leaves the rows that it should, by the page's own data, and says how many. */
async function filters(page, data) {
  const all = data.rows.length;
  const verdicts = row => row.outcomes.filter(Boolean).map(outcome => outcome.verdict);
  const shows = async (wanted, what) => {
    assert.equal(await page.locator("#body tr:visible").count(), wanted, `rows shown with ${what}`);
    assert.equal((await page.locator("#count").textContent()).split(" ")[0], String(wanted), `what the page says with ${what}`);
  };
  await shows(all, "no filter");
  const areas = new Set(data.rows.map(row => row.case.split("/")[0]));
  assert(areas.size > 1);
  for (const area of areas) {
    await page.selectOption("#area", area);
    await shows(data.rows.filter(row => row.case.startsWith(`${area}/`)).length, area);
  }
  await page.selectOption("#area", "");
  for (const verdict of VERDICTS) {
    await page.selectOption("#verdict", verdict);
    await shows(data.rows.filter(row => verdicts(row).includes(verdict)).length, verdict);
  }
  await page.selectOption("#verdict", "");
  await page.check("#differing");
  await shows(data.rows.filter(row => new Set(verdicts(row)).size > 1).length, "only where targets differ");
  await page.uncheck("#differing");
  await page.fill("#search", "no case has these words");
  await shows(0, "a search for what no case has");
  const [id] = data.rows[0].requirements;
  await page.fill("#search", id.toLowerCase());
  const found = await page.locator("#body tr:visible").count();
  assert(found > 0 && found < all, `a search for ${id} shows ${found} of ${all} cases`);
  await page.fill("#search", "");
  await page.selectOption("#verdict", "fail");
}

/** A cell of each verdict opens a dialog that says what was sent, what came, what was expected and where that was read. */
async function cells(page, data, where, shoot) {
  assert(pick(data, "fail"), "the report should have a failure to look at");
  for (const verdict of VERDICTS.filter(verdict => pick(data, verdict))) {
    const [row, index] = pick(data, verdict);
    const outcome = row.outcomes[index];
    const button = page.locator(`#body tr:has(th:text-is(${JSON.stringify(row.case)})) td:nth-child(${index + 2}) button`);
    await button.click();
    const dialog = page.locator("dialog[open]");
    const box = await dialog.boundingBox();
    const { width, height } = page.viewportSize();
    const inside = box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height;
    assert(inside, `${where}: the dialog of ${row.case} is at ${JSON.stringify(box)} in ${width} × ${height}`);
    await fits(page, `${where}, ${row.case} opened`);
    const overflow = await dialog.evaluate(it => it.scrollWidth - it.clientWidth);
    assert(overflow <= 0, `${where}: what is in the dialog of ${row.case} is ${overflow} pixels too wide`);
    const text = await dialog.innerText();
    const { steps = [], expected = "", came = "" } = outcome.stopped ?? {};
    const said = [...steps, expected, came, outcome.command ?? ""];
    for (const wanted of [row.case, row.why, verdict, outcome.detail, ...said, ...outcome.transcript, ...row.requirements]) {
      assert(squeezed(text).includes(squeezed(wanted)), `${where}: the dialog of ${row.case} should say ${wanted}; it says ${text}`);
    }
    const sources = row.requirements.flatMap(requirement => data.requirements[requirement].sources).filter(source => source.startsWith("http"));
    const links = await dialog.locator("a").evaluateAll(all => all.map(link => link.getAttribute("href")));
    assert.deepEqual(links, sources, `${where}: the sources of ${row.case}`);
    // Whoever has read to the end can close it there.
    await dialog.evaluate(it => it.scrollTo(0, it.scrollHeight));
    const close = await dialog.locator("#close").boundingBox();
    assert(close.y >= box.y && close.y + close.height <= box.y + box.height, `${where}: the button that closes ${row.case} is at ${JSON.stringify(close)}`);
    await dialog.evaluate(it => it.scrollTo(0, 0));
    if (verdict === "fail") {
      for (const sign of [">", "<"]) assert(outcome.transcript.some(line => line.startsWith(sign)), `${row.case} has nothing that begins with ${sign}`);
      await shoot("-cell");
      await accessible(page, `${where}, ${row.case} opened`);
      await page.keyboard.press("Escape");
    } else {
      await dialog.locator("#close").click();
    }
    await dialog.waitFor({ state: "hidden" });
    const focused = await button.evaluate(it => it === document.activeElement);
    assert(focused, `${where}: the focus should be on the cell again whose dialog was closed`);
  }
}

/** The outcome with this verdict that has most to show. */
function pick(data, verdict) {
  let most = -1;
  let found;
  for (const row of data.rows) {
    row.outcomes.forEach((outcome, index) => {
      const long = outcome?.verdict === verdict ? JSON.stringify(outcome).length : -1;
      if (long > most) {
        most = long;
        found = [row, index];
      }
    });
  }
  return found;
}

/** Text without its spaces: what is shown breaks lines where it likes. */
function squeezed(text) {
  return text.replace(/\s+/g, "");
}
