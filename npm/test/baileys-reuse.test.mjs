// useWakeepAuthState as bots really call it: at every connect, with sets that nobody awaits, after kills and a full disk.

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ROOT, app, events, journal, packageIn, until } from './world.mjs';

const closed = statusCode => ({ connection: 'close', lastDisconnect: { error: { output: { statusCode } } } });

function paired(t) {
  const home = app(t, ['baileys']);
  const auth = join(home, 'auth');
  cpSync(join(ROOT, 'tests/fixtures/baileys/paired'), auth, { recursive: true });
  return { home, auth, ...packageIn(home) };
}

test('every connect gets the same login, and so one keeper, until stop', async t => {
  const { home, auth, useWakeepAuthState } = paired(t);
  const [first, second] = await Promise.all([useWakeepAuthState(auth), useWakeepAuthState(`${auth}/`)]);
  assert.equal(first, second);
  await first.onConnection({ connection: 'open' });
  const again = await useWakeepAuthState(auth);
  assert.equal(again, first, 'whose keeper it has, too');
  await until('the keeper', () => events(home, 'auth').includes('watching'));
  await again.stop();
  const next = await useWakeepAuthState(auth);
  assert.notEqual(next, first);
  assert.ok(next.state.creds.account);
  await next.stop();
});

test('after a logout the next connect gets a login of its own', async t => {
  const { auth, useWakeepAuthState, createAuthArchive } = paired(t);
  await createAuthArchive({ session: auth });
  const first = await useWakeepAuthState(auth);
  // As bots do it in a handler: nothing is awaited.
  first.onConnection(closed(401));
  rmSync(auth, { recursive: true });
  const next = await useWakeepAuthState(auth);
  assert.ok(first.state.creds.account && !next.state.creds.account, 'neither the ended login in memory nor the archived one');
  await next.stop();
});

test('get answers what set was given, though nobody awaited it', async t => {
  const { auth, useWakeepAuthState } = paired(t);
  const { state, stop } = await useWakeepAuthState(auth);
  for (let n = 0; n < 50; n += 1) {
    state.keys.set({ session: { 'a.0': { n } } });
    assert.deepEqual(await state.keys.get('session', ['a.0', 'none']), { 'a.0': { n }, none: null });
  }
  state.keys.set({ session: { 'a.0': null }, 'sender-key': undefined });
  assert.equal((await state.keys.get('session', ['a.0']))['a.0'], null);
  await stop();
});

test('no write leaves a temporary file, whether it fails or is killed', async t => {
  const { auth, useWakeepAuthState } = paired(t);
  writeFileSync(join(auth, 'creds.json.4711-9.tmp'), 'half');
  writeFileSync(join(auth, 'pre-key-1.json.1-12.tmp'), '');
  const login = await useWakeepAuthState(auth);
  const temporary = () => readdirSync(auth).filter(name => name.endsWith('.tmp'));
  assert.deepEqual(temporary(), []);
  // A folder in the file's place: the rename fails, and so says the call.
  mkdirSync(join(auth, 'session-b.0.json'));
  await assert.rejects(login.state.keys.set({ session: { 'b.0': { n: 1 } } }));
  assert.deepEqual(temporary(), []);
  await login.stop();
  assert.ok(existsSync(join(auth, 'creds.json')));
});

test('codes that change every minute are told once', async t => {
  const { home, auth, useWakeepAuthState } = paired(t);
  const login = await useWakeepAuthState(auth);
  for (const qr of ['1', '2', '3']) await login.onConnection({ qr });
  await login.stop();
  assert.equal(journal(home, 'auth').filter(line => line.what === 'qr').length, 1);
});
