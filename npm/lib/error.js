// What went wrong, typed: the names of the program's exit codes (README.md, "Exit codes"). Sentences come from the program.
'use strict';

const CODES = {
  1: 'FAILED', 2: 'USAGE', 3: 'DOUBTFUL', 4: 'BROKEN', 5: 'LOGGED_OUT', 10: 'NOTHING_TO_RESTORE', 11: 'LEASE_HELD', 12: 'IN_USE',
  13: 'BUSY', 130: 'INTERRUPTED',
};

class WakeepError extends Error {
  constructor(code, message, { exitCode = null, result = null, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'WakeepError';
    this.code = code;
    this.exitCode = exitCode;
    this.result = result;
  }
}

/** The error that an exit code stands for. */
function ofExit(exitCode, stderr, result) {
  const message = stderr.trim().replace(/^wakeep: /, '') || result?.error || result?.message || `wakeep ended with code ${exitCode}`;
  return new WakeepError(CODES[exitCode] ?? 'FAILED', message, { exitCode, result });
}

module.exports = { CODES, WakeepError, ofExit };
