// A Baileys folder's files under the library's names: each is replaced whole, the writes of one file follow one another.
'use strict';

const { mkdir, open, readdir, rename, rm } = require('node:fs/promises');
const { dirname, join } = require('node:path');

/** What a kill leaves of a write; `.tmp` is a name that newer versions of the library use, too. */
const TEMPORARY = /\.json\.\d+-\d+\.tmp$/;

class Files {
  #folder;
  #json;
  #last = new Map();

  constructor(folder, json) {
    [this.#folder, this.#json] = [folder, json];
  }

  /** Removes what killed writes left. Only before the first write. */
  static async tidy(folder) {
    const left = (await readdir(folder)).filter(name => TEMPORARY.test(name));
    await Promise.all(left.map(name => rm(join(folder, name), { force: true })));
  }

  async set(data) {
    const all = Object.entries(data).flatMap(([kind, entries]) => Object.entries(entries ?? {}).map(([id, value]) => [`${kind}-${id}`, value]));
    await Promise.all(all.map(([name, value]) => (value ? this.#write(name, value) : this.#remove(name))));
  }

  #write(name, value) {
    // The value as it is now; later changes come with writes of their own.
    const text = JSON.stringify(value, this.#json.replacer);
    return this.#inTurn(name, path => replace(path, text));
  }

  /** The folder is synced, too: after a power cut it must be the newest login that stands there. */
  writeCreds(creds) {
    const text = JSON.stringify(creds, this.#json.replacer);
    return this.#inTurn('creds', path => replace(path, text).then(() => syncFolder(this.#folder)));
  }

  #remove(name) {
    return this.#inTurn(name, path => rm(path, { force: true }));
  }

  #path(name) {
    return join(this.#folder, `${name.replace(/\//g, '__').replace(/:/g, '-')}.json`);
  }

  #inTurn(name, work) {
    const path = this.#path(name);
    const turn = (this.#last.get(path) ?? Promise.resolve()).catch(() => {}).then(() => work(path));
    this.#last.set(path, turn);
    const done = () => this.#last.get(path) === turn && this.#last.delete(path);
    turn.then(done, done);
    return turn;
  }

  /** Resolves when what was set of these before now is on the disk. */
  written(kind, ids) {
    return Promise.allSettled(ids.map(id => this.#last.get(this.#path(`${kind}-${id}`))));
  }

  settled() {
    return Promise.allSettled([...this.#last.values()]);
  }
}

let writes = 0;

/** At every instant the old file or the new one stands there whole. */
async function replace(path, text) {
  const temp = `${path}.${process.pid}-${(writes += 1)}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    const file = await open(temp, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true }).catch(() => {});
    throw error;
  }
}

async function syncFolder(path) {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

module.exports = { Files };
