// The busy bot: every few milliseconds one step into both databases and Local Storage. The n of a step is recorded
// in each, in this order: signal, model, Local Storage; so a reader can tell how far each had come.

import { body } from './bytes.js';
import { completed, open, write } from './stores.js';

const RATCHETS = 40;

/** How many of the latest steps stay in the stores; older ones are deleted, so that tables get compacted. */
const KEPT = 200;

let running = null;
let last = 0;

const nap = ms => new Promise(resolve => setTimeout(resolve, Math.max(0, ms)));

async function signalStep(db, n, length) {
  const transaction = db.transaction(['session-store', 'senderkey-store', 'signal-meta-store'], 'readwrite');
  transaction.objectStore('session-store').put({ address: `49170${n % RATCHETS}.0`, n, length, bytes: body(n, length, false) });
  const senderKeys = transaction.objectStore('senderkey-store');
  senderKeys.put({ senderKeyName: n, n });
  senderKeys.delete(n - KEPT);
  transaction.objectStore('signal-meta-store').put({ key: 'counter', value: n });
  await completed(transaction);
}

async function modelStep(db, n, length, keep) {
  const transaction = db.transaction(['message', 'media', 'user-prefs'], 'readwrite');
  const messages = transaction.objectStore('message');
  messages.put({ id: n, n, length, compressible: true, bytes: body(n, length, true) });
  if (keep) messages.delete(n - keep);
  if (n % 10 === 0) {
    const size = 70000 + (n % 7) * 1000;
    transaction.objectStore('media').put({ id: `sticker-${n % 80}`, n, length: size, bytes: body(n, size, false) });
  }
  transaction.objectStore('user-prefs').put({ id: 'counter', value: n });
  await completed(transaction);
}

async function lastStep(db) {
  return new Promise((resolve, reject) => {
    const request = db.transaction('signal-meta-store').objectStore('signal-meta-store').get('counter');
    request.onsuccess = () => resolve(request.result?.value ?? 0);
    request.onerror = () => reject(request.error);
  });
}

async function run(state, { kb, ms, keep }) {
  const [signal, model] = await Promise.all([open('signal-storage'), open('model-storage')]);
  let n = await lastStep(signal);
  const length = Math.max(16, (kb * 1024) >> 1);
  while (!state.stopped) {
    const begun = performance.now();
    n += 1;
    await signalStep(signal, n, length);
    await modelStep(model, n, length, keep);
    localStorage.setItem('counter', String(n));
    last = n;
    // The test asks the server, which outlives a killed browser.
    fetch(`/completed?n=${n}`, { method: 'POST', keepalive: true }).catch(() => {});
    await nap(ms - (performance.now() - begun));
  }
  signal.close();
  model.close();
}

/** Starts writing `kb` kilobytes every `ms` milliseconds. `keep` = messages kept, 0 for all. */
export function start({ kb = 2, ms = 50, keep = KEPT } = {}) {
  if (running) throw new Error('it writes already');
  const state = { stopped: false };
  running = { state, ended: run(state, { kb, ms, keep }) };
}

/** Stops, and returns the last completed step. */
export async function stop() {
  if (running) {
    running.state.stopped = true;
    const { ended } = running;
    running = null;
    await ended;
  }
  return last;
}

/** The last step both databases have completed. */
export const progress = () => last;

/** Makes the history larger by `mb` megabytes; `blobs` = in files of their own, `from` = the first record's number.
 * `like` = `noise`, as WhatsApp Web's own encryption leaves it, `prose`, or else half noise, half one line repeated. */
export async function grow({ mb, blobs = false, from = 0, like }) {
  const length = blobs ? 256 * 1024 : 32 * 1024;
  const store = blobs ? 'table-02' : 'table-01';
  const records = Math.ceil((mb * 1024 * 1024) / length);
  const batch = 32;
  for (let start = from; start < from + records; start += batch) {
    await write('model-storage', [store], target => {
      for (let id = start; id < Math.min(start + batch, from + records); id++) {
        const compressible = like ? like === 'prose' && 'prose' : id % 2 === 0;
        target.put({ id, n: id, length, compressible, bytes: body(id, length, compressible) });
      }
    });
  }
  await write('model-storage', ['user-prefs'], prefs => prefs.put({ id: `records of ${store}`, value: records }));
}

/** Fills the page's caches with about `mb` megabytes, which are no part of the login. */
export async function cache({ mb }) {
  const media = await caches.open('media');
  for (let n = 0; n < mb * 8; n++) await media.put(`/media/${n}`, new Response(body(n, 128 * 1024, false)));
}

/** Fills Local Storage with about `mb` megabytes (at most 4), so that its login keys move from the log to a table. */
export function fillLocal({ mb, salt = 0 }) {
  for (let i = 0; i < mb * 16; i++) {
    const text = Array.from(body(i + salt, 32 * 1024, false), b => String.fromCharCode(33 + (b % 90))).join('');
    localStorage.setItem(`filler-${i}`, text + text);
  }
}
