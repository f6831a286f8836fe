// What holds a bot up, and what doesn't: a program that hangs, another bot's session, a keeper that another wakeep is.

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { BINARY, PACKAGE, REAL, ROOT, app, events, packageIn, run, spawn, until } from './world.mjs';

/** A stand-in bot at work on this profile, which ends with the test. */
async function living(t, profile) {
  mkdirSync(join(profile, '..'), { recursive: true });
  const bot = spawn(BINARY, ['demo', '--bot', profile], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => bot.kill('SIGKILL'));
  await new Promise(resolve => bot.stdout.once('data', resolve));
  return bot;
}

function paired(t) {
  const home = app(t, ['baileys']);
  const auth = join(home, 'auth');
  cpSync(join(ROOT, 'tests/fixtures/baileys/paired'), auth, { recursive: true });
  return { home, auth, wakeep: packageIn(home) };
}

test('a restore that hangs delays the bot and no more', async t => {
  const { home, auth, wakeep } = paired(t);
  const hanging = join(home, 'hanging');
  writeFileSync(hanging, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
  writeFileSync(join(home, 'bot.js'), "console.log('started')");
  const env = { ...process.env, WAKEEP_BINARY: hanging, WAKEEP_START_LIMIT: '1' };
  const started = run('node', ['-r', 'wakeep/register', 'bot.js'], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
  assert.equal(started.stdout, 'started\n');
  assert.match(started.stderr, /no answer of wakeep restore in 1 s/);
  writeFileSync(join(home, 'baileys.js'), `
    require('wakeep').useWakeepAuthState(${JSON.stringify(auth)}, { logger: console }).then(({ state }) => {
      console.log(state.creds.account ? 'login' : 'none');
      process.exit(0);
    });`);
  const told = run('node', ['baileys.js'], { cwd: home, env });
  assert.match(told.stdout, /^login$/m, told.stderr);
  assert.match(told.stderr, /no answer of wakeep restore in 1 s/);
  assert.ok(wakeep);
});

test("a bot isn't held back by another one's session in the same folder", async t => {
  const home = app(t, []);
  const [a, b] = ['session-a', 'session-b'].map(name => join(home, '.wwebjs_auth', name));
  (await living(t, a)).kill('SIGKILL');
  const user = await living(t, b);
  await packageIn(home).createAuthArchive({ cwd: home });
  // It has its profile, and a profile that needs a restore: stopped, it doesn't mind.
  user.kill('SIGSTOP');
  rmSync(join(b, 'Default/IndexedDB'), { recursive: true });
  writeFileSync(join(home, 'bot.js'), "console.log('started')");
  const held = run('node', ['-r', 'wakeep/register', 'bot.js'], { cwd: home });
  assert.equal(held.status, 12, `without a word whose session it is, b is in use and needs a restore: ${held.stdout}${held.stderr}`);
  for (const [n, meant] of [{ session: '.wwebjs_auth/session-a' }, { only: 'session-a' }].entries()) {
    rmSync(a, { recursive: true, force: true });
    const [bot, keeper] = packageIn(home).withWakeep({ name: 'a', script: 'bot.js' }, meant);
    const started = run('node', [...bot.node_args, 'bot.js'], { cwd: home, env: { ...process.env, ...bot.env } });
    assert.match(started.stdout, /^started$/m, started.stderr);
    assert.ok(existsSync(join(a, 'Default')), `${n}: ${started.stdout}${started.stderr}`);
    assert.ok(keeper.restart_delay >= 60_000 && !keeper.exp_backoff_restart_delay);
  }
});

test('a bot beside whose keeper its session is starts none; for any other session it does', async t => {
  const { home, auth } = paired(t);
  const bot = session => `
    require('wakeep').useWakeepAuthState('auth').then(async login => {
      await login.onConnection({ connection: 'open' });
      const watch = require('node:child_process').execSync('ps -o args= --ppid ' + process.pid).toString();
      console.log(/ watch /.test(watch) ? 'own' : 'none');
      await login.stop();
    });`;
  writeFileSync(join(home, 'bot.js'), bot());
  const lives = options => {
    const [{ env }] = packageIn(home).withWakeep({ name: 'bot', script: 'bot.js' }, options);
    return run('node', ['bot.js'], { cwd: home, env: { ...process.env, ...env } }).stdout.trim();
  };
  assert.equal(lives({ session: 'auth' }), 'none');
  assert.equal(lives({ session: 'elsewhere' }), 'own');
  assert.equal(lives({ session: 'auth', keeper: false }), 'own');
  assert.ok(existsSync(auth));
});

test('what the app says of its session in its own environment holds for the keeper beside it, too', t => {
  const { home } = paired(t);
  const [bot, keeper] = packageIn(home).withWakeep({ name: 'bot', script: 'bot.js', env: { WAKEEP_SESSION: 'auth', TOKEN: 'secret' } });
  assert.equal(bot.env.TOKEN, 'secret');
  assert.deepEqual(keeper.env, { WAKEEP_SESSION: 'auth' });
});

test('no lack of open files and no program that is gone ends the bot', t => {
  const { home } = paired(t);
  writeFileSync(join(home, 'full.js'), `
    const { check, watch } = require('wakeep');
    const { openSync } = require('node:fs');
    const full = () => { try { for (;;) openSync('/dev/null'); } catch {} };
    full();
    check().catch(error => console.log('check:', error.message));
    watch({ logger: console.log }).stop().then(() => console.log('stopped'));`);
  const full = run('sh', ['-c', 'ulimit -n 64; exec node full.js'], { cwd: home });
  assert.deepEqual([full.status, full.stderr], [0, '']);
  assert.match(full.stdout, /^check: .*EMFILE$/m);
  assert.match(full.stdout, /^stopped$/m);
  // The package's own program goes while the keeper rests, as packages are installed anew; it is tried again in no time here.
  writeFileSync(join(home, 'gone.js'), `
    const later = setTimeout;
    globalThis.setTimeout = (work, ms) => later(work, ms / 1000);
    const watching = require('wakeep').watch({ logger: console.log });
    let ends = 0;
    watching.on('end', () => {
      delete process.env.WAKEEP_BINARY;
      if ((ends += 1) === 3) watching.stop().then(() => { console.log('lives'); clearInterval(alive); });
    });
    const alive = setInterval(() => {}, 1000);`);
  const gone = run('node', ['gone.js'], { cwd: home, env: { ...process.env, WAKEEP_BINARY: '/bin/false' } });
  assert.deepEqual([gone.status, gone.stderr], [0, '']);
  assert.equal(gone.stdout.match(/the keeper ended \(the package @wakeep\/linux-x64 isn't installed/g)?.length, 2, gone.stdout);
  assert.match(gone.stdout, /^lives$/m);
});

test('that another keeper has the session is said', async t => {
  const { home, auth, wakeep } = paired(t);
  const other = spawn(BINARY, ['watch', '--session', auth, '--until-eof'], { stdio: ['pipe', 'ignore', 'ignore'] });
  t.after(() => other.kill('SIGKILL'));
  await until('the other keeper', () => events(home, 'auth').includes('watching'));
  const said = [];
  const watching = wakeep.watch({ session: auth, logger: { warn: line => said.push(line) } });
  await new Promise(resolve => watching.once('end', resolve));
  await watching.stop();
  assert.equal(said.filter(line => /^wakeep: a keeper already/.test(line)).length, 1, said.join('\n'));
});

test('the types hold for import and for require', t => {
  const home = app(t, []);
  const text = "import { event, watch } from 'wakeep';\nevent('phone-seen');\nwatch().pid?.toFixed();\n";
  writeFileSync(join(home, 'named.cts'), text);
  writeFileSync(join(home, 'default.mts'), `${text}import wakeep from 'wakeep';\nwakeep.withWakeep({ name: 'a' }, { session: 'auth' });\n`);
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--types', 'node', '--typeRoots', join(REAL, 'node_modules/@types'), '--target', 'es2022', '--module', 'node16'];
  const done = run('node', [join(REAL, 'node_modules/typescript/bin/tsc'), ...options, 'named.cts', 'default.mts'], { cwd: home });
  assert.equal(done.status, 0, done.stdout);
  assert.ok(existsSync(join(PACKAGE, 'index.d.mts')));
});
