// A Store for RemoteAuth of whatsapp-web.js: the "remote" is the vault, whose archives are never torn.
//
// RemoteAuth (1.34) asks sessionExists, deletes the profile's folder, then extracts; once ready it asks again, and saves
// every backupSyncIntervalMs; it deletes when the page is disconnected for whatever reason. So the question archives what
// is about to be deleted, or puts it aside where that fails, and a delete is taken down and deletes nothing.
//
// Only the first question and extract, at the start, have somebody who waits for them: a rejection later would end the bot's
// process. And those two reject only where a second browser would end the login of both.
'use strict';

const { existsSync, renameSync } = require('node:fs');
const { writeFile } = require('node:fs/promises');
const { dirname, join, resolve } = require('node:path');
const { browserLives, requireIdle } = require('./browser.js');
const { call, restoreBeforeStart } = require('./call.js');
const { say } = require('./log.js');
const { putAside } = require('./quarantine.js');
const { check, createAuthArchive, event, restoreIfNeeded } = require('./verbs.js');

/** A zip file without entries: nothing but its end record. */
const EMPTY_ZIP = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);

/** A second browser would end the login of both. */
const MUST_NOT_START = ['LEASE_HELD', 'IN_USE'];

class WakeepStore {
  #begun = new Set();
  /** Profiles put aside in this life of the bot by their path: where they lie, and whether no archive can be newer. */
  #aside = new Map();

  /** `dataPath` as RemoteAuth has it; `logger`, `archive`, `vault`, `lang` for wakeep. */
  constructor({ dataPath = './.wwebjs_auth/', ...wakeep } = {}) {
    this.dataPath = resolve(dataPath);
    this.wakeep = wakeep;
  }

  #of(session, dataPath = this.dataPath) {
    return { ...this.wakeep, session: join(dataPath, session) };
  }

  #warn(error) {
    say(this.wakeep.logger, 'warn', `wakeep: ${error.message}`);
  }

  /** Archives what lies there, since RemoteAuth deletes it next; then says whether there is anything to extract. */
  async sessionExists({ session }) {
    const place = this.#of(session);
    await this.#begin(session, place);
    try {
      await this.#secure(place);
      if (this.#aside.has(place.session)) return true;
      const { result } = await call(['list'], place);
      return (result.sessions ?? []).some(one => one.latest || one.backups.length > 0);
    } catch (error) {
      this.#warn(error);
      return this.#aside.has(place.session);
    }
  }

  /** What every start of a bot begins with: the login is back where it is needed. Rejects where nobody else may start it. */
  async #begin(session, place) {
    if (this.#begun.has(session)) return;
    await restoreBeforeStart(place, '--qr-unseen').catch(error => {
      if (MUST_NOT_START.includes(error.code)) throw error;
      this.#warn(error);
    });
    // RemoteAuth would delete the profile under the browser that has it.
    requireIdle(place.session);
    this.#begun.add(session);
  }

  /** The archive, or else the folder itself put aside. What is broken or logged out isn't worth it. */
  async #secure(place) {
    let newest = false;
    try {
      const { outcome, reason } = await createAuthArchive({ ...place, logger: null });
      if (outcome !== 'refused' || ['broken', 'logged_out'].includes(reason)) return;
    } catch (error) {
      this.#warn(error);
      const found = await check(place).catch(() => null);
      if (['broken', 'missing'].includes(found?.verdict) || found?.login === 'logged_out') return;
      newest = !found || found.login === 'paired';
    }
    if (browserLives(place.session)) return;
    const path = putAside(place.session);
    if (path) this.#aside.set(place.session, { path, newest });
  }

  /** RemoteAuth's zip is a copy of a profile that is being written to; the archive is made from the profile itself. */
  async save({ session }) {
    const place = this.#of(session);
    await createAuthArchive(place).catch(error => this.#warn(error));
  }

  /**
   * Restores the profile by all the rules, in one step. RemoteAuth unpacks a zip over it, file by file: it gets an empty one,
   * and a kill in the middle tears nothing.
   */
  async extract({ session, path }) {
    const place = this.#of(session, dirname(resolve(path)));
    try {
      if (this.#aside.get(place.session)?.newest) this.#putBack(place.session);
      await restoreIfNeeded(place);
    } catch (error) {
      if (MUST_NOT_START.includes(error.code)) throw error;
      this.#warn(error);
    }
    try {
      this.#putBack(place.session);
    } catch (error) {
      this.#warn(error);
    }
    await writeFile(path, EMPTY_ZIP, { mode: 0o600 });
  }

  /** What was put aside, where nothing better has come. */
  #putBack(session) {
    const aside = this.#aside.get(session);
    this.#aside.delete(session);
    if (aside && existsSync(aside.path) && !existsSync(session)) renameSync(aside.path, session);
  }

  /** Deletes nothing: RemoteAuth calls it on conflicts and local faults as well. */
  async delete({ session }) {
    await event('disconnected', { ...this.#of(session), reason: 'RemoteAuth' }).catch(error => this.#warn(error));
  }
}

module.exports = { WakeepStore };
