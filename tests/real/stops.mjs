// What a stop of the bot's unit leaves of the last words in localStorage: the real whatsapp-web.js bot, stopped as
// systemd stops it with each KillMode=, with and without a SIGTERM handler of its own. Figures: docs/reliability.md.
//
//   node stops.mjs [TRIALS [DELAY_MS]]      prints a line for each combination: {"mode","bot","kept","of","seconds"}
//   node stops.mjs --bot PARENT PORT HANDLER    the bot itself
//
// control-group: SIGTERM to every process, SIGKILL after the timeout. mixed: SIGTERM to the bot alone, and SIGKILL to all
// that is left as soon as it has ended (systemd.kill(5)). browser first: SIGTERM to the browser's first process alone, and
// once it has ended SIGKILL to the rest.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import wwebjs from 'whatsapp-web.js';
import { Browser, EXECUTABLE, flags } from './browser.mjs';
import { serve } from './page/server.mjs';

/** What the trials take for TimeoutStopSec=. */
const TIMEOUT_MS = 15_000;

async function bot(parent, port, handler) {
  const client = new wwebjs.Client({
    authStrategy: new wwebjs.LocalAuth({ dataPath: parent }),
    webVersionCache: { type: 'none' },
    puppeteer: { executablePath: EXECUTABLE, headless: true, args: flags(port) },
  });
  if (handler === 'destroy') process.on('SIGTERM', () => client.destroy().then(() => process.exit(0)));
  client.once('qr', () => console.log('qr'));
  client.once('ready', () => console.log('ready'));
  process.stdin.on('data', async word => {
    await client.pupPage.evaluate(w => localStorage.setItem('lastWord', w), String(word).trim());
    console.log('written');
  });
  await client.initialize();
}

/** Every process below `pid`, as `/proc` tells. */
function below(pid) {
  const parents = readdirSync('/proc').filter(n => /^\d+$/.test(n)).flatMap(n => {
    try {
      return [[Number(n), Number(readFileSync(`/proc/${n}/stat`, 'utf8').replace(/^.*\) . /s, '').split(' ')[0])]];
    } catch {
      return [];
    }
  });
  const found = [];
  const collect = of => parents.filter(([, p]) => p === of).forEach(([child]) => { found.push(child); collect(child); });
  collect(pid);
  return found;
}

const tell = (pid, signal) => { try { process.kill(pid, signal); } catch (e) { if (e.code !== 'ESRCH') throw e; } };
const alive = pid => { try { return !/^.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8')); } catch { return false; } };

async function stop(child, mode) {
  const rest = below(child.pid);
  if (mode === 'browser first') {
    tell(rest[0], 'SIGTERM');
    for (const end = performance.now() + TIMEOUT_MS; performance.now() < end && alive(rest[0]);) await sleep(50);
    [child.pid, ...rest].forEach(pid => tell(pid, 'SIGKILL'));
    return;
  }
  const main = child.exitCode !== null ? Promise.resolve() : new Promise(resolve => child.once('exit', resolve));
  const everybody = [child.pid, ...rest];
  for (const pid of mode === 'control-group' ? everybody : [child.pid]) tell(pid, 'SIGTERM');
  await Promise.race([main, sleep(TIMEOUT_MS)]);
  if (mode !== 'mixed') {
    for (const end = performance.now() + TIMEOUT_MS; child.exitCode !== null && performance.now() < end && everybody.some(alive);) await sleep(50);
  }
  everybody.forEach(pid => tell(pid, 'SIGKILL'));
}

async function trial(server, mode, handler, delay) {
  const parent = await mkdtemp(join(tmpdir(), 'wakeep-stops-'));
  const profile = join(parent, 'session');
  try {
    const first = await Browser.start({ profile, port: server.port });
    await first.call('pair', { account: '4917011111111:3', seed: 'stops' });
    await first.close();
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--bot', parent, String(server.port), handler], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const says = word => new Promise((resolve, reject) => {
      child.stdout.on('data', data => { if (String(data).includes(word)) resolve(); });
      child.once('exit', code => reject(new Error(`the bot ended (${code}) before it said ${word}`)));
    });
    await says('ready');
    child.stdin.write('42\n');
    await says('written');
    await sleep(delay);
    const begun = performance.now();
    await stop(child, mode);
    const seconds = (performance.now() - begun) / 1000;
    await sleep(500);
    const reader = await Browser.start({ profile, port: server.port });
    const kept = await reader.tab.evaluate(() => localStorage.getItem('lastWord'));
    await reader.close();
    return { kept: kept === '42', seconds };
  } finally {
    await rm(parent, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function main(trials, delay) {
  const server = await serve();
  for (const mode of ['control-group', 'mixed', 'browser first']) {
    for (const handler of ['none', 'destroy']) {
      const results = [];
      for (let n = 0; n < trials; n += 1) results.push(await trial(server, mode, handler, delay));
      const seconds = results.map(r => r.seconds).sort((a, b) => a - b)[Math.floor(trials / 2)].toFixed(2);
      console.log(JSON.stringify({ mode, bot: handler, kept: results.filter(r => r.kept).length, of: trials, seconds: Number(seconds) }));
    }
  }
  server.close();
}

if (process.argv[2] === '--bot') {
  await bot(process.argv[3], Number(process.argv[4]), process.argv[5]);
} else {
  await main(Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 500));
  process.exit(0);
}
