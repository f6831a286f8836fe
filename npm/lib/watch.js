// The keeper as a child of the bot: it ends with the bot, however the bot ends, since its standard input does.
'use strict';

const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const { EventEmitter } = require('node:events');
const { binary } = require('./binary.js');
const { place } = require('./call.js');
const { say, tell } = require('./log.js');

const BUSY = 13;
/** How long after a keeper has ended unasked the next is tried, in milliseconds. */
const AGAIN = 60_000;

class Watch extends EventEmitter {
  #options;
  #child = null;
  #timer = null;
  #stopped = false;
  /** Words of a keeper that isn't keeping (yet): why it ended. */
  #words = [];
  #keeping = false;
  #saidBusy = false;

  constructor(options = {}) {
    super();
    this.#options = options;
    this.#start();
  }

  /** The keeper's process, or null: another keeper (wakeep.service, a pm2 app) has the session then. */
  get pid() {
    return this.#child?.pid ?? null;
  }

  #start() {
    const { logger, interval } = this.#options;
    const args = ['watch', '--until-eof', '--log-format', 'json', ...(interval ? ['--interval', String(interval)] : []), ...place(this.#options)];
    // Where the bot's logger gets the lines they don't go to its file a second time.
    const env = logger ? { ...process.env, WAKEEP_LOG_FILE: 'false' } : process.env;
    const child = spawn(binary(), args, { cwd: this.#options.cwd, env, stdio: ['pipe', 'ignore', 'pipe'] });
    [this.#child, this.#keeping] = [child, false];
    // A keeper is no reason for a bot to go on living, nor, should it die, to fall.
    child.once('error', error => this.#ended(child, error));
    child.once('close', code => this.#ended(child, code));
    child.unref();
    // Too many open files: there are no pipes, and the error comes next.
    if (!child.stderr) return;
    child.stdin.on('error', () => {}).unref?.();
    child.stderr.unref?.();
    createInterface({ input: child.stderr }).on('line', line => this.#hear(line));
  }

  /** The program may be gone by now, as while packages are being installed: nobody would catch what a timer throws. */
  #startAgain() {
    try {
      this.#start();
    } catch (error) {
      this.#ended(null, error);
    }
  }

  #hear(line) {
    let told;
    try {
      told = JSON.parse(line);
    } catch {
      this.#words.push(line);
      return this.#keeping && this.#sayWords();
    }
    [this.#keeping, this.#saidBusy] = [true, false];
    this.#sayWords();
    tell(this.#options.logger, { ...told, outcome: told.event });
    this.emit('event', told);
  }

  #ended(child, why) {
    if (this.#child !== child) return;
    this.#child = null;
    this.#sayWords(why === BUSY);
    if (why !== 0 && why !== BUSY && !this.#stopped) say(this.#options.logger, 'warn', `wakeep: the keeper ended (${why?.message ?? why})`);
    this.emit('end', why);
    if (!this.#stopped) this.#timer = setTimeout(() => this.#startAgain(), AGAIN).unref();
  }

  /** Another keeper may have the session for months: that is said once. */
  #sayWords(busy = false) {
    const words = this.#words.splice(0);
    if (busy && this.#saidBusy) return;
    this.#saidBusy = busy;
    for (const line of words) say(this.#options.logger, 'warn', line);
  }

  /** Ends the keeper; resolves after its last archive. */
  async stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (!child) return;
    const ended = new Promise(resolve => super.once('end', resolve));
    child.ref();
    child.stderr?.ref?.();
    child.stdin?.end();
    await ended;
  }
}

/** Starts keeping. Emits `event` for each fact of the journal and `end` when the keeper has ended. */
const watch = options => new Watch(options);

module.exports = { Watch, watch };
