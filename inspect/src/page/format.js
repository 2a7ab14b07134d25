// Texts for people: times, sizes, JSON.

/** Beyond this a text is shown without colours, which cost an element for each word. */
const COLOURED = 20_000;

/** @param {number} millis since 1970 @returns {string} the time of day, local, with milliseconds */
export function time(millis) {
  const date = new Date(millis);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const day = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** @param {number} millis @returns {string} date and time in UTC, as logs have it */
export function moment(millis) {
  return new Date(millis).toISOString().replace("T", " ").replace("Z", " UTC");
}

/** @param {number} millis @returns {string} how long something took or is ago, in one unit */
export function span(millis) {
  if (millis < 1000) return `${Math.round(millis)} ms`;
  if (millis < 60_000) return `${(millis / 1000).toFixed(millis < 10_000 ? 1 : 0)} s`;
  if (millis < 3_600_000) return `${Math.floor(millis / 60_000)} min`;
  return `${Math.floor(millis / 3_600_000)} h ${Math.floor(millis / 60_000) % 60} min`;
}

/** Strings, other words and marks of JSON; what is between them is space. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[^\s"[\]{},:]+|[[\]{},:]/g;
/** Deeper than this, lines are not indented any more. */
const DEEP = 32;

/**
 * Its tokens are as they came: a name that comes twice, `1.0` and `1e400` stay so.
 *
 * @param {string} text
 * @returns {string} indented, if it is JSON of more than one value
 */
export function pretty(text) {
  if (!/^\s*[[{]/.test(text) || !isJson(text)) return text;
  let depth = 0;
  let before = "";
  let result = "";
  const line = () => `\n${"  ".repeat(Math.min(depth, DEEP))}`;
  for (const [token] of text.matchAll(TOKENS)) {
    const closes = token === "}" || token === "]";
    const isEmpty = closes && (before === "{" || before === "[");
    if (closes) depth -= 1;
    if (!isEmpty && (closes || before === "{" || before === "[" || before === ",")) result += line();
    result += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth += 1;
    before = token;
  }
  return result;
}

/** @param {string} text @returns {boolean} */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** @param {any} value of an exchange: a text, or JSON @returns {string} */
export function shown(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? pretty(value) : JSON.stringify(value, null, 2);
}

const WORDS = {
  json: /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g,
  velocity: /(##.*)|(#(?:set|if|elseif|else|end|foreach|break|stop|macro|define|include|parse|evaluate)\b|#\{(?:else|end)\})|(\$!?\{?[A-Za-z_][\w.-]*\}?)|('[^'\n]*')/g,
};

/**
 * A text with colours, into an element.
 *
 * @param {Element} into
 * @param {string} text
 * @param {"json" | "velocity"} language
 */
export function colour(into, text, language) {
  if (text.length > COLOURED) {
    into.textContent = text;
    return;
  }
  const names = language === "json" ? ["string", "", "word", "number"] : ["comment", "directive", "reference", "string"];
  const parts = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(WORDS[language])) {
    const group = match.slice(1).findIndex(part => part !== undefined);
    const isKey = language === "json" && group === 0 && match[2] !== undefined;
    const word = isKey ? match[1] : match[0];
    parts.append(text.slice(from, match.index));
    const span = document.createElement("span");
    span.className = `t-${isKey ? "key" : names[group]}`;
    span.textContent = word;
    parts.append(span);
    from = match.index + word.length;
  }
  parts.append(text.slice(from));
  into.replaceChildren(parts);
}
