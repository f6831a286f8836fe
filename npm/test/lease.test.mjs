// Exit code 11 as each of the package's doors tells it: the lease is really held, by another host at a real object storage
// (tests/it/npm.rs starts both, and says in WAKEEP_APP which folder is refused).

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { PACKAGE, REAL, packageIn, run } from './world.mjs';

const home = process.env.WAKEEP_APP;
assert.ok(home, 'run it by tests/it/npm.rs');
mkdirSync(join(home, 'node_modules'));
symlinkSync(PACKAGE, join(home, 'node_modules/wakeep'));
for (const peer of ['whatsapp-web.js', 'baileys']) symlinkSync(join(REAL, 'node_modules', peer), join(home, 'node_modules', peer));
process.chdir(home);
const { WakeepAuth, WakeepStore, useWakeepAuthState } = packageIn(home);
const held = { name: 'WakeepError', code: 'LEASE_HELD', exitCode: 11 };
const config = join(home, 'wakeep.toml');

test('WakeepAuth starts no browser on a session that another host runs', async () => {
  const strategy = new WakeepAuth({ config });
  await assert.rejects(strategy.beforeBrowserInitialized(), held);
});

test('WakeepStore rejects before RemoteAuth deletes anything', async () => {
  const store = new WakeepStore({ config, dataPath: join(home, '.wwebjs_auth') });
  await assert.rejects(store.sessionExists({ session: 'session' }), held);
  assert.ok(existsSync(join(home, '.wwebjs_auth/session/Default')));
});

test('useWakeepAuthState reads no login', async () => {
  await assert.rejects(useWakeepAuthState(join(home, '.wwebjs_auth/session'), { config }), held);
});

test('a registered bot ends with code 11 before its first line', () => {
  writeFileSync(join(home, 'bot.js'), "console.log('started')");
  const done = run('node', ['-r', 'wakeep/register', 'bot.js'], { cwd: home });
  assert.deepEqual([done.status, done.stdout.includes('started')], [11, false], done.stderr);
});
