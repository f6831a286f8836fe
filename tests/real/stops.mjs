// What a stop of the bot leaves of the last words in localStorage: the real whatsapp-web.js bot, stopped as systemd, pm2 and
// wakeep stop it, with and without a signal handler of its own. Figures: docs/reliability.md.
//
//   node stops.mjs [TRIALS [DELAY_MS [WAY...]]]   prints a line for each combination
//   node stops.mjs --bot PARENT PORT HANDLER      the bot itself
//
// Handlers: none; destroy (client.destroy()); browser (puppeteer's own are off, the browser's first process gets SIGTERM).

import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import wwebjs from 'whatsapp-web.js';
import { Browser, EXECUTABLE, flags } from './browser.mjs';
import { serve } from './page/server.mjs';

/** What the trials take for TimeoutStopSec= and kill_timeout. */
const TIMEOUT_MS = 15_000;
const WAKEEP = resolve(process.env.WAKEEP_BINARY ?? fileURLToPath(new URL('../../target/debug/wakeep', import.meta.url)));
const HANDLERS = ['none', 'destroy', 'browser'];

async function bot(parent, port, handler) {
  const own = handler === 'browser' ? { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false } : {};
  const client = new wwebjs.Client({
    authStrategy: new wwebjs.LocalAuth({ dataPath: parent }),
    webVersionCache: { type: 'none' },
    puppeteer: { executablePath: EXECUTABLE, headless: true, args: flags(port), ...own },
  });
  const ends = {
    destroy: () => client.destroy(),
    browser: () => {
      const first = client.pupBrowser.process();
      // One that was closed already is waited for no more.
      return new Promise(ended => (first.kill('SIGTERM') ? first.once('exit', ended) : ended()));
    },
  };
  if (ends[handler]) ['SIGTERM', 'SIGINT'].forEach(signal => process.on(signal, () => ends[handler]().then(() => process.exit(0))));
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

async function until(done) {
  for (const end = performance.now() + TIMEOUT_MS; performance.now() < end && !done();) await sleep(50);
}

/** A signal to these processes, then SIGKILL to what is left of the whole tree when `done` or the time is over. */
async function signalled(signal, pids, tree, done) {
  pids.forEach(pid => tell(pid, signal));
  await until(done);
  tree.forEach(pid => tell(pid, 'SIGKILL'));
}

/** How a bot is stopped; `tree` are all its processes, itself first. */
const WAYS = {
  // systemd.kill(5): SIGTERM to every process, SIGKILL after the timeout.
  'control-group': tree => signalled('SIGTERM', tree, tree, () => !tree.some(alive)),
  // SIGTERM to the bot alone, SIGKILL to all that is left as soon as it has ended.
  mixed: tree => signalled('SIGTERM', tree.slice(0, 1), tree, () => !alive(tree[0])),
  // As the drop-in has it: ExecStop=, then control-group.
  'close-browser': (tree, profile) => {
    const closed = spawnSync(WAKEEP, ['--session', profile, 'close-browser'], { encoding: 'utf8' });
    if (closed.status !== 0 || !closed.stdout.includes('ended in')) throw new Error(JSON.stringify(closed));
    return WAYS['control-group']([tree[0], ...below(tree[0])]);
  },
  // `wakeep run -- node bot`, as the first process of a container or under a supervisor: SIGTERM to wakeep alone.
  run: tree => signalled('SIGTERM', tree.slice(0, 1), tree, () => !tree.some(alive)),
  // pm2 sends SIGINT to every process of the tree; with treekill: false to the first alone.
  pm2: tree => signalled('SIGINT', tree, tree, () => !alive(tree[0])),
  'pm2 treekill: false': tree => signalled('SIGINT', tree.slice(0, 1), tree, () => !alive(tree[0])),
};

async function trial(server, way, handler, delay) {
  const parent = await mkdtemp(join(tmpdir(), 'wakeep-stops-'));
  const profile = join(parent, 'session');
  try {
    const first = await Browser.start({ profile, port: server.port });
    await first.call('pair', { account: '4917011111111:3', seed: 'stops' });
    await first.close();
    const command = [process.execPath, fileURLToPath(import.meta.url), '--bot', parent, String(server.port), handler];
    if (way === 'run') command.unshift(WAKEEP, '--session', profile, 'run', '--');
    const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = new Promise(resolve => child.once('exit', (code, signal) => resolve(code ?? signal)));
    const says = word => new Promise((resolve, reject) => {
      child.stdout.on('data', data => { if (String(data).includes(word)) resolve(); });
      child.once('exit', code => reject(new Error(`the bot ended (${code}) before it said ${word}`)));
    });
    await says('ready');
    child.stdin.write('42\n');
    await says('written');
    await sleep(delay);
    const begun = performance.now();
    await WAYS[way]([child.pid, ...below(child.pid)], profile);
    const seconds = (performance.now() - begun) / 1000;
    await sleep(500);
    const reader = await Browser.start({ profile, port: server.port });
    const kept = await reader.tab.evaluate(() => localStorage.getItem('lastWord'));
    await reader.close();
    return { kept: kept === '42', seconds, exit: await ended };
  } finally {
    await rm(parent, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function main(trials, delay, ways) {
  const server = await serve();
  for (const way of ways) {
    for (const handler of HANDLERS) {
      const results = [];
      for (let n = 0; n < trials; n += 1) results.push(await trial(server, way, handler, delay));
      const seconds = results.map(r => r.seconds).sort((a, b) => a - b)[Math.floor(trials / 2)].toFixed(2);
      const exits = [...new Set(results.map(r => r.exit))];
      console.log(JSON.stringify({ way, handler, kept: results.filter(r => r.kept).length, of: trials, seconds: Number(seconds), exits }));
    }
  }
  server.close();
}

if (process.argv[2] === '--bot') {
  await bot(process.argv[3], Number(process.argv[4]), process.argv[5]);
} else {
  const [trials = 5, delay = 500, ...ways] = process.argv.slice(2);
  await main(Number(trials), Number(delay), ways.length > 0 ? ways : Object.keys(WAYS));
  process.exit(0);
}
