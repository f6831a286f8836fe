// Where profiles are put that nobody may delete: moved aside whole, the newest few of a name kept. wakeep takes no folder
// of such a name for a session.
'use strict';

const { existsSync, mkdirSync, readdirSync, renameSync, rmSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');

const QUARANTINE = '.wakeep-logged-out';
const KEPT = 2;

/** Moves a profile into the quarantine beside it. Its new path, or null where there was none. */
function putAside(session) {
  if (!existsSync(session)) return null;
  const [place, name] = [join(dirname(session), QUARANTINE), basename(session)];
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const aside = join(place, `${name}@${new Date().toISOString().replace(/[:.]/g, '-')}`);
  renameSync(session, aside);
  const older = readdirSync(place).filter(each => each.startsWith(`${name}@`)).sort().reverse().slice(KEPT);
  for (const each of older) rmSync(join(place, each), { recursive: true, force: true });
  return aside;
}

module.exports = { putAside };
