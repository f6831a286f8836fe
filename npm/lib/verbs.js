// The program's verbs as functions. What each does and returns stands in docs/json.md.
'use strict';

const { call } = require('./call.js');
const { ofExit } = require('./error.js');
const { tell } = require('./log.js');

/** Makes or renews `whatsapp_auth_latest.tar.gz`, if the login changed. A refused snapshot is an outcome, not an error. */
async function createAuthArchive(options = {}) {
  const verb = ['archive', ...(options.force ? ['--force'] : []), ...(options.plain ? ['--plain'] : [])];
  const { result } = await call(verb, options, [0, 1, 3, 4, 5]).then(unlessFailed);
  tell(options.logger, result);
  return result;
}

/** Judges the session, or a path. */
async function check(path, options = {}) {
  if (path !== null && typeof path === 'object') [path, options] = [undefined, path];
  return (await call(['check', ...(path === undefined ? [] : [String(path)])], options, [0, 3, 4, 5])).result;
}

/** Restores the session if that certainly helps. */
async function restoreIfNeeded(options = {}) {
  const { result } = await call(['restore', '--if-needed'], options).catch(nothingThere);
  tell(options.logger, result);
  return result;
}

/** Tells what the bot knows of its connection. */
async function event(what, options = {}) {
  const reason = options.reason === undefined ? [] : ['--reason', String(options.reason)];
  return (await call(['event', what, ...reason], options)).result;
}

// A failed session has the code 1 as a rewound one has, which is only refused; one without an outcome was never looked at.
function unlessFailed(done) {
  const failed = (done.result?.sessions ?? [done.result]).find(one => !one?.outcome || one.outcome === 'failed');
  if (failed === undefined) return done;
  throw ofExit(done.exitCode, failed?.error ?? done.stderr, done.result);
}

// That no archive is there yet is an ordinary state of a new bot.
function nothingThere(error) {
  if (error.code !== 'NOTHING_TO_RESTORE') throw error;
  return { result: { outcome: 'nothing', from: null, backup: null, message: error.message } };
}

module.exports = { createAuthArchive, check, restoreIfNeeded, event };
