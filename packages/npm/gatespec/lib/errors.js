'use strict';

/** What went wrong, in the gateway's own words. */
class GatespecError extends Error {
  /**
   * @param {string} message
   * @param {{exitCode?: number | null, logs?: readonly string[], cause?: unknown}} [more]
   */
  constructor(message, { exitCode = null, logs = [], cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GatespecError';
    this.exitCode = exitCode;
    this.logs = [...logs];
  }
}

module.exports = { GatespecError };
