// Baileys' multi-file login, with wakeep behind it: restored or healed before the first read, written so that a kill tears
// nothing, kept while the bot runs. Reading is the library's own.
'use strict';

const { open, mkdir, rename, rm } = require('node:fs/promises');
const { join, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const { call } = require('./call.js');
const { say, tell } = require('./log.js');
const { resolvePeer } = require('./peer.js');
const { createAuthArchive, event } = require('./verbs.js');
const { watch } = require('./watch.js');

/** DisconnectReason.loggedOut and .forbidden: the login has ended. All others, 515 (restart required) too, leave it as it is. */
const ENDED = [401, 403];

/** As `useMultiFileAuthState(folder)`, and `follow(sock)`, which attaches all that is needed, `onConnection` and `stop`. */
async function useWakeepAuthState(folder, options = {}) {
  const place = { ...options, session: resolve(folder) };
  const warn = error => say(options.logger, 'warn', `wakeep: ${error.message}`);
  await restore(place, warn);
  const baileys = await import(pathToFileURL(resolvePeer('baileys')).href);
  const { state } = await baileys.useMultiFileAuthState(place.session);
  const files = new Files(place.session, baileys.BufferJSON);
  const keeping = new Keeping(place, warn);
  const saveCreds = () => files.write('creds', state.creds);
  const onConnection = update => keeping.hear(update);
  return {
    state: { creds: state.creds, keys: { get: state.keys.get, set: data => files.set(data) } },
    saveCreds,
    onConnection,
    follow(sock) {
      sock.ev.on('creds.update', saveCreds);
      sock.ev.on('connection.update', onConnection);
      return sock;
    },
    stop: async () => {
      await files.settled();
      await keeping.stop();
    },
  };
}

async function restore(place, warn) {
  try {
    const { result } = await call(['restore', '--before-start'], place);
    if (result?.outcome === 'restored') tell(place.logger, result);
  } catch (error) {
    if (['LEASE_HELD', 'IN_USE'].includes(error.code)) throw error;
    warn(error);
  }
}

/** The folder's files under the library's names: each is replaced whole, and the writes of one file follow one another. */
class Files {
  #folder;
  #json;
  #last = new Map();

  constructor(folder, json) {
    [this.#folder, this.#json] = [folder, json];
  }

  async set(data) {
    const all = Object.entries(data).flatMap(([kind, entries]) => Object.entries(entries).map(([id, value]) => [`${kind}-${id}`, value]));
    await Promise.all(all.map(([name, value]) => (value ? this.write(name, value) : this.#remove(name))));
  }

  write(name, value) {
    // The value as it is now; later changes come with writes of their own.
    const text = JSON.stringify(value, this.#json.replacer);
    return this.#inTurn(name, path => replace(path, text));
  }

  #remove(name) {
    return this.#inTurn(name, path => rm(path, { force: true }));
  }

  #inTurn(name, work) {
    const path = join(this.#folder, `${name.replace(/\//g, '__').replace(/:/g, '-')}.json`);
    const turn = (this.#last.get(path) ?? Promise.resolve()).catch(() => {}).then(() => work(path));
    this.#last.set(path, turn);
    const done = () => this.#last.get(path) === turn && this.#last.delete(path);
    turn.then(done, done);
    return turn;
  }

  settled() {
    return Promise.allSettled([...this.#last.values()]);
  }
}

let writes = 0;

/** At every instant the old file or the new one stands there whole; `.tmp` is a name that newer versions use, too. */
async function replace(path, text) {
  const temp = `${path}.${process.pid}-${(writes += 1)}.tmp`;
  await mkdir(join(path, '..'), { recursive: true });
  const file = await open(temp, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temp, path);
}

/** Tells wakeep what the connection says, and keeps once the server has accepted the login. */
class Keeping {
  #place;
  #warn;
  #keeper = null;
  #stopped = false;

  constructor(place, warn) {
    [this.#place, this.#warn] = [place, warn];
  }

  /** For `connection.update`. Never throws: a bot doesn't fall because of its backups. */
  async hear({ connection, qr, lastDisconnect }) {
    if (qr) await this.#tell('qr');
    if (connection === 'open') {
      await this.#tell('ready');
      this.#keep();
    }
    if (connection === 'close') {
      const code = lastDisconnect?.error?.output?.statusCode;
      await this.#tell(ENDED.includes(code) ? 'logged-out' : 'disconnected', code);
    }
  }

  #keep() {
    if (this.#keeper || this.#stopped) return;
    try {
      this.#keeper = watch(this.#place);
    } catch (error) {
      this.#warn(error);
    }
  }

  #tell(what, reason) {
    return event(what, { ...this.#place, reason }).catch(this.#warn);
  }

  async stop() {
    this.#stopped = true;
    await this.#keeper?.stop();
    await createAuthArchive(this.#place).catch(this.#warn);
  }
}

module.exports = { useWakeepAuthState };
