// A Store for RemoteAuth of whatsapp-web.js: the "remote" is the vault, whose archives are never torn.
//
// RemoteAuth (1.34) asks sessionExists, deletes the profile's folder, then extracts; once ready it asks again, and saves every
// backupSyncIntervalMs; it deletes when the page is disconnected for whatever reason. So the question archives what is about
// to be deleted, and a delete is taken down and deletes nothing. Only the first question, that of the start, has somebody
// who waits for it: whatever is thrown later ends the bot's process.
'use strict';

const { existsSync } = require('node:fs');
const { writeFile } = require('node:fs/promises');
const { dirname, join, resolve } = require('node:path');
const { call } = require('./call.js');
const { say } = require('./log.js');
const { createAuthArchive, event, restoreIfNeeded } = require('./verbs.js');

/** A zip file without entries: nothing but its end record. */
const EMPTY_ZIP = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);

class WakeepStore {
  #begun = new Set();

  /** `dataPath` as RemoteAuth has it; `logger`, `archive`, `vault`, `lang` for wakeep. */
  constructor({ dataPath = './.wwebjs_auth/', ...wakeep } = {}) {
    this.dataPath = resolve(dataPath);
    this.wakeep = wakeep;
  }

  #of(session, dataPath = this.dataPath) {
    return { ...this.wakeep, session: join(dataPath, session) };
  }

  /**
   * Archives what lies there, since RemoteAuth deletes it next; then says whether there is an archive. At the start it
   * rejects where another host has the lease, somebody restores, or what would be deleted can't be archived.
   */
  async sessionExists({ session }) {
    const place = this.#of(session);
    if (this.#begun.has(session)) return this.#archived(place).catch(error => this.#warn(error) ?? false);
    await call(['restore', '--before-start', '--qr-unseen'], place).catch(error => {
      if (['LEASE_HELD', 'IN_USE'].includes(error.code)) throw error;
      this.#warn(error);
    });
    const exists = await this.#archived(place);
    this.#begun.add(session);
    return exists;
  }

  async #archived(place) {
    // What is broken or logged out is refused, and the archive that stands is the better one.
    if (existsSync(place.session)) await createAuthArchive({ ...place, logger: null });
    const { result } = await call(['list'], place);
    return (result.sessions ?? []).some(one => one.latest || one.backups.length > 0);
  }

  /** RemoteAuth's zip is a copy of a profile that is being written to; the archive is made from the profile itself. */
  async save({ session }) {
    await createAuthArchive(this.#of(session)).catch(error => this.#warn(error));
  }

  /**
   * Restores the profile by all the rules, in one step. RemoteAuth unpacks a zip over it, file by file: it gets an empty one,
   * and a kill in the middle tears nothing.
   */
  async extract({ session, path }) {
    await restoreIfNeeded(this.#of(session, dirname(resolve(path)))).catch(error => this.#warn(error));
    await writeFile(path, EMPTY_ZIP, { mode: 0o600 });
  }

  /** Deletes nothing: RemoteAuth calls it on conflicts and local faults as well. */
  async delete({ session }) {
    await event('disconnected', { ...this.#of(session), reason: 'RemoteAuth' }).catch(error => this.#warn(error));
  }

  #warn(error) {
    say(this.wakeep.logger, 'warn', `wakeep: ${error.message}`);
  }
}

module.exports = { WakeepStore };
