// The tarballs of the release, installed offline into a new project.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { BINARY, ROOT, run, scratch, used } from './world.mjs';

test('npm install of the packed tarballs gives the program', t => {
  used('npm');
  const [out, project] = [scratch(t), scratch(t)];
  // Without its debug information the program is as large as a released one, and packs as fast.
  const binary = join(out, 'wakeep');
  assert.equal(run('strip', ['-o', binary, BINARY]).status, 0);
  const packed = run(join(ROOT, 'scripts/release'), ['--npm'], { env: { ...process.env, WAKEEP_BINARY: binary, RELEASE_DIR: out } });
  assert.equal(packed.status, 0, packed.stderr);
  writeFileSync(join(project, 'package.json'), '{"private":true}');
  const tarballs = readdirSync(out).filter(name => name.endsWith('.tgz')).map(name => join(out, name));
  assert.equal(tarballs.length, 2);
  const { WAKEEP_BINARY, ...env } = process.env;
  const installed = run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], { cwd: project, env });
  assert.equal(installed.status, 0, installed.stderr);
  for (const name of ['wakeep', '@wakeep/linux-x64']) {
    for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) assert.ok(existsSync(join(project, 'node_modules', name, licence)), `${name}: ${licence}`);
  }
  const status = run('npx', ['wakeep', 'status', '--json'], { cwd: project, env });
  assert.deepEqual([status.status, JSON.parse(status.stdout)], [4, { sessions: [] }]);

  // Where there is no program for the platform, or it was left out, that is what is said.
  const without = platform => run('node', ['-e', `
    Object.defineProperty(process, 'platform', { value: '${platform}' });
    require('wakeep').check().catch(error => console.log(error.code, error.message));`], { cwd: project, env }).stdout;
  assert.match(without('darwin'), /^NO_BINARY no wakeep program is published for darwin-\w+, only for linux-x64: build wakeep/);
  rmSync(join(project, 'node_modules/@wakeep'), { recursive: true });
  assert.match(without('linux'), /^NO_BINARY the package @wakeep\/linux-x64 isn't installed: npm install wakeep again, without/);
  const left = run('npx', ['wakeep', 'status'], { cwd: project, env });
  assert.ok(left.status === 1 && left.stderr.includes('wakeep: the package @wakeep/linux-x64'), left.stderr);
});
