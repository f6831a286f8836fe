// Whether the keeper that `withWakeep` has put beside the bot keeps a session: then the bot needs none of its own.
'use strict';

const { realpathSync } = require('node:fs');
const { resolve } = require('node:path');
const { call } = require('./call.js');

/** That keeper has the bot's folder and environment, so the program itself says which sessions it means. */
async function isKeptBeside({ session, archive, vault, config }) {
  if (process.env.WAKEEP_KEEPER !== 'beside' || archive || vault || config) return false;
  try {
    const { result } = await call(['status'], {}, [0, 1, 3, 4, 5, 10, 11]);
    return result.sessions.some(one => real(one.path) === real(session));
  } catch {
    return false;
  }
}

function real(path) {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

module.exports = { isKeptBeside };
