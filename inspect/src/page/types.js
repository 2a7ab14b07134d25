// What the gateway tells: the shapes of its JSON. Times are milliseconds since 1970.

/**
 * @typedef {Object} Hello
 * @property {string} ws where clients connect to
 * @property {string} wscat a line to paste, without its secrets
 * @property {boolean} frozen whether time passes only when it is told to
 * @property {number} now
 * @property {string[]} routes
 */

/**
 * @typedef {Object} Changes what changed since a revision
 * @property {number} revision what is known now
 * @property {number} number of the last request
 * @property {number} missed how many requests came and went without this page
 * @property {number} lost how many requests to the gateway were not followed, in all
 * @property {number} now
 * @property {Summary[]} exchanges in the order in which they began
 * @property {Connection[] | null} connections all that are open and those that ended last, if anything has changed about them
 */

/**
 * @typedef {Object} Summary one request in a line
 * @property {number} number from 1, in the order in which they began
 * @property {"connect" | "message" | "disconnect" | "management"} kind
 * @property {string | null} connectionId
 * @property {string} requestId
 * @property {number} began
 * @property {number | null} ended
 * @property {string} text what was asked: the frame, or the path
 * @property {string | null} route
 * @property {string[]} targets what was called
 * @property {number} revision when it last changed
 * @property {number | null} status what a handshake or a management request was answered with
 * @property {"open" | "answered" | "silent" | "refused" | "error" | "unknown"} verdict
 */

/**
 * @typedef {Object} Connection
 * @property {string} connectionId
 * @property {number} since
 * @property {number} lastActive
 * @property {string | null} principal
 * @property {number} messages
 * @property {boolean} open
 */

/**
 * @typedef {Object} Call what was called for a request
 * @property {"authorizer" | "integration"} role
 * @property {{type: string, name: string}} target
 * @property {Template | null} template that made the payload
 * @property {Template | null} responseTemplate that made the client's answer
 * @property {any} payload
 * @property {any} answer
 * @property {number | null} status of a backend or a service
 * @property {"returned" | "failed" | "timed-out" | "not-invocable" | null} outcome
 * @property {number} began
 * @property {number | null} ended
 * @property {{requestId: string, started: number | null, initMillis: number | null, durationMillis: number | null, memoryMb: number | null} | null} function
 * @property {string[]} log
 */

/**
 * @typedef {Object} Template a mapping template, as it was rendered
 * @property {string} key
 * @property {string} source
 * @property {string | null} rendered
 * @property {string | null} error why it failed
 * @property {{context: any, stageVariables: any, body: string}} values
 */

/**
 * @typedef {Object} Exchange all of one request
 * @property {number} number
 * @property {Summary["kind"]} kind
 * @property {string | null} connectionId
 * @property {string} requestId
 * @property {number} began
 * @property {number | null} ended
 * @property {any} request
 * @property {{at: number, text: string}[]} decisions
 * @property {{key: string | null, why: string} | null} route
 * @property {{name: string, verdict: string} | null} model
 * @property {Call[]} calls
 * @property {{at: number, to: string, what: any}[]} sent
 * @property {string | null} accessLog
 * @property {Summary["verdict"]} verdict
 * @property {boolean} isCut whether something was longer than is kept
 */

export {};
