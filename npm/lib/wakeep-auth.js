// LocalAuth of whatsapp-web.js, with wakeep behind it: `new Client({ authStrategy: new WakeepAuth() })`.
//
// The order of calls is that of its Client.js (1.34): beforeBrowserInitialized → browser → onAuthenticationNeeded if the page
// shows no login → … → ready → afterAuthReady; destroy after the browser has closed; logout with a live browser (the page
// went to post_logout=1) or, from client.logout(), without one. Files are touched only while no browser is alive.
'use strict';

const { join } = require('node:path');
const { isKeptBeside } = require('./beside.js');
const { requireIdle } = require('./browser.js');
const { call, restoreBeforeStart } = require('./call.js');
const { say, tell } = require('./log.js');
const { resolvePeer } = require('./peer.js');
const { putAside } = require('./quarantine.js');
const { createAuthArchive, event } = require('./verbs.js');
const { watch } = require('./watch.js');

/** The program goes back two generations at most; beyond that a loop is ours. */
const MOST_RESTARTS = 4;
const ONLY_A_SCAN_HELPS = ['tombstone', 'exhausted', 'never_paired', 'qr_page'];
const TELL_QR_EVERY_MS = 300_000;

class WakeepAuth extends class {} {
  /** `clientId`, `dataPath`, `rmMaxRetries` as LocalAuth has them; `logger`, `interval`, `archive`, `vault`, `lang` for wakeep. */
  constructor(options = {}) {
    inheritLocalAuth();
    super(options);
    const { logger, interval, archive, vault, config, lang } = options;
    this.session = join(this.dataPath, this.clientId ? `session-${this.clientId}` : 'session');
    this.wakeep = { session: this.session, logger, interval, archive, vault, config, lang };
    this.keeper = null;
    this.restarting = false;
    this.restarts = 0;
    this.mayHelp = true;
    this.wasReady = false;
    this.unlinking = false;
    this.toldQr = 0;
    this.left = null;
  }

  setup(client) {
    super.setup(client);
    client.on('qr', () => this.#tellQr());
    client.on('code', () => this.#tellQr());
    client.on('disconnected', reason => {
      if (reason !== 'LOGOUT') this.#event('disconnected', reason);
    });
    // Only the bot's own logout is known to end the login for good.
    const { logout } = client;
    client.logout = async (...args) => {
      this.unlinking = true;
      try {
        return await logout.apply(client, args);
      } finally {
        this.unlinking = false;
      }
    };
  }

  async beforeBrowserInitialized() {
    if (!this.#browserLives()) {
      requireIdle(this.session);
      await this.#restore();
    }
    await super.beforeBrowserInitialized();
  }

  /** Before any QR code is shown: once more from the archive, if one is left that wasn't tried. */
  async onAuthenticationNeeded() {
    if (!(await this.#isWorthARestart())) return { failed: false, restart: false, failureEventPayload: undefined };
    this.restarting = true;
    this.restarts += 1;
    return { failed: true, restart: true, failureEventPayload: 'wakeep: no login came up; restoring it before a QR code is asked for' };
  }

  /** The library doesn't wait for this: nothing may be thrown. */
  async afterAuthReady() {
    [this.restarts, this.mayHelp, this.wasReady] = [0, true, true];
    this.left = null;
    await this.#event('ready');
    const kept = await isKeptBeside(this.wakeep);
    if (this.wasReady && !kept) this.#keep();
  }

  /** The browser has closed, the profile is quiet: the best archive there can be. */
  async destroy() {
    const ready = this.wasReady;
    this.wasReady = false;
    if (this.restarting || !ready) return this.#stopKeeping();
    await this.#stopKeeping();
    await createAuthArchive(this.wakeep).catch(error => this.#warn(error));
  }

  async disconnect() {}

  /** Nothing is deleted. A page that logged itself out is looked at again in onAuthenticationNeeded. */
  async logout() {
    this.wasReady = false;
    if (!this.unlinking) return this.#pageLoggedOut();
    await this.#event('logged-out', 'logged_out');
    if (this.#browserLives()) return;
    await this.#stopKeeping();
    putAside(this.session);
  }

  /** After a restart the library listens to the new page twice; were both to go on, the second would work on a closed page. */
  #pageLoggedOut() {
    if (this.left === this.client.pupPage) return new Promise(() => {});
    this.left = this.client.pupPage;
    return this.#event('logged-out', `post_logout ${this.#logoutReason()}`);
  }

  #browserLives() {
    return Boolean(this.client?.pupBrowser?.isConnected?.());
  }

  async #restore() {
    this.restarting = false;
    // No browser is alive here: nobody scans a page but one of which the program was told.
    try {
      const { result } = await restoreBeforeStart(this.wakeep, '--qr-unseen');
      if (result?.outcome === 'restored' || result?.outcome === 'rolled_back') tell(this.wakeep.logger, result);
      // What was restored may come back logged out, and then an older one may help.
      this.mayHelp = result?.outcome === 'restored' || (this.restarts === 0 && !ONLY_A_SCAN_HELPS.includes(result?.reason));
    } catch (error) {
      // Another host has the lease, or another browser the profile: a second one would end both.
      if (['LEASE_HELD', 'IN_USE'].includes(error.code)) throw error;
      this.#warn(error);
      this.mayHelp = false;
    }
  }

  async #isWorthARestart() {
    if (!this.mayHelp || this.restarts >= MOST_RESTARTS) return false;
    try {
      const { result } = await call(['list'], this.wakeep);
      return (result.sessions ?? []).some(one => one.latest || one.backups.length > 0);
    } catch (error) {
      this.#warn(error);
      return false;
    }
  }

  #keep() {
    if (this.keeper) return;
    try {
      this.keeper = watch(this.wakeep);
    } catch (error) {
      this.#warn(error);
    }
  }

  async #stopKeeping() {
    const keeper = this.keeper;
    this.keeper = null;
    await keeper?.stop();
  }

  #logoutReason() {
    const url = this.client?.pupPage?.url?.() ?? '';
    return /[?&]logout_reason=(\w+)/.exec(url)?.[1] ?? 'unknown';
  }

  #tellQr() {
    if (Date.now() - this.toldQr < TELL_QR_EVERY_MS) return;
    this.toldQr = Date.now();
    this.#event('qr');
  }

  async #event(what, reason) {
    await event(what, { ...this.wakeep, reason }).catch(error => this.#warn(error));
  }

  #warn(error) {
    say(this.wakeep.logger, 'warn', `wakeep: ${error.message}`);
  }
}

/** The base class comes only when the first strategy is made, so that the package loads without whatsapp-web.js. */
function inheritLocalAuth() {
  const { LocalAuth } = require(resolvePeer('whatsapp-web.js'));
  if (Object.getPrototypeOf(WakeepAuth) === LocalAuth) return;
  Object.setPrototypeOf(WakeepAuth, LocalAuth);
  Object.setPrototypeOf(WakeepAuth.prototype, LocalAuth.prototype);
}

module.exports = { WakeepAuth };
