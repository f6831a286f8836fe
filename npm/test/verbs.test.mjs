// The package's functions against the program itself, by the stand-in bot that `wakeep demo` has.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import { BINARY, PACKAGE, REAL, app, packageIn, run, spawn, used } from './world.mjs';

/** Lets the stand-in bot write a login, and ends it. */
async function lived(home) {
  const bot = spawn(BINARY, ['demo', '--bot', join(home, '.wwebjs_auth/session')], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise(resolve => bot.stdout.once('data', resolve));
  bot.kill('SIGKILL');
  await new Promise(resolve => bot.once('close', resolve));
}

test('an archive is made, judged and restored, and the bot’s log has its line', async t => {
  const home = app(t, []);
  const wakeep = packageIn(home);
  await lived(home);
  const lines = [];
  const options = { cwd: home, logger: { info: line => lines.push(line) } };
  assert.equal((await wakeep.createAuthArchive(options)).outcome, 'created');
  assert.ok(existsSync(join(home, 'whatsapp_auth_latest.tar.gz')));
  assert.match(lines[0], /^Архив авторизации \/ Auth archive: /);
  assert.equal((await wakeep.check(options)).verdict, 'sound');
  rmSync(join(home, '.wwebjs_auth'), { recursive: true });
  assert.equal((await wakeep.check(options)).verdict, 'missing');
  assert.equal((await wakeep.restoreIfNeeded(options)).outcome, 'restored');
  assert.equal((await wakeep.check(options)).login, 'paired');
});

test('errors are typed by the exit codes of the README', async t => {
  const home = app(t, []);
  const wakeep = packageIn(home);
  writeFileSync(join(home, 'wakeep.toml'), 'intervall = "2m"');
  await assert.rejects(wakeep.check({ cwd: home }), { name: 'WakeepError', code: 'USAGE', exitCode: 2 });
  rmSync(join(home, 'wakeep.toml'));
  assert.equal((await wakeep.restoreIfNeeded({ cwd: home })).outcome, 'nothing');
  // What hinders all of it is no session's failure; a folder can't be read as a configuration.
  const hindered = wakeep.createAuthArchive({ cwd: home, config: home });
  await assert.rejects(hindered, { code: 'FAILED', message: new RegExp(`reading ${home} failed`) });
  const { CODES } = createRequire(import.meta.url)('../lib/error.js');
  const table = readFileSync(join(PACKAGE, '../README.md'), 'utf8').split('## Exit codes')[1].split('\n## ')[0];
  const documented = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => code).filter(code => code !== '0');
  assert.deepEqual(Object.keys(CODES), documented);
});

test('a platform without a program is told clearly', t => {
  const home = app(t, []);
  const { WAKEEP_BINARY, ...env } = process.env;
  const done = run('node', [join(home, 'node_modules/wakeep/bin/wakeep.js'), 'status'], { cwd: home, env });
  assert.equal(done.status, 1);
  assert.match(done.stderr, /the package @wakeep\/linux-x64 isn't installed: .* WAKEEP_BINARY/);
});

test('forks of a registered bot do not restore again, and the bot starts whatever happens', async t => {
  const home = app(t, []);
  await lived(home);
  await packageIn(home).createAuthArchive({ cwd: home });
  rmSync(join(home, '.wwebjs_auth'), { recursive: true });
  writeFileSync(join(home, 'bot.js'), `
    const { fork } = require('node:child_process');
    console.log(require('node:fs').existsSync('.wwebjs_auth/session/Default') ? 'login' : 'qr');
    if (process.argv[2] !== 'fork') fork(__filename, ['fork']);`);
  const started = run('node', ['-r', 'wakeep/register', 'bot.js'], { cwd: home });
  assert.equal(started.stdout.match(/session restored/g)?.length, 1, started.stdout);
  assert.equal(started.stdout.match(/^login$/gm)?.length, 2, started.stdout);
  const without = run('node', ['-r', 'wakeep/register', 'bot.js'], { cwd: home, env: { ...process.env, WAKEEP_BINARY: '/nonexistent' } });
  assert.equal(without.stdout.match(/^login$/gm)?.length, 2, without.stderr);
});

test('the types compile and declare all that is exported', t => {
  used('typescript');
  const types = join(PACKAGE, 'index.d.ts');
  const tsc = join(REAL, 'node_modules/typescript/bin/tsc');
  const done = run('node', [tsc, '--noEmit', '--strict', '--skipLibCheck', '--types', 'node', '--typeRoots', join(REAL, 'node_modules/@types'), '--target', 'es2022', '--module', 'commonjs', types]);
  assert.equal(done.status, 0, done.stdout);
  const declared = readFileSync(types, 'utf8');
  for (const name of Object.keys(packageIn(app(t, [])))) assert.match(declared, new RegExp(`export (declare )?(class|function) ${name}\\b`), name);
});
