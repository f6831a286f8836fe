// A Store for RemoteAuth of whatsapp-web.js: the "remote" is the vault, whose archives are never torn.
//
// RemoteAuth asks sessionExists, deletes the profile's folder, then extracts; saves every backupSyncIntervalMs; deletes when the
// page is disconnected for whatever reason. So what is asked first archives what is about to be deleted, or puts it aside
// where that fails, and a delete is taken down and deletes nothing.
//
// RemoteAuth waits for none of it where the bot could catch an error: a rejection would end the bot. Only extract rejects,
// and only where a second browser would end the login of both.
'use strict';

const { createWriteStream, existsSync, readlinkSync, renameSync } = require('node:fs');
const { writeFile } = require('node:fs/promises');
const { createRequire } = require('node:module');
const { hostname } = require('node:os');
const { dirname, join, resolve } = require('node:path');
const { pipeline } = require('node:stream/promises');
const { call } = require('./call.js');
const { say } = require('./log.js');
const { resolvePeer } = require('./peer.js');
const { putAside } = require('./quarantine.js');
const { check, createAuthArchive, event, restoreIfNeeded } = require('./verbs.js');

/** The end record that a zip without members consists of. */
const EMPTY_ZIP = Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1');

class WakeepStore {
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

  /** Restores the profile by all the rules, and gives RemoteAuth the zip it unpacks over it. */
  async extract({ session, path }) {
    const place = this.#of(session, dirname(resolve(path)));
    try {
      if (this.#aside.get(place.session)?.newest) this.#putBack(place.session);
      await restoreIfNeeded(place);
    } catch (error) {
      if (['LEASE_HELD', 'IN_USE'].includes(error.code)) throw error;
      this.#warn(error);
    }
    try {
      this.#putBack(place.session);
      await zip(place.session, path);
    } catch (error) {
      this.#warn(error);
      // The profile is in its place already; RemoteAuth falls without a file to unpack.
      await writeFile(path, EMPTY_ZIP, { mode: 0o600 }).catch(again => this.#warn(again));
    }
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

async function zip(folder, path) {
  const archiver = createRequire(resolvePeer('whatsapp-web.js'))('archiver');
  const packed = archiver('zip', { store: true });
  packed.directory(folder, false);
  await Promise.all([pipeline(packed, createWriteStream(path, { mode: 0o600 })), packed.finalize()]);
}

/** Whether a Chromium of this host has the profile: its SingletonLock points to `host-pid`, and stays when it is killed. */
function browserLives(profile) {
  try {
    const [, host, pid] = /^(.*)-(\d+)$/.exec(readlinkSync(join(profile, 'SingletonLock')));
    if (host !== hostname()) return false;
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

module.exports = { WakeepStore };
