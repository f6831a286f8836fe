// The tarballs of the release, installed offline into a new project.

import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
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
  const status = run('npx', ['wakeep', 'status', '--json'], { cwd: project, env });
  assert.deepEqual([status.status, JSON.parse(status.stdout)], [4, { sessions: [] }]);
});
