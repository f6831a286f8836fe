// Reads a profile back whole: what a fresh Chromium finds in it. Makes nothing and changes nothing.

import { body, hex, same } from './bytes.js';
import { requireLinked } from './login.js';
import { useOf } from './noise.js';
import { done, each, get, openExisting } from './stores.js';

/** A value as text: the same text for the same value, whichever browser reads it. */
async function text(value) {
  if (value instanceof ArrayBuffer) return `bytes:${hex(new Uint8Array(value))}`;
  if (ArrayBuffer.isView(value)) return `view:${hex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`;
  if (value instanceof CryptoKey) return `key:${value.algorithm.name}:${value.usages}:${value.extractable}`;
  if (value instanceof Blob) return `blob:${await text(await value.arrayBuffer())}`;
  if (value && typeof value === 'object') {
    const fields = [];
    for (const key of Object.keys(value).sort()) fields.push(`${key}=${await text(value[key])}`);
    return `{${fields}}`;
  }
  return JSON.stringify(value) ?? 'undefined';
}

async function digest(string) {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(string)))).slice(0, 32);
}

// A numbered record carries bytes that follow from its number.
async function problemOf(record) {
  if (record?.length === undefined) return null;
  const bytes = record.blob ? new Uint8Array(await record.blob.arrayBuffer()) : record.bytes;
  return same(bytes, body(record.n, record.length, record.compressible)) ? null : 'holds other bytes than were written';
}

const WRITERS = new Set(['session-store', 'senderkey-store', 'message']);
const changes = (store, key) => WRITERS.has(store) || key === 'counter' || String(key).startsWith('sticker-');

async function readStore(db, store, out) {
  const steady = [];
  let numbers = 0;
  await each(db, store, async (key, record) => {
    const problem = await problemOf(record);
    if (problem) out.problems.push(`${db.name}/${store}/${key} ${problem}`);
    if (changes(store, key)) numbers += 1;
    else steady.push(`${await text(key)}:${record?.length > 1000 ? record.length : await text(record)}`);
  });
  if (steady.length) out.steady[`${db.name}/${store}`] = `${steady.length} ${await digest(steady.join('\n'))}`;
  if (numbers) out.moving[`${db.name}/${store}`] = numbers;
}

async function readDatabase(name, out) {
  const db = await openExisting(name);
  try {
    out.databases[name] = { version: db.version, stores: db.objectStoreNames.length };
    for (const store of db.objectStoreNames) await readStore(db, store, out);
    for (const [store, key, counter] of [['signal-meta-store', 'counter', 'signal'], ['user-prefs', 'counter', 'model']]) {
      if (!db.objectStoreNames.contains(store)) continue;
      const record = await done(db.transaction(store).objectStore(store).get(key));
      out.counters[counter] = record?.value ?? 0;
    }
  } finally {
    db.close();
  }
}

// A backing store that is damaged can fail already here.
async function databaseNames(out) {
  try {
    return (await indexedDB.databases()).map(({ name }) => name);
  } catch (error) {
    out.problems.push(`IndexedDB: ${error?.message ?? error}`);
    return [];
  }
}

async function linked() {
  try {
    return { account: await requireLinked() };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

/**
 * `steady`: what never changes after a pairing, as digests; `counters`: how far each store had come; `moving`:
 * numbers of the writer's records; `problems`: what can't be read or holds the wrong bytes.
 */
export async function everything() {
  const out = { steady: {}, databases: {}, counters: { signal: 0, model: 0, local: 0 }, moving: {}, problems: [] };
  for (const key of Object.keys(localStorage).sort()) {
    if (key !== 'counter') out.steady[`localStorage/${key}`] = localStorage.getItem(key);
  }
  out.counters.local = Number(localStorage.getItem('counter') ?? 0);
  for (const name of await databaseNames(out)) {
    try {
      await readDatabase(name, out);
    } catch (error) {
      out.problems.push(`${name}: ${error?.message ?? error}`);
    }
  }
  try {
    out.steady.encKey = hex(await useOf((await get('wawc_db_enc', 'keys', 1)).key));
  } catch (error) {
    out.problems.push(`the encryption key: ${error?.message ?? error}`);
  }
  out.linked = await linked();
  return out;
}
