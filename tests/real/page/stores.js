// IndexedDB as WhatsApp Web lays it out (names and key paths: shared facts and its own WAWebDbEncryptionKey module;
// Dexie multiplies its version by ten). Not a wrapper for everything: just what this page needs.

const numbered = Array.from({ length: 103 - 12 }, (_, i) => `table-${String(i + 1).padStart(2, '0')}`);

/** Database → version on disk and its object stores: name → key path (`++` = counted by the database). */
export const SCHEMA = {
  wawc_db_enc: { version: 30, stores: { keys: '++id', fts_hmac_keys: '++id', worm_ear_keys: '++id' } },
  'signal-storage': {
    version: 70,
    stores: {
      'signal-meta-store': 'key',
      'identity-store': 'identifier',
      'prekey-store': 'keyId',
      'signed-prekey-store': 'keyId',
      'session-store': 'address',
      'senderkey-store': 'senderKeyName',
    },
  },
  'model-storage': {
    version: 1450,
    stores: Object.fromEntries(
      ['user-prefs', 'message', 'chat', 'contact', 'group-metadata', 'sync-keys', 'sync-actions', 'collection-version',
        'device-list', 'participant', 'reactions', 'media', ...numbered].map(name => [name, 'id']),
    ),
  },
  wawc: { version: 30, stores: { user: 'key', logs: 'key' } },
  'fts-storage': { version: 20, stores: { fts: 'id' } },
  'jobs-storage': { version: 10, stores: { jobs: 'id' } },
};

/** The result of a request. */
export const done = request =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The end of a transaction: the bytes are then with the operating system. */
export const completed = transaction =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });

function create(db, stores) {
  for (const [name, path] of Object.entries(stores)) {
    if (db.objectStoreNames.contains(name)) continue;
    const counted = path.startsWith('++');
    db.createObjectStore(name, { keyPath: counted ? path.slice(2) : path, autoIncrement: counted });
  }
}

/** Opens a database of the schema, making it where it isn't there. */
export function open(name) {
  const { version, stores } = SCHEMA[name];
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => create(request.result, stores);
  request.onblocked = () => console.error(`blocked: ${name}`);
  return done(request);
}

/** Opens a database that is there already, as it is; throws where it isn't, and makes nothing. */
export async function openExisting(name) {
  const there = (await indexedDB.databases()).find(db => db.name === name);
  if (!there) throw new Error(`no database ${name}`);
  return done(indexedDB.open(name));
}

/** Runs `work(store…)` in one transaction and waits until it is complete. */
export async function write(name, stores, work) {
  const db = await open(name);
  try {
    const transaction = db.transaction(stores, 'readwrite');
    work(...stores.map(s => transaction.objectStore(s)));
    await completed(transaction);
  } finally {
    db.close();
  }
}

/** One record of an existing database, or undefined. */
export async function get(name, store, key) {
  const db = await openExisting(name);
  try {
    return await done(db.transaction(store, 'readonly').objectStore(store).get(key));
  } finally {
    db.close();
  }
}

/** Visits every record of a store in key order, a few at a time so that a large store doesn't fill the memory. */
export async function each(db, store, visit, batch = 64) {
  let after = null;
  for (;;) {
    const source = db.transaction(store, 'readonly').objectStore(store);
    const range = after === null ? null : IDBKeyRange.lowerBound(after, true);
    const [keys, values] = await Promise.all([done(source.getAllKeys(range, batch)), done(source.getAll(range, batch))]);
    for (let i = 0; i < keys.length; i++) await visit(keys[i], values[i]);
    if (keys.length < batch) return;
    after = keys[keys.length - 1];
  }
}

/** Deletes databases whole. */
export async function remove(names) {
  for (const name of names) await done(indexedDB.deleteDatabase(name));
}
