// whatsapp-web.js's RemoteAuth as a program: its own class packs and unpacks, its store is a folder.
//
//   node remote_auth.mjs compress|extract DATA STORE     the session is DATA/RemoteAuth-bench

import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(new URL('../tests/real/package.json', import.meta.url));
const RemoteAuth = require('whatsapp-web.js/src/authStrategies/RemoteAuth.js');

const [what, data, place] = process.argv.slice(2);
const name = 'RemoteAuth-bench';
const kept = join(place, `${name}.zip`);

const auth = new RemoteAuth({
  clientId: 'bench',
  dataPath: data,
  backupSyncIntervalMs: 60_000,
  store: {
    sessionExists: async () => true,
    save: () => copyFile(join(data, `${name}.zip`), kept),
    extract: ({ path }) => copyFile(kept, path),
    delete: async () => {},
  },
});
// What `beforeBrowserInitialized` sets.
auth.sessionName = name;
auth.userDataDir = join(data, name);

await { compress: () => auth.storeRemoteSession(), extract: () => auth.extractRemoteSession() }[what]();
