// useWakeepAuthState over the real baileys package, offline.

import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ROOT, app, journal, packageIn } from './world.mjs';

const closed = statusCode => ({ connection: 'close', lastDisconnect: { error: { output: { statusCode } } } });

test('a torn folder is healed before the first read, writes are whole, and a restart is no logout', async t => {
  const home = app(t, ['baileys']);
  const { createAuthArchive, useWakeepAuthState } = packageIn(home);
  const auth = join(home, 'auth');
  cpSync(join(ROOT, 'tests/fixtures/baileys/paired'), auth, { recursive: true });
  assert.equal((await createAuthArchive({ session: auth })).outcome, 'created');
  writeFileSync(join(auth, 'creds.json'), '');
  const login = await useWakeepAuthState(auth);
  assert.ok(login.state.creds.account, 'the empty creds.json would have become a new identity');
  await login.state.keys.set({ 'sender-key': { 'a/b:c': { n: 1 } }, 'pre-key': { 9999: { public: Buffer.from('x') } } });
  assert.deepEqual((await login.state.keys.get('sender-key', ['a/b:c']))['a/b:c'], { n: 1 });
  assert.ok(Buffer.isBuffer((await login.state.keys.get('pre-key', ['9999']))['9999'].public));
  await login.state.keys.set({ 'pre-key': { 9999: null } });
  assert.ok(!existsSync(join(auth, 'pre-key-9999.json')));
  await Promise.all(Array.from({ length: 20 }, (_, n) => { login.state.creds.accountSyncCounter = n; return login.saveCreds(); }));
  assert.equal(JSON.parse(readFileSync(join(auth, 'creds.json'), 'utf8')).accountSyncCounter, 19);
  await login.onConnection(closed(515));
  await login.onConnection(closed(401));
  await login.stop();
  const told = journal(home, 'auth').filter(line => line.event === 'told').map(line => [line.what, line.reason, line.ended]);
  assert.deepEqual(told, [['disconnected', '515', false], ['logged_out', '401', true]]);
  rmSync(auth, { recursive: true });
  const next = await useWakeepAuthState(auth);
  assert.ok(!next.state.creds.account, 'a login that the phone ended is not restored');
});
