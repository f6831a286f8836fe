// A bot's app folder with the package and its peers in node_modules, as npm lays them out, and the page that stands in for
// WhatsApp Web. Nothing is shared between tests.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser, EXECUTABLE, flags, used } from '../../tests/real/browser.mjs';
import { serve } from '../../tests/real/page/server.mjs';

export const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), '..');
export const REAL = join(PACKAGE, '../tests/real');
export const ROOT = join(PACKAGE, '..');
export const BINARY = (process.env.WAKEEP_BINARY ??= join(ROOT, 'target/debug/wakeep'));
/** No single wait of a test may take longer. */
export const PATIENCE = 240_000;
export { Browser, EXECUTABLE, flags, serve, used };

// Told apart by tests of the words: the machine's own language is of no account.
process.env.LANG = 'C';

/** A temporary folder that goes with the test. */
export function scratch(t) {
  const dir = mkdtempSync(join(tmpdir(), 'wakeep-npm-'));
  // A keeper whose bot was killed may write its last line just then; rmSync's own retries don't look for new files.
  t.after(() => until(`the end of ${dir}`, () => {
    try {
      rmSync(dir, { recursive: true, force: true });
      return true;
    } catch (error) {
      if (error.code !== 'ENOTEMPTY') throw error;
    }
  }));
  return dir;
}

/** An app folder in which `require('wakeep')` and the real peers are found. */
export function app(t, peers = ['whatsapp-web.js']) {
  const home = scratch(t);
  mkdirSync(join(home, 'node_modules'));
  writeFileSync(join(home, 'package.json'), '{"private":true}');
  symlinkSync(PACKAGE, join(home, 'node_modules/wakeep'));
  for (const peer of peers) {
    symlinkSync(join(REAL, 'node_modules', peer), join(home, 'node_modules', peer));
    used(peer);
  }
  return home;
}

/** The package as a bot in this folder gets it. */
export const packageIn = home => createRequire(join(home, 'index.js'))('wakeep');

/** The page's server, which ends with the test. */
export async function page(t) {
  const server = await serve();
  t.after(() => server.close());
  return server;
}

export function clientOptions(server) {
  return {
    webVersionCache: { type: 'none' },
    authTimeoutMs: PATIENCE,
    puppeteer: { executablePath: EXECUTABLE, headless: true, args: flags(server.port), timeout: PATIENCE, protocolTimeout: PATIENCE },
  };
}

/** Pairs a profile by a real Chromium. */
export async function pair(profile, server, account = '4917011111111:3') {
  mkdirSync(profile, { recursive: true });
  const browser = await Browser.start({ profile, port: server.port });
  await browser.call('pair', { account, seed: account });
  await browser.close();
}

/** Logs a profile out as the page does it. */
export async function logOut(profile, server) {
  const browser = await Browser.start({ profile, port: server.port });
  await browser.call('logout');
  await browser.close();
}

export async function until(what, done) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await done();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited too long for ${what}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** The journal's lines of a session. */
export function journal(home, session = 'session') {
  const file = join(home, '.wakeep', session, 'journal.jsonl');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(line => JSON.parse(line)) : [];
}

export const events = (home, session) => journal(home, session).map(line => line.event);

/** A whatsapp-web.js client, and the words it said. */
export function client(home, server, options = {}) {
  const { Client } = createRequire(join(home, 'index.js'))('whatsapp-web.js');
  const { WakeepAuth } = packageIn(home);
  const strategy = new WakeepAuth({ dataPath: join(home, '.wwebjs_auth'), ...options });
  const bot = new Client({ authStrategy: strategy, ...clientOptions(server) });
  bot.said = [];
  for (const name of ['qr', 'ready', 'auth_failure', 'disconnected']) bot.on(name, () => bot.said.push(name));
  return bot;
}

/** Starts a client and waits for this word of it. */
export async function start(bot, word) {
  const begun = bot.initialize();
  begun.catch(error => { bot.failure = error; });
  await until(word, () => {
    if (bot.failure) throw bot.failure;
    return bot.said.includes(word);
  });
  return bot;
}

export function run(program, args, options = {}) {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: PATIENCE, ...options });
  if (done.error) throw done.error;
  return done;
}

export { spawn };
