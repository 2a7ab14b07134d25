// The forms of errors: what is posted, what is logged, and the cause for X-Ray.

const DELETE = /\x7f/g;
const escape = (text) => (typeof text === 'string' ? text.replace(DELETE, '%7F') : text);

/** An error of the runtime, whose `name` is its `errorType`. */
export class RuntimeError extends Error {
  /** Whether `name` is among the members that are logged: it is from nodejs24.x on. */
  static namesItself = false;

  constructor(type, message) {
    super(message);
    const enumerable = RuntimeError.namesItself;
    const name = { value: `Runtime.${type}`, enumerable, configurable: true, writable: true };
    Object.defineProperty(this, 'name', name);
  }
}

// An error of another realm (`vm`, a worker) is one, too.
const isError = (value) => {
  if (value instanceof Error) return true;
  const parts = ['name', 'message', 'stack'];
  return Boolean(value) && parts.every((part) => value[part] && typeof value[part] === 'string');
};

/** What an error is as JSON. */
export function posted(error, isModern) {
  try {
    if (isModern ? error instanceof Error : isError(error)) {
      return {
        errorType: escape(error.name),
        errorMessage: escape(error.message),
        trace: escape(error.stack)?.split('\n') ?? [],
      };
    }
    const errorMessage = isModern ? String(error) : error.toString();
    return { errorType: typeof error, errorMessage, trace: [] };
  } catch {
    const unreadable = {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or ' +
        'more of its message, name, and stack',
    };
    return isModern ? { ...unreadable, trace: [] } : unreadable;
  }
}

/** An error's cause for X-Ray, as a header's value; empty if there is none. */
export function xray(error) {
  try {
    const lines = typeof error.stack === 'string' ? escape(error.stack).split('\n').slice(1) : [];
    const stack = lines.map((line) => {
      const words = line.trim().replace(/[()]/g, '').split(' ').slice(1);
      const place = (words.pop() ?? '').split(':');
      return {
        path: place[0],
        line: parseInt(place[1], 10),
        label: words.join(' ') || 'anonymous',
      };
    });
    const exception = { type: escape(error.name), message: escape(error.message), stack };
    const paths = [...new Set(stack.map((one) => one.path))];
    const cause = { working_directory: process.cwd(), exceptions: [exception], paths };
    return JSON.stringify(cause);
  } catch {
    return '';
  }
}

/** An error for a line of the log: all its own members, the stack as lines. */
export function logged(error, isModern) {
  const members = (_, value) => {
    if (!(value instanceof Error)) return value;
    const { name: errorType, message: errorMessage, code } = value;
    const all = { errorType, errorMessage, code, ...value };
    if (typeof value.stack === 'string') all.stack = value.stack.split('\n');
    return all;
  };
  try {
    return `\t${JSON.stringify(error, members)}`;
  } catch {
    return `\t${JSON.stringify(posted(error, isModern))}`;
  }
}

/** What was thrown, as an `Error`. */
export function asError(thrown, isModern) {
  if (thrown instanceof Error) return thrown;
  return new Error(isModern ? String(thrown) : thrown);
}
