/// <reference lib="esnext.disposable" />

/**
 * Starts a gateway for the stack of a template, and waits until it serves.
 *
 * @param template A template of SAM or CloudFormation, or a folder that `gatespec serve` takes
 *   (`cdk.out`, `.serverless`), from the working directory, which is the default; or a `file:` URL,
 *   such as `new URL('../template.yaml', import.meta.url)`.
 * @throws {GatespecError} With the gateway's own words if it does not start.
 */
export function start(
  template?: string | { readonly href: string },
  options?: Options,
): Promise<Gateway>;

/** What `gatespec serve` is told; `gatespec serve --help` explains each option. */
export interface Options {
  /** Values for the template's parameters; a list is joined by commas. */
  parameters?: Readonly<Record<string, string | number | boolean | readonly (string | number)[]>>;
  /**
   * `'frozen'`, the default: time stands at the moment of the start until `advance` moves it;
   * milliseconds since 1970 or a `Date`: it stands there; `'system'`: it passes by itself, which is
   * the default with `data` and with options in `arguments` that exclude `--clock`.
   */
  clock?: 'frozen' | 'system' | number | Date;
  /** The port; by default, a free one. */
  port?: number;
  /** The address to listen on; by default, 127.0.0.1. */
  host?: string;
  /**
   * Values for variables that functions declare: of each function, and `Parameters` for all; or a
   * file of them.
   */
  envVars?: Readonly<Record<string, Readonly<Record<string, string>>>> | string;
  /** Where functions find services that the gateway does not have: `{ sqs: 'http://…' }`. */
  endpoints?: Readonly<Record<string, string>>;
  /** Commands that run the functions of a runtime, or one function. */
  runtimes?: Readonly<Record<string, string>>;
  /** The Node that runs functions; by default, the one that runs this code. */
  node?: string;
  /** The Python that runs functions. */
  python?: string;
  /** The logical id of the WebSocket API, where a template has several. */
  api?: string;
  /** The name of the stage, where the API has several. */
  stage?: string;
  /** The stack of a CDK app, where several have a WebSocket API. */
  stack?: string;
  /** `false` takes the binaries of functions in Rust as they are. */
  build?: boolean;
  /** The file that keeps the tables; otherwise they are in memory. */
  data?: string;
  /** Log every decision with its reason; `false` leaves warnings and what functions write. */
  verbose?: boolean;
  /** More arguments of `gatespec serve`. */
  arguments?: readonly string[];
  /**
   * How long the start, an `advance` or an `apply` may take, in seconds: 120. Functions in Rust are
   * built in it.
   */
  timeout?: number;
}

/** A gateway that serves. */
export interface Gateway extends AsyncDisposable {
  /** Where clients connect: `ws://…/{stage}`. */
  readonly wsUrl: string;
  /** The endpoint of the `@connections` API: `http://…/{stage}`. */
  readonly managementUrl: string;
  /** The endpoint of DynamoDB. */
  readonly dynamodbUrl: string;
  /** The names of the tables, in the order of the template. */
  readonly tables: readonly string[];
  /** The API keys that `$connect` accepts, by name. */
  readonly apiKeys: Readonly<Record<string, string>>;
  /** The mappings of custom domains. */
  readonly customDomains: readonly CustomDomain[];
  /** The file (PEM) with which clients trust `https://` and `wss://` on the same port. */
  readonly ca: string;
  /** All that the gateway says when it is ready, also what newer versions say. */
  readonly ready: Readonly<Record<string, unknown>>;
  /**
   * The lines of the log so far: functions' output, decisions, warnings. Complete after `close`;
   * before, a function's last lines may come a moment after its answer.
   */
  readonly logs: readonly string[];
  /**
   * Waits for a line of the log that has this text or matches.
   *
   * @param more `after`: how many lines to leave out (`api.logs.length` before what is awaited);
   *   `timeout`: in seconds, by default 10.
   * @throws {GatespecError} With the log's end if there is no such line in time.
   */
  waitForLog(wanted: string | RegExp, more?: { after?: number; timeout?: number }): Promise<string>;
  /**
   * Lets time pass on the frozen clock. Whatever was due by then has happened and is on its way.
   *
   * @returns The time that it is now, in milliseconds since 1970.
   * @throws {GatespecError} If there is no answer within the `timeout` of the start.
   */
  advance(seconds: number): Promise<number>;
  /**
   * Reads the template again and serves what it says now. Connections stay open. If the template
   * has mistakes, the old one is still served.
   *
   * @returns What changed, in words.
   * @throws {GatespecError} With the template's mistakes, or without an answer within the `timeout`
   *   of the start.
   */
  apply(): Promise<string>;
  /**
   * Waits until no function is at work on what the gateway has received: neither one that has
   * answered already by `@connections`, nor `$disconnect`, nor what a table's stream invokes.
   *
   * @param more `timeout`: in seconds, by default 10.
   * @throws {GatespecError} If one still is.
   */
  settle(more?: { timeout?: number }): Promise<void>;
  /**
   * Ends the gateway: clients get 1001, `$disconnect` runs, and no process is left.
   *
   * @throws {GatespecError} If the gateway had failed before.
   */
  close(): Promise<void>;
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface CustomDomain {
  /** The `Host` to name. */
  readonly host: string;
  /** Where to connect: `ws://…/{key}`. */
  readonly ws: string;
}

/** What went wrong, in the gateway's own words. */
export class GatespecError extends Error {
  readonly name: 'GatespecError';
  /** The exit code of the gateway; `null` if it runs, was not started or was ended by a signal. */
  readonly exitCode: number | null;
  /** The lines of the log until then. */
  readonly logs: readonly string[];
}
