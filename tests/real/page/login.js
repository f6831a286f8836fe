// A login's life in the stores: QR page, pairing, logout. And the question every start of WhatsApp Web asks: is
// this browser linked?

import { base64, body, seeded, unbase64 } from './bytes.js';
import { encKeyOf, lock, publicOf, unlock } from './noise.js';
import { SCHEMA, done, each, get, open, openExisting, remove, write } from './stores.js';

const put = (key, value) => localStorage.setItem(key, JSON.stringify(value));
const item = key => JSON.parse(localStorage.getItem(key) ?? 'null');

const DISPLAY_ONLY = {
  abprops: { abKey: '4ep,1Ss,S4,HK,2h,12', refresh: 88000 },
  mutex: 'x1',
  'WAWebTimeSpentSession': { sessionId: 7 },
  'debugCursor': '412',
  'Session': 'x',
  'WALangPref': 'en',
};

/** A new noise key, its lock and the local encryption key: what the QR page needs. Returns the encryption key. */
async function newNoise(seed, how) {
  const raw = await seeded(seed, 'enc-key', 128);
  const salt = await seeded(seed, 'salt', 128);
  const encKey = await encKeyOf(raw);
  const privKey = await seeded(seed, 'noise', 32);
  const pair = { privKey, pubKey: await publicOf(privKey), recoveryToken: await seeded(seed, 'recovery', 32) };
  const ivs = [];
  for (let i = 0; i < 4; i++) ivs.push(await seeded(seed, `iv-${i}`, 16));

  const ftsKey = await encKeyOf(await seeded(seed, 'fts', 128));
  await write('wawc_db_enc', ['keys', 'fts_hmac_keys'], (keys, fts) => {
    keys.clear();
    fts.clear();
    // 96 weeks, as WAWebDbEncryptionKey has it.
    keys.put({ id: 1, key: encKey, _expiration: 1795000000000 + 96 * 7 * 86400e3 });
    fts.put({ id: 1, key: ftsKey });
  });
  put('WAWebEncKeySalt', base64(salt));
  put('WebEncKeySalt', base64(salt));
  put('WANoiseInfo', await lock(pair, encKey, salt, ivs, how));
  put('WANoiseInfoIv', ivs.map(base64));
}

async function signalKeys(seed) {
  const encKey = await crypto.subtle.importKey('raw', await seeded(seed, 'static-enc', 16), 'AES-CTR', false, ['encrypt', 'decrypt']);
  const privKey = await seeded(seed, 'identity', 32);
  const sealed = bytes => crypto.subtle.encrypt({ name: 'AES-CTR', counter: new Uint8Array(16), length: 64 }, encKey, bytes);
  return { encKey, privKey: await sealed(privKey), pubKey: await sealed(await publicOf(privKey)) };
}

async function preKeys(seed, count) {
  const keys = [];
  for (let keyId = 1; keyId <= count; keyId++) {
    const privKey = await seeded(seed, `prekey-${keyId}`, 32);
    keys.push({ keyId, keyPair: { privKey: privKey.buffer, pubKey: (await publicOf(privKey)).buffer } });
  }
  return keys;
}

async function writeSignal(seed, registered) {
  const identity = await signalKeys(seed);
  const keys = await preKeys(seed, 30);
  const signature = await seeded(seed, 'spk-signature', 64);
  const adv = {
    details: (await seeded(seed, 'adv-details', 20)).buffer,
    accountSignatureKey: (await seeded(seed, 'adv-key', 32)).buffer,
    accountSignature: (await seeded(seed, 'adv-account', 64)).buffer,
    deviceSignature: (await seeded(seed, 'adv-device', 64)).buffer,
  };
  const meta = {
    signal_reg_id: 4711,
    signal_static_pubkey: { encKey: identity.encKey, value: identity.pubKey },
    signal_static_privkey: { encKey: identity.encKey, value: identity.privKey },
    signal_next_pk_id: keys.length + 1,
    signal_first_unupload_pk_id: keys.length + 1,
    signal_last_spk_id: 1,
    ...(registered && { adv_signed_identity: adv }),
  };
  await write('signal-storage', ['signal-meta-store', 'prekey-store', 'signed-prekey-store', 'identity-store'],
    (metaStore, pre, signed, identities) => {
      for (const store of [metaStore, pre, signed, identities]) store.clear();
      for (const [key, value] of Object.entries(meta)) metaStore.put({ key, value });
      for (const key of keys) pre.put(key);
      signed.put({ ...keys[0], signature: signature.buffer });
      identities.put({ identifier: 'self.0', identityKey: adv.accountSignatureKey });
    });
}

async function writeModels(account) {
  // One value beyond 64 KiB and one true Blob: Chromium puts both into files of their own.
  const picture = new Blob([body(3, 90000, false)]);
  await write('model-storage', ['user-prefs', 'chat', 'contact', 'media'], (prefs, chats, contacts, media) => {
    prefs.put({ id: 'last-push-name', value: 'Wakeep Shop' });
    prefs.put({ id: 'AppVersionBase', value: '2.3000.1027934701' });
    for (let i = 0; i < 20; i++) {
      chats.put({ id: `49${1700000 + i}@c.us`, unreadCount: i, t: 1790000000 + i });
      contacts.put({ id: `49${1700000 + i}@c.us`, name: `Günter Ω ${i}`, shortName: 'Г' });
    }
    media.put({ id: 'wallpaper', n: 2, length: 100000, bytes: body(2, 100000, false) });
    media.put({ id: 'picture', n: 3, length: 90000, blob: picture });
  });
  await write('wawc', ['user'], user => user.put({ key: 'me', value: account }));
  for (const name of ['fts-storage', 'jobs-storage']) (await open(name)).close();
}

/** The QR page: a noise key, no account. `bare` leaves the salt out, as some dumps after a logout show it. */
export async function qr({ seed, bare = false }) {
  await newNoise(seed);
  await writeSignal(seed, false);
  if (bare) for (const key of ['WAWebEncKeySalt', 'WebEncKeySalt']) localStorage.removeItem(key);
}

/** Pairing: `account` is `<phone>:<device>`. `how` = other details of the noise lock. */
export async function pair({ account, seed, how }) {
  await newNoise(seed, how);
  await writeSignal(seed, true);
  await writeModels(account);
  put('last-wid-md', `${account}@c.us`);
  put('WALid', `${account.replace(/^\d+/, phone => `9${phone}`)}@lid`);
  put('me-display-name', 'Wakeep Shop');
  for (const [key, value] of Object.entries(DISPLAY_ONLY)) put(key, value);
}

/** Logout as WhatsApp Web does it: account keys and salt go, the databases with them. */
export async function logout() {
  for (const key of ['last-wid-md', 'WALid', 'me-display-name', 'WAWebEncKeySalt', 'WebEncKeySalt', 'WANoiseInfo', 'WANoiseInfoIv']) {
    localStorage.removeItem(key);
  }
  await remove(Object.keys(SCHEMA));
}

// Every record of a store, so that one that can't be read is met here as it would be met in use.
async function readAll(name) {
  const db = await openExisting(name);
  try {
    for (const store of db.objectStoreNames) {
      await each(db, store, async (_, record) => {
        if (record?.blob) await record.blob.arrayBuffer();
      });
    }
  } finally {
    db.close();
  }
}

/** Signal's ratchets move by one: the writer's records must be without a gap, or messages stop decrypting. */
async function requireUnbrokenRatchet() {
  const db = await openExisting('signal-storage');
  try {
    let last = null;
    await each(db, 'senderkey-store', (key, record) => {
      if (last !== null && record.n !== last + 1) throw new Error(`the ratchet jumps from ${last} to ${record.n}`);
      last = record.n;
    });
    const counter = await done(db.transaction('signal-meta-store').objectStore('signal-meta-store').get('counter'));
    if (last !== null && counter?.value !== last) throw new Error(`the ratchet ends at ${last}, not at ${counter?.value}`);
  } finally {
    db.close();
  }
}

/** The history has as many records as were put into it: none was lost with a table or a log. */
async function requireWholeHistory() {
  if (!(await indexedDB.databases()).some(({ name }) => name === 'model-storage')) return;
  const db = await openExisting('model-storage');
  try {
    const prefs = await done(db.transaction('user-prefs').objectStore('user-prefs').getAll());
    for (const { id, value } of prefs) {
      const store = /^records of (.*)/.exec(id)?.[1];
      if (!store) continue;
      const found = await done(db.transaction(store).objectStore(store).count());
      if (found !== value) throw new Error(`${store} has ${found} records of ${value}`);
    }
  } finally {
    db.close();
  }
}

/**
 * Throws where WhatsApp Web would show a QR code; otherwise returns the account. Stricter than WhatsApp Web in one
 * thing: a record that can't be read, or was lost, counts as well; it would be missed later, not at the start.
 */
export async function requireLinked() {
  const account = item('last-wid-md');
  const noise = item('WANoiseInfo');
  if (!account || !noise) throw new Error('not registered');
  const salt = unbase64(item('WAWebEncKeySalt') ?? '');
  const ivs = (item('WANoiseInfoIv') ?? []).map(unbase64);
  const key = await get('wawc_db_enc', 'keys', 1);
  if (!key) throw new Error('no encryption key');
  await unlock(noise, key.key, salt, ivs);
  const adv = await get('signal-storage', 'signal-meta-store', 'adv_signed_identity');
  if (!adv) throw new Error('no signed identity');
  for (const { name } of await indexedDB.databases()) await readAll(name);
  await requireUnbrokenRatchet();
  await requireWholeHistory();
  return account;
}
