// One call of the program: arguments in, an exit code and one JSON object out. No shell is in between.
'use strict';

const { spawn } = require('node:child_process');
const { binary } = require('./binary.js');
const { WakeepError, ofExit } = require('./error.js');

/** The flags that say which session is meant. */
function place({ session, archive, vault, config, lang } = {}) {
  const flags = { session, archive, vault, config, lang };
  return Object.entries(flags).flatMap(([name, value]) => (value === undefined || value === null ? [] : [`--${name}`, String(value)]));
}

/**
 * How long a restore may keep a bot from starting, in milliseconds: WAKEEP_START_LIMIT in seconds, else 80, which is more than
 * the minute for which the program waits for another wakeep.
 */
const startLimit = () => (Number(process.env.WAKEEP_START_LIMIT) || 80) * 1000;

/**
 * Runs a verb with --json. Resolves with `{ exitCode, result, stderr }` where the code is among `fine`, else rejects; so it does
 * with `INTERRUPTED` after `limit` milliseconds, if given, and ends the program.
 */
function call(verb, options = {}, fine = [0], limit = 0) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary(), [...verb, ...place(options), '--json'], { cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let timer;
    // First of all: an error that nobody hears would end the bot.
    child.once('error', cause => {
      clearTimeout(timer);
      reject(new WakeepError('NO_BINARY', `wakeep can't be started: ${cause.message}`, { cause }));
    });
    // Too many open files: there are no pipes, and the error comes next.
    if (!child.stdout) return;
    // What the program has started may hold its pipes open: nothing more is waited for.
    timer = limit && setTimeout(() => {
      child.kill('SIGKILL');
      for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
      reject(new WakeepError('INTERRUPTED', `no answer of wakeep ${verb[0]} in ${limit / 1000} s`));
    }, limit);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', text => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', text => { stderr += text; });
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      let result = null;
      try {
        result = stdout.trim() ? JSON.parse(stdout) : null;
      } catch (cause) {
        return reject(new WakeepError('FAILED', `wakeep said what is no JSON: ${stdout.slice(0, 200)}`, { exitCode, cause }));
      }
      if (signal) return reject(new WakeepError('INTERRUPTED', `wakeep was ended by ${signal}`, { result }));
      if (fine.includes(exitCode)) resolve({ exitCode, result, stderr });
      else reject(ofExit(exitCode, stderr, result));
    });
  });
}

/** Before a bot starts. Rejects where it mustn't, or where nothing came of it in time. */
const restoreBeforeStart = (options, ...flags) => call(['restore', '--before-start', ...flags], options, [0], startLimit());

module.exports = { call, place, restoreBeforeStart, startLimit };
