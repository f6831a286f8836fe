// The examples as they are, in an app folder of their own: what a reader copies has run.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { PACKAGE, ROOT, app, clientOptions, events, journal, packageIn, page, pair, spawn, until, used } from './world.mjs';

/** Runs an example where a bot would stand; what it says is in `said`. */
function bot(t, home, name, env) {
  cpSync(join(PACKAGE, 'examples', name), join(home, name));
  const child = spawn(process.execPath, [name], { cwd: home, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const run = { child, said: '', ended: new Promise(resolve => child.once('close', resolve)) };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => { run.said += text; });
  t.after(() => child.kill('SIGKILL'));
  run.says = word => until(`${word}: ${run.said}`, () => {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${run.said}`);
    return run.said.includes(word);
  });
  run.end = async () => {
    child.kill('SIGINT');
    assert.equal(await run.ended, 0, run.said);
  };
  return run;
}

test('the whatsapp-web.js bot ends with an archive and starts without a folder', async t => {
  const [home, server] = [app(t), await page(t)];
  await pair(join(home, '.wwebjs_auth/session'), server);
  const env = { CLIENT_OPTIONS: JSON.stringify(clientOptions(server)) };
  const first = bot(t, home, 'whatsapp-web.js', env);
  await first.says('Auth archive: ');
  await first.end();
  rmSync(join(home, '.wwebjs_auth'), { recursive: true });
  const second = bot(t, home, 'whatsapp-web.js', env);
  await second.says('ready');
  await second.end();
  assert.ok(events(home).includes('restored') && !second.said.includes('qr'), second.said);
});

test('the Baileys bot starts from its archive without a network', async t => {
  const home = app(t, ['baileys']);
  const auth = join(home, 'auth');
  cpSync(join(ROOT, 'tests/fixtures/baileys/paired'), auth, { recursive: true });
  await packageIn(home).createAuthArchive({ session: auth });
  rmSync(auth, { recursive: true });
  // An address of this machine at which nobody listens: the connection closes, which is no logout.
  const nobody = createServer().listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const { port } = nobody.address();
  nobody.close();
  const run = bot(t, home, 'baileys.mjs', { SOCKET_OPTIONS: JSON.stringify({ waWebSocketUrl: `ws://127.0.0.1:${port}/` }) });
  await run.says('close');
  await until('the event', () => journal(home, 'auth').some(line => line.what === 'disconnected'));
  await run.end();
  assert.ok(existsSync(join(auth, 'creds.json')) && events(home, 'auth').includes('restored'), run.said);
  assert.ok(!run.said.includes('qr'), run.said);
});
