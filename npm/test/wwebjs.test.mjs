// WakeepAuth under the real whatsapp-web.js and a real Chromium, on the page that decides from the profile's content.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { app, client, events, journal, logOut, page, pair, start, until } from './world.mjs';

test('a deleted folder costs no QR code, and destroy leaves the last archive', async t => {
  const [home, server] = [app(t), await page(t)];
  const session = join(home, '.wwebjs_auth/session');
  await pair(session, server);
  const said = [];
  const first = await start(client(home, server, { logger: line => said.push(line) }), 'ready');
  await until('the keeper', () => events(home).includes('created'));
  await first.destroy();
  assert.ok(events(home).includes('stopped'), 'the keeper ended with the bot');
  assert.ok(said.some(line => line.startsWith('Архив авторизации / Auth archive: ')), said.join('\n'));
  assert.ok(journal(home).some(line => line.what === 'ready'));
  rmSync(join(home, '.wwebjs_auth'), { recursive: true });
  const second = await start(client(home, server), 'ready');
  await second.destroy();
  assert.deepEqual(second.said, ['ready']);
  assert.ok(events(home).includes('restored'));
});

test('a page without a login is restored before any QR code; one that no archive helps shows it', async t => {
  const [home, server] = [app(t), await page(t)];
  const session = join(home, '.wwebjs_auth/session');
  await pair(session, server);
  const first = await start(client(home, server), 'ready');
  await first.destroy();
  await logOut(session, server);
  // Good on disk until the page says no: here the folder is looked at before the browser starts.
  const second = await start(client(home, server), 'ready');
  assert.ok(!second.said.includes('qr'), second.said.join());
  // The page goes to post_logout=1 and its stores are gone: what the library would delete stays, and the login comes back.
  second.said.length = 0;
  await second.pupPage.evaluate(() => window.page.logout());
  await second.pupPage.goto('https://web.whatsapp.com/?post_logout=1&logout_reason=0').catch(() => {});
  await until('the login after the logout', () => second.said.includes('ready'));
  assert.ok(!second.said.includes('qr'), second.said.join());
  assert.ok(existsSync(session));
  assert.ok(journal(home).some(line => line.what === 'logged_out' && line.ended === false), 'no tombstone');
  await second.destroy();

  const fresh = app(t);
  const third = await start(client(fresh, server), 'qr');
  assert.deepEqual(third.said, ['qr'], 'a bot without archives is asked at once');
  await third.destroy();
});

test("the bot's own logout ends the login for good, and its profile is put aside", async t => {
  const [home, server] = [app(t), await page(t)];
  const session = join(home, '.wwebjs_auth/session');
  await pair(session, server);
  const bot = await start(client(home, server), 'ready');
  await bot.pupPage.evaluate(() => { window.require('WAWebSocketModel').Socket.logout = () => window.page.logout(); });
  await bot.logout();
  assert.ok(!existsSync(session));
  assert.equal(readdirSync(join(home, '.wwebjs_auth/.wakeep-logged-out')).length, 1);
  assert.ok(journal(home).some(line => line.what === 'logged_out' && line.ended));
  const next = await start(client(home, server), 'qr');
  assert.deepEqual(next.said, ['qr']);
  assert.ok(!events(home).includes('restored'));
  await next.destroy();
});

test('a second bot on a profile whose browser lives is refused before it starts one', async t => {
  const [home, server] = [app(t), await page(t)];
  await pair(join(home, '.wwebjs_auth/session'), server);
  const first = await start(client(home, server), 'ready');
  const second = client(home, server);
  await assert.rejects(second.initialize(), { name: 'WakeepError', code: 'IN_USE', exitCode: 12 });
  assert.ok(first.pupBrowser.isConnected());
  await first.destroy();
  const third = await start(client(home, server), 'ready');
  await third.destroy();
});

test('two clients side by side come back each by itself', async t => {
  const [home, server] = [app(t), await page(t)];
  const ids = ['a', 'b'];
  for (const [n, id] of ids.entries()) await pair(join(home, `.wwebjs_auth/session-${id}`), server, `491702222222${n}:1`);
  const bots = await Promise.all(ids.map(clientId => start(client(home, server, { clientId }), 'ready')));
  await Promise.all(bots.map(bot => bot.destroy()));
  assert.ok(ids.every(id => events(home, `session-${id}`).includes('created')));
  rmSync(join(home, '.wwebjs_auth'), { recursive: true });
  for (const [n, clientId] of ids.entries()) {
    const again = await start(client(home, server, { clientId }), 'ready');
    assert.equal(again.info.wid._serialized, `491702222222${n}:1@c.us`);
    await again.destroy();
  }
});
