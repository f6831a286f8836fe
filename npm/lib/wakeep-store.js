// A Store for RemoteAuth of whatsapp-web.js: the "remote" is the vault, whose archives are never torn.
//
// RemoteAuth asks sessionExists, deletes the profile's folder, then extracts; saves every backupSyncIntervalMs; deletes when the
// page is disconnected for whatever reason. So what is asked first archives what is about to be deleted, and a delete is
// taken down and deletes nothing.
'use strict';

const { createWriteStream } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join, resolve } = require('node:path');
const { pipeline } = require('node:stream/promises');
const { call } = require('./call.js');
const { WakeepError } = require('./error.js');
const { resolvePeer } = require('./peer.js');
const { createAuthArchive, event, restoreIfNeeded } = require('./verbs.js');

class WakeepStore {
  /** `dataPath` as RemoteAuth has it; `logger`, `archive`, `vault`, `lang` for wakeep. */
  constructor({ dataPath = './.wwebjs_auth/', ...wakeep } = {}) {
    this.dataPath = resolve(dataPath);
    this.wakeep = wakeep;
  }

  #of(session, dataPath = this.dataPath) {
    return { ...this.wakeep, session: join(dataPath, session) };
  }

  /** Archives what lies there, since RemoteAuth deletes it next; then says whether there is an archive. */
  async sessionExists({ session }) {
    const place = this.#of(session);
    // What is broken or logged out is refused, and the archive that stands is the better one.
    await createAuthArchive({ ...place, logger: null }).catch(() => {});
    const { result } = await call(['list'], place);
    return (result.sessions ?? []).some(one => one.latest || one.backups.length > 0);
  }

  /** RemoteAuth's zip is a copy of a profile that is being written to; the archive is made from the profile itself. */
  async save({ session }) {
    const result = await createAuthArchive(this.#of(session));
    if (result.outcome === 'refused') throw new WakeepError('REFUSED', result.message, { result });
  }

  /** Restores the profile by all the rules, and gives RemoteAuth the zip it unpacks over it. */
  async extract({ session, path }) {
    const place = this.#of(session, dirname(resolve(path)));
    await restoreIfNeeded(place);
    const archiver = createRequire(resolvePeer('whatsapp-web.js'))('archiver');
    const zip = archiver('zip', { store: true });
    zip.directory(place.session, false);
    await Promise.all([pipeline(zip, createWriteStream(path, { mode: 0o600 })), zip.finalize()]);
  }

  /** Deletes nothing: RemoteAuth calls it on conflicts and local faults as well. */
  async delete({ session }) {
    await event('disconnected', { ...this.#of(session), reason: 'RemoteAuth' });
  }
}

module.exports = { WakeepStore };
