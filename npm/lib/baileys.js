// Baileys' multi-file login, with wakeep behind it: restored or healed before the first read, written so that a kill tears
// nothing, kept while the bot runs. Reading is the library's own.
'use strict';

const { resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const { isKeptBeside } = require('./beside.js');
const { restoreBeforeStart } = require('./call.js');
const { Files } = require('./files.js');
const { say, tell } = require('./log.js');
const { resolvePeer } = require('./peer.js');
const { createAuthArchive, event } = require('./verbs.js');
const { watch } = require('./watch.js');

/** DisconnectReason.loggedOut and .forbidden: the login has ended. All others, 515 (restart required) too, leave it as it is. */
const ENDED = [401, 403];

const TELL_QR_EVERY_MS = 300_000;

/** The logins in use by their folders: `{ opened, keeping, closing }`. */
const logins = new Map();

/**
 * As `useMultiFileAuthState(folder)`, and `follow(sock)`, which attaches all that is needed, `onConnection` and `stop`.
 * A bot that calls it at every connect gets the same login until `stop`, or until the phone has ended it: nothing is
 * restored under a living bot, and one keeper is enough.
 */
async function useWakeepAuthState(folder, options = {}) {
  const place = { ...options, session: resolve(folder) };
  const had = logins.get(place.session);
  if (had?.keeping?.ended) await (await had.opened).stop();
  else if (had?.closing) await had.closing;
  else if (had) return had.opened;
  // Another caller may have waited, too, and come first.
  if (logins.has(place.session)) return useWakeepAuthState(folder, options);
  const login = { opened: null, keeping: null, closing: null };
  logins.set(place.session, login);
  login.opened = openLogin(place, login);
  login.opened.catch(() => forget(place, login));
  return login.opened;
}

function forget(place, login) {
  if (logins.get(place.session) === login) logins.delete(place.session);
}

async function openLogin(place, login) {
  const warn = error => say(place.logger, 'warn', `wakeep: ${error.message}`);
  await restore(place, warn);
  const baileys = await import(pathToFileURL(resolvePeer('baileys')).href);
  const { state } = await baileys.useMultiFileAuthState(place.session);
  await Files.tidy(place.session).catch(warn);
  const files = new Files(place.session, baileys.BufferJSON);
  const keeping = new Keeping(place, warn);
  login.keeping = keeping;
  const saveCreds = () => files.writeCreds(state.creds);
  const onConnection = update => keeping.hear(update);
  const get = (kind, ids) => files.written(kind, ids).then(() => state.keys.get(kind, ids));
  const close = () => files.settled().then(() => keeping.stop()).finally(() => forget(place, login));
  return {
    state: { creds: state.creds, keys: { get, set: data => files.set(data) } },
    saveCreds,
    onConnection,
    follow(sock) {
      sock.ev.on('creds.update', () => saveCreds().catch(warn));
      sock.ev.on('connection.update', onConnection);
      return sock;
    },
    stop: () => (login.closing ??= close()),
  };
}

async function restore(place, warn) {
  try {
    const { result } = await restoreBeforeStart(place);
    if (result?.outcome === 'restored') tell(place.logger, result);
  } catch (error) {
    if (['LEASE_HELD', 'IN_USE'].includes(error.code)) throw error;
    warn(error);
  }
}

/** Tells wakeep what the connection says, and keeps once the server has accepted the login. */
class Keeping {
  #place;
  #warn;
  #keeper = null;
  #stopped = false;
  #toldQr = -Infinity;
  #told = Promise.resolve();
  /** Whether the phone or the server has ended the login. */
  ended = false;

  constructor(place, warn) {
    [this.#place, this.#warn] = [place, warn];
  }

  /** For `connection.update`. Never throws: a bot doesn't fall because of its backups. */
  async hear({ connection, qr, lastDisconnect }) {
    if (qr) await this.#tellQr();
    if (connection === 'open') {
      await this.#tell('ready');
      await this.#keep();
    }
    if (connection === 'close') {
      const code = lastDisconnect?.error?.output?.statusCode;
      // Before any waiting: a bot that connects again at once needs a new login then.
      this.ended ||= ENDED.includes(code);
      await this.#tell(ENDED.includes(code) ? 'logged-out' : 'disconnected', code);
    }
  }

  async #keep() {
    if (await isKeptBeside(this.#place)) return;
    if (this.#keeper || this.#stopped) return;
    try {
      this.#keeper = watch(this.#place);
    } catch (error) {
      this.#warn(error);
    }
  }

  /** The library makes a new QR code every 20 to 60 seconds. */
  async #tellQr() {
    if (Date.now() - this.#toldQr < TELL_QR_EVERY_MS) return;
    this.#toldQr = Date.now();
    await this.#tell('qr');
  }

  /** One after the other, as they happened. */
  #tell(what, reason) {
    this.#told = this.#told.then(() => event(what, { ...this.#place, reason }).catch(this.#warn));
    return this.#told;
  }

  async stop() {
    this.#stopped = true;
    await this.#told;
    await this.#keeper?.stop();
    await createAuthArchive(this.#place).catch(this.#warn);
  }
}

module.exports = { useWakeepAuthState };
