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

/** Runs a verb with --json. Resolves with `{ exitCode, result }` where the code is among `fine`, else rejects. */
function call(verb, options = {}, fine = [0]) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary(), [...verb, ...place(options), '--json'], { cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', text => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', text => { stderr += text; });
    child.once('error', cause => reject(new WakeepError('NO_BINARY', `wakeep can't be started: ${cause.message}`, { cause })));
    child.once('close', (exitCode, signal) => {
      let result = null;
      try {
        result = stdout.trim() ? JSON.parse(stdout) : null;
      } catch (cause) {
        return reject(new WakeepError('FAILED', `wakeep said what is no JSON: ${stdout.slice(0, 200)}`, { exitCode, cause }));
      }
      if (signal) return reject(new WakeepError('INTERRUPTED', `wakeep was ended by ${signal}`, { result }));
      if (fine.includes(exitCode)) resolve({ exitCode, result });
      else reject(ofExit(exitCode, stderr, result));
    });
  });
}

module.exports = { call, place };
