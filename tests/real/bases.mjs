// The profiles that states.mjs starts from: each lived by a real Chromium, and ended in one of the ways a bot's ends.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from './browser.mjs';

const nap = ms => new Promise(resolve => setTimeout(resolve, ms));

const A = { account: '4917011111111:3', seed: 'login A' };
const B = { account: '4917022222222:9', seed: 'login B' };

async function written(browser, server, steps) {
  server.forget();
  await browser.call('start', { kb: 4, ms: 20 });
  while (server.completed() < steps) await nap(20);
}

// Local Storage reaches the disk seconds after the page wrote it.
async function localOnDisk(profile) {
  const stores = ['LocalStorage', 'LocalStorage-wal'].map(name => join(profile, 'Default', name));
  for (let waited = 0; waited < 90_000; waited += 250) {
    if (stores.some(path => existsSync(path) && readFileSync(path).includes('last-wid-md'))) return;
    await nap(250);
  }
  throw new Error('Local Storage never reached the disk');
}

const close = browser => browser.close();
const terminate = browser => browser.stop('SIGTERM');
const kill = browser => browser.stop('SIGKILL');

/** Name → layout and the lives that follow one another: what is done in each, and how it ends. */
const LIVES = {
  fresh: { lives: [[async () => {}, close]] },
  qr: { lives: [[b => b.call('qr', { seed: 'page' }), close]] },
  qrBare: { lives: [[b => b.call('qr', { seed: 'page', bare: true }), close]] },
  small: { lives: [[b => b.call('pair', A), close]] },
  other: { lives: [[b => b.call('pair', B), close]] },
  large: { lives: [[async b => { await b.call('pair', A); await b.call('grow', { mb: 16 }); await b.call('grow', { mb: 4, blobs: true }); }, close]] },
  local: {
    lives: [
      [async b => { await b.call('pair', A); await b.call('fillLocal', { mb: 4, salt: 1 }); }, close],
      [b => b.call('fillLocal', { mb: 4, salt: 2 }), close],
    ],
  },
  busy: { lives: [[b => b.call('pair', A), close], [async (b, s) => { await written(b, s, 120); await b.call('stop'); }, close]] },
  terminated: { lives: [[b => b.call('pair', A), close], [(b, s) => written(b, s, 80), terminate]] },
  killed: { lives: [[b => b.call('pair', A), close], [(b, s) => written(b, s, 80), kill]] },
  killedAtPairing: { lives: [[b => b.call('pair', A), kill]] },
  killedAtLogout: { lives: [[b => b.call('pair', A), close], [b => b.call('logout'), kill]] },
  killedAtRePairing: { lives: [[b => b.call('pair', A), close], [b => b.call('pair', B), kill]] },
  loggedOut: { lives: [[b => b.call('pair', A), close], [b => b.call('logout'), close]] },
  loggedOutQr: { lives: [[b => b.call('pair', A), close], [async b => { await b.call('logout'); await b.call('qr', { seed: 'page' }); }, close]] },
  rePaired: { lives: [[b => b.call('pair', A), close], [async b => { await b.call('logout'); await b.call('pair', B); }, close]] },
  sqlite: { layout: 'sqlite', lives: [[b => b.call('pair', A), close], [async (b, s) => { await written(b, s, 40); await b.call('stop'); }, close]] },
  sqliteOther: { layout: 'sqlite', lives: [[b => b.call('pair', B), close]] },
  sqliteQr: { layout: 'sqlite', lives: [[b => b.call('qr', { seed: 'page' }), close]] },
  sqlitePairedKilled: { layout: 'sqlite', lives: [[async (b, _, profile) => { await b.call('pair', A); await localOnDisk(profile); }, kill]] },
  sqliteKilled: { layout: 'sqlite', lives: [[b => b.call('pair', A), close], [(b, s) => written(b, s, 40), kill]] },
};

/** Lives all of them, in `folder/NAME/session`. */
export async function live(folder, server) {
  for (const [name, { layout, lives }] of Object.entries(LIVES)) {
    const profile = join(folder, name, 'session');
    mkdirSync(profile, { recursive: true });
    for (const [what, end] of lives) {
      const browser = await Browser.start({ profile, layout, port: server.port });
      await what(browser, server, profile);
      await end(browser);
    }
  }
}
