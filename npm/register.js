// `node -r wakeep/register bot.js`: the login is back before the bot's first line. A bot is held back only where
// another host has its lease, or somebody works with its session; for lack of a login it never is. Which session is its own,
// where there are several, stands in WAKEEP_SESSION or WAKEEP_ONLY, which the program reads (see `withWakeep`).
'use strict';

const { spawnSync } = require('node:child_process');
const { isMainThread } = require('node:worker_threads');
const { binary } = require('./lib/binary.js');
const { startLimit } = require('./lib/call.js');

const HOLD_BACK = [11, 12];
// Forks of the bot inherit its node flags: for them all is done already.
const inherited = process.env.WAKEEP_REGISTERED === String(process.ppid);

function restoreBeforeStart() {
  try {
    const limit = { timeout: startLimit(), killSignal: 'SIGKILL' };
    const { status, error } = spawnSync(binary(), ['restore', '--before-start'], { stdio: ['ignore', 'inherit', 'inherit'], ...limit });
    if (error?.code === 'ETIMEDOUT') error.message = `no answer of wakeep restore in ${limit.timeout / 1000} s`;
    if (error) console.error(`wakeep: ${error.message}`);
    return status;
  } catch (error) {
    console.error(`wakeep: ${error.message}`);
    return null;
  }
}

if (isMainThread) {
  process.env.WAKEEP_REGISTERED = String(process.pid);
  if (!inherited) {
    const status = restoreBeforeStart();
    if (HOLD_BACK.includes(status)) process.exit(status);
  }
}
