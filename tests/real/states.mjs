// The states a profile can be found in, as one table: how each came to be, and whether the login comes back from it.
// Real Chromium lives the bases (bases.mjs); damage is done here, as a torn copy, a full disk or a bad sector does it.
//
//   node states.mjs OUT [--judge] [--only NAME,…]
//
// Makes every state in OUT/NAME/session and prints one JSON line each: {name, how, expected, account, layout, parent}, with
// --judge also what whatsapp-web.js said of it (`said`): `ready` and `qr` must be as expected.

import * as fs from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { live } from './bases.mjs';
import { batch, logOf, records } from './leveldb_log.mjs';
import { judge } from './oracle.mjs';
import { serve } from './page/server.mjs';

const IDB = 'Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb';
const BLOBS = 'Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.blob';
const LOCAL = 'Default/Local Storage/leveldb';
const SQLITE_IDB = 'Default/IndexedDB/https_web.whatsapp.com_0';
const SIGNAL = 'K7PKRLEBDQU4YLXTFM33G7BNV2BYEPRTR65JYNAFPHTW7PKPPBEA';
const ENCRYPTION = 'C7VKP2XABYLXKQCNKGYFXIVCO36CAYZTYH26KLSSIT3KP6LLOCCQ';

// Which file: the first, largest or newest by the pattern.
const files = (dir, pattern) => fs.readdirSync(dir).filter(name => pattern.test(name)).sort().map(name => join(dir, name));
const largest = list => list.reduce((a, b) => (fs.statSync(b).size > fs.statSync(a).size ? b : a));
const table = dir => largest(files(dir, /\.ldb$/));
const log = dir => files(dir, /^\d+\.log$/).at(-1);
const manifest = dir => files(dir, /^MANIFEST-/).at(-1);
const walk = dir => fs.readdirSync(dir, { recursive: true }).map(name => join(dir, name)).filter(path => fs.statSync(path).isFile()).sort();

// What is done to it.
const remove = path => fs.rmSync(path, { recursive: true });
const cut = (path, bytes) => fs.truncateSync(path, fs.statSync(path).size - bytes);
const halve = path => fs.truncateSync(path, fs.statSync(path).size >> 1);
const append = (path, bytes) => fs.appendFileSync(path, bytes);

function flip(path, at) {
  const bytes = fs.readFileSync(path);
  bytes[Math.floor(at < 1 ? bytes.length * at : at)] ^= 0x40;
  fs.writeFileSync(path, bytes);
}

function zeroTail(path, length) {
  const bytes = fs.readFileSync(path);
  bytes.fill(0, bytes.length - length);
  fs.writeFileSync(path, bytes);
}

/** Replaces a store by that of another base. */
const take = (store, base) => (dir, bases) => {
  fs.rmSync(join(dir, store), { recursive: true, force: true });
  fs.cpSync(join(bases, base, 'session', store), join(dir, store), { recursive: true });
};

/** Keeps only these paths of the profile. */
function keep(dir, paths) {
  const aside = `${dir}.kept`;
  for (const path of paths) fs.cpSync(join(dir, path), join(aside, path), { recursive: true });
  remove(dir);
  fs.mkdirSync(dir, { recursive: true });
  if (paths.length) {
    remove(dir);
    fs.renameSync(aside, dir);
  }
}

/** Splits IndexedDB's log in two, leaving out `missing` batches between them. */
function splitLog(dir, missing) {
  const path = log(join(dir, IDB));
  const all = records(fs.readFileSync(path));
  const half = all.length >> 1;
  fs.writeFileSync(path, logOf(all.slice(0, half)));
  const next = String(Number(basename(path, '.log')) + 50).padStart(6, '0');
  fs.writeFileSync(join(dir, IDB, `${next}.log`), logOf(all.slice(half + missing)));
  const gap = batch(all[half + missing]).sequence - batch(all[half - 1]).sequence - batch(all[half - 1]).count;
  if ((gap > 0) !== (missing > 0)) throw new Error(`the gap is ${gap}`);
}

const inIdb = (which, damage) => dir => damage(which(join(dir, IDB)));
const inLocal = (which, damage) => dir => damage(which(join(dir, LOCAL)));
const inBlobs = damage => dir => damage(walk(join(dir, BLOBS))[0]);
const nothing = () => {};

function withoutWal(dir) {
  for (const path of walk(join(dir, 'Default')).filter(name => name.endsWith('-wal'))) remove(path);
}

/** [name, base, expected, how, damage] */
const STATES = [
  ['paired', 'small', 'ready', 'paired, browser closed', nothing],
  ['paired_large', 'large', 'ready', 'a history of 20 MB: tables and blobs', nothing],
  ['paired_busy', 'busy', 'ready', 'stopped after 120 steps of writing', nothing],
  ['terminated', 'terminated', 'ready', 'SIGTERM in mid-write', nothing],
  ['killed', 'killed', 'ready', 'SIGKILL in mid-write: Local Storage is older than IndexedDB', nothing],
  ['re_paired', 'rePaired', 'ready', 'logged out, then paired with another phone', nothing],
  ['login_stores_only', 'busy', 'ready', 'nothing but the login stores', dir => keep(dir, [IDB, BLOBS, LOCAL])],
  ['foreign_lock', 'small', 'ready', 'SingletonLock of another host', dir => fs.symlinkSync('elsewhere-4711', join(dir, 'SingletonLock'))],
  ['logs_of_talk_deleted', 'small', 'ready', 'LOG and LOCK files deleted', dir => {
    for (const store of [IDB, LOCAL]) for (const path of files(join(dir, store), /^LO(G|G\.old|CK)$/)) remove(path);
  }],

  ['empty', 'fresh', 'qr', 'an empty folder', dir => keep(dir, [])],
  ['never_opened', 'fresh', 'qr', 'the page was opened, nothing was written', nothing],
  ['qr_page', 'qr', 'qr', 'the QR page, never paired', nothing],
  ['qr_page_bare', 'qrBare', 'qr', 'the QR page with a noise key and no salt', nothing],
  ['logged_out', 'loggedOut', 'qr', 'logged out', nothing],
  ['logged_out_qr', 'loggedOutQr', 'qr', 'logged out, a new QR page', nothing],
  ['killed_at_logout', 'killedAtLogout', 'qr', 'SIGKILL at logout: the databases are gone, Local Storage still says paired', nothing],
  ['killed_at_pairing', 'killedAtPairing', 'qr', 'SIGKILL right after pairing: Local Storage never reached the disk', nothing],

  ['killed_at_re_pairing', 'killedAtRePairing', 'qr', "SIGKILL in a re-pairing: the old login's Local Storage beside the new one's IndexedDB", nothing],
  ['mixed_local', 'small', 'qr', 'Local Storage of another login', take(LOCAL, 'other')],
  ['mixed_indexed', 'small', 'qr', 'IndexedDB of another login', take(IDB, 'other')],
  ['indexed_only', 'small', 'qr', 'IndexedDB without Local Storage', dir => keep(dir, [IDB, BLOBS])],
  ['local_only', 'small', 'qr', 'Local Storage without IndexedDB', dir => keep(dir, [LOCAL])],
  ['local_of_qr_page', 'small', 'qr', "a QR page's Local Storage beside a paired IndexedDB", take(LOCAL, 'qr')],
  ['indexed_of_qr_page', 'small', 'qr', "a QR page's IndexedDB beside a paired Local Storage", take(IDB, 'qr')],
  ['half_restored', 'large', 'qr', 'a restore cut short: half of IndexedDB, Local Storage not yet there', dir => {
    remove(join(dir, LOCAL));
    for (const path of files(join(dir, IDB), /\.ldb$/).filter((_, i) => i % 2)) remove(path);
  }],

  ['table_missing', 'large', 'qr', 'a table is gone', inIdb(table, remove)],
  ['table_empty', 'large', 'qr', 'a table of 0 bytes', inIdb(table, path => fs.truncateSync(path, 0))],
  ['table_cut', 'large', 'qr', 'the end of a table is gone', inIdb(table, halve)],
  ['table_flipped', 'large', 'qr', 'one bit in the middle of a table', inIdb(table, path => flip(path, 0.5))],
  ['table_flipped_start', 'large', 'qr', "one bit in a table's first block", inIdb(table, path => flip(path, 20))],
  ['table_zero_tail', 'large', 'qr', "a table's last 4 KiB are zeros", inIdb(table, path => zeroTail(path, 4096))],
  ['table_longer', 'large', 'ready', 'a table with 100 bytes too many: LevelDB takes the length from its MANIFEST', inIdb(table, path => append(path, Buffer.alloc(100)))],

  ['log_tail_torn', 'busy', 'ready', "the log's last record is cut: what a kill leaves", inIdb(log, path => cut(path, 10))],
  ['log_zero_tail', 'busy', 'ready', 'zeros behind the log: space a crash left allocated', inIdb(log, path => append(path, Buffer.alloc(4096)))],
  ['log_flipped', 'busy', 'qr', 'one bit in the middle of the log', inIdb(log, path => flip(path, 0.5))],
  ['log_zero_middle', 'busy', 'qr', 'a zeroed 4 KiB sector in the middle of the log', inIdb(log, path => {
    const bytes = fs.readFileSync(path);
    const from = (bytes.length >> 13) << 12;
    fs.writeFileSync(path, bytes.fill(0, from, from + 4096));
  })],
  ['log_missing', 'busy', 'qr', 'the log is gone', inIdb(log, remove)],
  ['log_empty', 'small', 'qr', 'a log of 0 bytes', inIdb(log, path => fs.truncateSync(path, 0))],
  ['logs_in_a_row', 'busy', 'ready', 'two logs that follow one another', dir => splitLog(dir, 0)],
  ['log_hole', 'busy', 'qr', 'ten batches are missing between two logs', dir => splitLog(dir, 10)],

  ['manifest_missing', 'busy', 'qr', 'the MANIFEST is gone', inIdb(manifest, remove)],
  ['manifest_empty', 'busy', 'qr', 'a MANIFEST of 0 bytes', inIdb(manifest, path => fs.truncateSync(path, 0))],
  ['manifest_cut', 'large', 'qr', "the MANIFEST's second half is gone", inIdb(manifest, halve)],
  ['manifest_flipped', 'busy', 'qr', 'one bit of the MANIFEST', inIdb(manifest, path => flip(path, 15))],
  ['current_missing', 'busy', 'qr', 'CURRENT is gone', dir => remove(join(dir, IDB, 'CURRENT'))],
  ['current_empty', 'busy', 'qr', 'CURRENT of 0 bytes', dir => fs.truncateSync(join(dir, IDB, 'CURRENT'), 0)],
  ['current_elsewhere', 'busy', 'qr', "CURRENT names a MANIFEST that isn't there", dir => fs.writeFileSync(join(dir, IDB, 'CURRENT'), 'MANIFEST-000999\n')],

  ['blob_missing', 'large', 'qr', 'one blob file is gone', inBlobs(remove)],
  ['blob_cut', 'large', 'qr', 'one blob file is half as long', inBlobs(halve)],
  ['blob_folder_missing', 'large', 'qr', 'the blob folder is gone', dir => remove(join(dir, BLOBS))],

  ['local_log_missing', 'small', 'qr', "Local Storage's log is gone", inLocal(log, remove)],
  ['local_log_flipped', 'small', 'qr', "one bit in the middle of Local Storage's log", inLocal(log, path => flip(path, 0.5))],
  ['local_manifest_missing', 'small', 'qr', "Local Storage's MANIFEST is gone", inLocal(manifest, remove)],
  ['local_in_tables', 'local', 'ready', "Local Storage's login keys lie in a table", nothing],
  ['local_table_missing', 'local', 'qr', "Local Storage's table is gone", dir => {
    for (const path of files(join(dir, LOCAL), /\.ldb$/)) remove(path);
  }],
  ['local_table_cut', 'local', 'qr', "half of Local Storage's tables is gone", dir => {
    for (const path of files(join(dir, LOCAL), /\.ldb$/)) halve(path);
  }],
  ['local_current_missing', 'local', 'qr', "Local Storage's CURRENT is gone", dir => remove(join(dir, LOCAL, 'CURRENT'))],

  ['sqlite', 'sqlite', 'ready', 'the SQLite layouts, closed', nothing],
  ['sqlite_killed', 'sqliteKilled', 'ready', 'the SQLite layouts, SIGKILL in mid-write: the latest lies in -wal', nothing],
  ['sqlite_qr', 'sqliteQr', 'qr', 'the SQLite layouts on the QR page', nothing],
  ['sqlite_local_missing', 'sqlite', 'qr', "SQLite: Local Storage is gone", dir => {
    for (const path of files(join(dir, 'Default'), /^LocalStorage/)) remove(path);
  }],
  ['sqlite_mixed', 'sqlite', 'qr', "SQLite: the Local Storage of another login", (dir, bases) => {
    for (const path of files(join(dir, 'Default'), /^LocalStorage/)) remove(path);
    take('Default/LocalStorage', 'sqliteOther')(dir, bases);
  }],
  ['sqlite_encryption_missing', 'sqlite', 'qr', 'SQLite: wawc_db_enc is gone', dir => {
    for (const path of files(join(dir, SQLITE_IDB), new RegExp(`^${ENCRYPTION}`))) remove(path);
  }],
  ['sqlite_paired_killed', 'sqlitePairedKilled', 'ready', 'the SQLite layouts, SIGKILL after pairing: all lies in -wal', nothing],
  ['sqlite_wal_missing', 'sqlitePairedKilled', 'qr', 'the same, every -wal is gone', withoutWal],
  ['sqlite_old_wal_missing', 'sqliteKilled', 'ready', 'every -wal is gone, but the login was in the databases: it is only older, and nothing shows it', withoutWal],
  ['sqlite_signal_flipped', 'sqlite', 'qr', "SQLite: a zeroed page in signal-storage", dir => {
    const path = join(dir, SQLITE_IDB, SIGNAL);
    const bytes = fs.readFileSync(path);
    fs.writeFileSync(path, bytes.fill(0, 4096, 8192));
  }],
  ['sqlite_signal_cut', 'sqlite', 'qr', 'SQLite: half of signal-storage', dir => halve(join(dir, SQLITE_IDB, SIGNAL))],
];

function make(out, bases, [name, base, expected, how, damage]) {
  const parent = join(out, name);
  const dir = join(parent, 'session');
  fs.cpSync(join(bases, base, 'session'), dir, { recursive: true, verbatimSymlinks: true });
  damage(dir, bases);
  const account = expected === 'ready' ? (base === 'rePaired' ? '4917022222222:9@c.us' : '4917011111111:3@c.us') : undefined;
  return { name, how, expected, account, layout: base.startsWith('sqlite') ? 'sqlite' : 'leveldb', parent };
}

async function main() {
  const { values, positionals: [out] } = parseArgs({ allowPositionals: true, options: { judge: { type: 'boolean' }, only: { type: 'string' } } });
  if (!out) throw new Error('usage: states.mjs OUT [--judge] [--only NAME,…]');
  const wanted = values.only?.split(',');
  const server = await serve();
  const bases = join(out, '.bases');
  if (!fs.existsSync(bases)) await live(bases, server);
  const queue = STATES.filter(([name]) => !wanted || wanted.includes(name)).map(state => make(out, bases, state));
  const work = async () => {
    for (let state = queue.shift(); state; state = queue.shift()) {
      if (values.judge) state.said = await judge(state.parent, { layout: state.layout, port: server.port });
      console.log(JSON.stringify(state));
    }
  };
  await Promise.all([work(), work()]);
  server.close();
}

await main();
