// kill -9 at random moments: of Node and of Chromium under the whatsapp-web.js example, of Node while Baileys' keys are
// being written. The login is kept each time. WAKEEP_KILLS says how often (scripts/npm-kill), WAKEEP_SEED repeats a run.

import assert from 'node:assert/strict';
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { PACKAGE, ROOT, app, clientOptions, events, packageIn, page, pair, spawn, until } from './world.mjs';

const KILLS = Number(process.env.WAKEEP_KILLS ?? 3);
const SEED = Number(process.env.WAKEEP_SEED ?? Date.now() % 1_000_000);
let dice = SEED;

/** A number from 0 to below `limit`. */
function random(limit) {
  dice = (Math.imul(dice, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((dice / 2 ** 32) * limit);
}

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

/** A long run shows that it goes on, and how to repeat it should it be cut off. */
function sayHowFar(kills) {
  if (kills > 0 && kills % 10 === 0) console.error(`${kills} of ${KILLS} kills, WAKEEP_SEED=${SEED}`);
}

/** One life of a bot: what it says, and its end. */
class Life {
  constructor(t, home, script, env = {}) {
    this.said = '';
    this.child = spawn(process.execPath, [script], { cwd: home, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.setEncoding('utf8').on('data', text => { this.said += text; });
    this.ended = new Promise(resolve => this.child.once('exit', resolve));
    t.after(() => this.child.kill('SIGKILL'));
  }

  says(word) {
    return until(`${word} (seed ${SEED})`, () => {
      if (this.said.includes(word)) return true;
      assert.equal(this.child.exitCode, null, `seed ${SEED}: ${this.said}`);
    });
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** The browser's processes on this profile, the first of them before its children. */
function browsers(profile) {
  return readdirSync('/proc').filter(Number).map(Number).sort((a, b) => a - b).filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(`--user-data-dir=${profile}`);
    } catch {
      return false;
    }
  });
}

/** Nothing of the browser may be left for the next life; a supervisor sees to that too. */
function endBrowsers(profile) {
  return until('the browser’s end', () => {
    const left = browsers(profile);
    for (const pid of left) kill9(pid);
    return left.length === 0;
  });
}

function kill9(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

test(`a whatsapp-web.js bot is killed ${KILLS} times and never asks for a QR code`, async t => {
  const [home, server] = [app(t), await page(t)];
  const profile = join(home, '.wwebjs_auth/session');
  t.after(() => endBrowsers(profile));
  await pair(profile, server);
  cpSync(join(PACKAGE, 'examples/whatsapp-web.js'), join(home, 'bot.js'));
  const live = () => new Life(t, home, 'bot.js', { CLIENT_OPTIONS: JSON.stringify(clientOptions(server)) });
  const killed = { node: 0, chromium: 0 };
  for (let n = 0; n < KILLS; n += 1) {
    const life = live();
    // Every second life must come up, and so prove what the kills before it left; the others die anywhere, their start too.
    if (n % 2 === 1) await life.says('ready');
    await sleep(random(3_000));
    const victim = random(2) === 0 ? undefined : browsers(profile)[0];
    if (victim) kill9(victim);
    killed[victim ? 'chromium' : 'node'] += 1;
    // What a bot does without its browser, or a browser without its bot, may do harm as well.
    if (victim) await sleep(random(500));
    await life.kill();
    await sleep(random(500));
    await endBrowsers(profile);
    assert.doesNotMatch(life.said, /^qr/m, `kill ${n}, seed ${SEED}`);
    sayHowFar(n + 1);
  }
  const last = live();
  await last.says('ready');
  last.child.kill('SIGINT');
  assert.equal(await last.ended, 0, last.said);
  assert.doesNotMatch(last.said, /^qr/m, `seed ${SEED}`);
  assert.ok(events(home).includes('created'));
  t.diagnostic(`${killed.node} kills of Node, ${killed.chromium} of Chromium, seed ${SEED}`);
});

// Says whether it has its login and which key it has, then writes keys and credentials and says each that was confirmed.
const WRITER = `
import { useWakeepAuthState } from 'wakeep';
const { state, saveCreds } = await useWakeepAuthState('auth');
const { last } = (await state.keys.get('sender-key', ['last'])).last ?? { last: 0 };
console.log(state.creds.account ? 'login' : 'lost', last);
for (let n = last + 1; ; n += 1) {
  const keys = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [String(9000 + i), { public: Buffer.alloc(2000, n), n }]));
  state.creds.accountSyncCounter = n;
  await Promise.all([state.keys.set({ 'pre-key': keys, 'sender-key': { last: { last: n } } }), saveCreds()]);
  console.log('wrote', n);
}
`;

test(`a Baileys bot is killed ${KILLS} times in the middle of its writing and loses nothing`, async t => {
  const home = app(t, ['baileys']);
  const auth = join(home, 'auth');
  cpSync(join(ROOT, 'tests/fixtures/baileys/paired'), auth, { recursive: true });
  await packageIn(home).createAuthArchive({ session: auth });
  writeFileSync(join(home, 'writer.mjs'), WRITER);
  let confirmed = 0;
  for (let n = 0; n <= KILLS; n += 1) {
    const life = new Life(t, home, 'writer.mjs');
    await life.says('wrote');
    const [, login, last] = /^(login|lost) (\d+)$/m.exec(life.said);
    assert.equal(login, 'login', `kill ${n}, seed ${SEED}`);
    assert.ok(Number(last) >= confirmed, `kill ${n}, seed ${SEED}: ${last} is older than ${confirmed}`);
    await sleep(random(200));
    await life.kill();
    confirmed = Math.max(...[...life.said.matchAll(/^wrote (\d+)$/gm)].map(([, each]) => Number(each)));
    for (const name of readdirSync(auth).filter(each => each.endsWith('.json'))) JSON.parse(readFileSync(join(auth, name), 'utf8'));
    sayHowFar(n);
  }
  assert.ok(!events(home, 'auth').includes('restored'), 'a kill that tears nothing needs no archive');
  t.diagnostic(`${KILLS + 1} kills, ${confirmed} rounds of writes confirmed, seed ${SEED}`);
});
