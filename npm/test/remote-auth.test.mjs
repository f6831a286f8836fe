// WakeepStore under the real RemoteAuth of whatsapp-web.js, which deletes the profile at every start and unpacks a zip.

import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import { app, clientOptions, events, journal, packageIn, page, pair, start, until } from './world.mjs';

/** RemoteAuth's timer starts when its store has answered; one that starts after destroy() keeps the process alive. */
const settled = bot => until('the timer', () => bot.authStrategy.backupSync);

function remoteClient(home, server, said) {
  const { Client, RemoteAuth } = createRequire(join(home, 'index.js'))('whatsapp-web.js');
  const dataPath = join(home, '.wwebjs_auth');
  const store = new (packageIn(home).WakeepStore)({ dataPath, logger: line => said.push(line) });
  const authStrategy = new RemoteAuth({ store, dataPath, backupSyncIntervalMs: 60_000 });
  const bot = new Client({ authStrategy, ...clientOptions(server) });
  bot.said = [];
  for (const name of ['qr', 'ready', 'remote_session_saved']) bot.on(name, () => bot.said.push(name));
  return bot;
}

test('RemoteAuth keeps its login in the vault', async t => {
  const [home, server, said] = [app(t), await page(t), []];
  const session = join(home, '.wwebjs_auth/RemoteAuth');
  await pair(session, server);
  // The one profile that was never archived is about to be deleted by RemoteAuth: it survives the first start.
  const first = await start(remoteClient(home, server, said), 'ready');
  assert.ok(events(home, 'RemoteAuth').includes('created'));
  // What its timer calls every minute.
  await first.authStrategy.storeRemoteSession({ emit: true });
  assert.ok(said.some(line => line.startsWith('Архив авторизации / Auth archive: ')), said.join('\n'));
  assert.ok(!existsSync(`${session}.zip`), 'the zip is no second place for the login');
  // A conflict elsewhere, at which RemoteAuth deletes what is remote.
  await first.authStrategy.store.delete({ session: 'RemoteAuth' });
  assert.ok(journal(home, 'RemoteAuth').some(line => line.what === 'disconnected' && !line.ended));
  await settled(first);
  await first.destroy();
  assert.deepEqual(first.said, ['ready', 'remote_session_saved']);

  rmSync(session, { recursive: true });
  const second = await start(remoteClient(home, server, said), 'ready');
  assert.deepEqual(second.said, ['ready'], 'no QR code');
  assert.ok(events(home, 'RemoteAuth').includes('restored'));
  await settled(second);
  await second.destroy();
});
