// WakeepStore where the program fails: RemoteAuth is the library's own, and nothing it calls un-awaited may end the bot.

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { BINARY, PACKAGE, app, packageIn, spawn } from './world.mjs';

const { browserLives } = createRequire(import.meta.url)(join(PACKAGE, 'lib/browser.js'));
const NAME = 'RemoteAuth';

/** A profile with a login at RemoteAuth's place. */
async function paired(home) {
  const bot = spawn(BINARY, ['demo', '--bot', join(home, '.wwebjs_auth', NAME)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise(resolve => bot.stdout.once('data', resolve));
  bot.kill('SIGKILL');
  await new Promise(resolve => bot.once('close', resolve));
  return join(home, '.wwebjs_auth', NAME);
}

/** The library's own strategy with a store, as far as it goes without a browser. */
function remoteAuth(home, options = {}) {
  const { RemoteAuth } = createRequire(join(home, 'index.js'))('whatsapp-web.js');
  const said = [];
  const store = new (packageIn(home).WakeepStore)({ dataPath: join(home, '.wwebjs_auth'), logger: { warn: line => said.push(line) }, ...options });
  const strategy = new RemoteAuth({ store, dataPath: join(home, '.wwebjs_auth'), backupSyncIntervalMs: 60_000 });
  strategy.client = { options: { puppeteer: {} }, emit() {} };
  return { strategy, store, said };
}

/** Runs with a program that can't be started. */
async function withoutProgram(work) {
  const known = process.env.WAKEEP_BINARY;
  process.env.WAKEEP_BINARY = '/nonexistent/wakeep';
  try {
    return await work();
  } finally {
    process.env.WAKEEP_BINARY = known;
  }
}

test('save, delete and sessionExists warn and never reject', async t => {
  const home = app(t);
  const { store, said } = remoteAuth(home);
  await withoutProgram(async () => {
    await store.save({ session: NAME });
    await store.delete({ session: NAME });
    assert.equal(await store.sessionExists({ session: NAME }), false);
  });
  assert.ok(said.length >= 3 && said.every(line => line.startsWith('wakeep: ')), said.join('\n'));
});

test('a bot whose program is gone starts, and with the login that lies there', async t => {
  const home = app(t);
  const session = await paired(home);
  const { strategy } = remoteAuth(home);
  await withoutProgram(() => strategy.beforeBrowserInitialized());
  assert.ok(existsSync(join(session, 'Default/IndexedDB')), 'the folder that could not be archived is in its place again');
});

test('a new bot starts with an empty profile though the archive can not be read', async t => {
  const home = app(t);
  const archive = join(home, 'whatsapp_auth_latest.tar.gz');
  mkdirSync(join(home, '.wwebjs_auth'));
  writeFileSync(archive, 'no archive');
  const { strategy, store } = remoteAuth(home);
  await strategy.beforeBrowserInitialized();
  const path = join(home, '.wwebjs_auth', `${NAME}.zip`);
  await withoutProgram(() => store.extract({ session: NAME, path }));
  await strategy.unCompressSession(path);
});

test('where no archive can be made the newest login stays, and a profile that a browser has is left alone', async t => {
  const home = app(t);
  const session = await paired(home);
  await packageIn(home).createAuthArchive({ session });
  writeFileSync(join(session, 'Default/newest'), 'of the login');
  // The vault is no folder: archives fail, the check doesn't.
  const { strategy, store, said } = remoteAuth(home, { vault: join(home, 'package.json') });
  const lock = join(session, 'SingletonLock');
  // Nobody's: the number of a killed browser was given to another process.
  symlinkSync(`${hostname()}-${process.pid}`, lock);
  assert.equal(browserLives(session), false);
  rmSync(lock);
  // Another profile's browser: the number is used again where a container is started anew.
  const idle = ['-e', 'setInterval(() => {}, 1000)', '--'];
  const other = spawn(process.execPath, [...idle, `--user-data-dir=${session}-b`], { stdio: 'ignore' });
  t.after(() => other.kill('SIGKILL'));
  symlinkSync(`${hostname()}-${other.pid}`, lock);
  assert.equal(browserLives(session), false);
  rmSync(lock);
  const browser = spawn(process.execPath, [...idle, `--user-data-dir=${session}`], { stdio: 'ignore' });
  t.after(() => browser.kill('SIGKILL'));
  symlinkSync(`${hostname()}-${browser.pid}`, lock);
  await assert.rejects(store.sessionExists({ session: NAME }), { code: 'IN_USE' });
  assert.ok(existsSync(session), 'neither moved nor deleted under a living browser');
  rmSync(join(session, 'SingletonLock'));
  await strategy.beforeBrowserInitialized();
  assert.ok(existsSync(join(session, 'Default/newest')), said.join('\n'));
});

test('a folder that is broken goes, and the archive comes in its stead', async t => {
  const home = app(t);
  const session = await paired(home);
  await packageIn(home).createAuthArchive({ session });
  const good = join(home, 'good');
  cpSync(session, good, { recursive: true });
  for (const name of readdirSync(join(session, 'Default'))) rmSync(join(session, 'Default', name), { recursive: true });
  const { strategy } = remoteAuth(home);
  await strategy.beforeBrowserInitialized();
  assert.deepEqual(readdirSync(join(session, 'Default')).sort(), readdirSync(join(good, 'Default')).sort());
});
