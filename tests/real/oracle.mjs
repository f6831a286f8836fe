// The judge: the real whatsapp-web.js Client with LocalAuth on a profile. `ready` = the login came back, `qr` = it
// didn't. The page it meets decides from the profile's real content, as WhatsApp Web does (page/login.js).
//
//   node oracle.mjs PROFILE_PARENT [CLIENT_ID] [--in-place] [--layout sqlite]
//
// PROFILE_PARENT is the folder with `session` or `session-CLIENT_ID` (`.wwebjs_auth`). The judge works on a
// throw-away copy unless told otherwise, for opening a profile changes it. Prints one line:
// {"event":"ready"|"qr"|"failed","seconds":1.9,"why":…}.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import wwebjs from 'whatsapp-web.js';
import { EXECUTABLE, flags, used } from './browser.mjs';
import { serve } from './page/server.mjs';

const PATIENCE_MS = 120_000;

/** Resolves with the client's first word about the login. */
function verdictOf(client) {
  return new Promise(resolve => {
    client.once('ready', () => resolve({ event: 'ready' }));
    client.once('qr', async () => {
      const why = await client.pupPage.evaluate(() => window.Debug.whyQr).catch(() => undefined);
      resolve({ event: 'qr', why });
    });
    client.once('auth_failure', why => resolve({ event: 'failed', why: String(why) }));
    setTimeout(() => resolve({ event: 'failed', why: `no word for ${PATIENCE_MS / 1000} s` }), PATIENCE_MS).unref();
    client.initialize().catch(error => resolve({ event: 'failed', why: String(error?.message ?? error) }));
  });
}

/** Asks whatsapp-web.js about the session in `parent` itself; the browser is closed again. */
export async function judgeInPlace(parent, { clientId, layout, port }) {
  const begun = performance.now();
  const client = new wwebjs.Client({
    authStrategy: new wwebjs.LocalAuth({ dataPath: parent, clientId }),
    webVersionCache: { type: 'none' },
    authTimeoutMs: PATIENCE_MS,
    puppeteer: { executablePath: EXECUTABLE, headless: true, args: flags(port, layout), timeout: PATIENCE_MS, protocolTimeout: PATIENCE_MS },
  });
  used('whatsapp-web.js');
  const verdict = await verdictOf(client);
  const seconds = Math.round((performance.now() - begun) / 10) / 100;
  await client.destroy().catch(() => client.pupBrowser?.process()?.kill('SIGKILL'));
  return { event: verdict.event, seconds, ...(verdict.why && { why: verdict.why }) };
}

/** The same on a copy of the session's folder, without the locks a live or killed browser left in it. */
export async function judge(parent, { clientId, layout, port }) {
  const scratch = await mkdtemp(join(tmpdir(), 'wakeep-oracle-'));
  const name = clientId ? `session-${clientId}` : 'session';
  try {
    await cp(join(parent, name), join(scratch, name), {
      recursive: true, verbatimSymlinks: true, filter: path => !basename(path).startsWith('Singleton'),
    }).catch(error => { if (error.code !== 'ENOENT') throw error; });
    return await judgeInPlace(scratch, { clientId, layout, port });
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function main() {
  const { values, positionals: [parent, clientId] } = parseArgs({
    allowPositionals: true,
    options: { 'in-place': { type: 'boolean' }, layout: { type: 'string', default: 'leveldb' } },
  });
  if (!parent) throw new Error('usage: oracle.mjs PROFILE_PARENT [CLIENT_ID] [--in-place] [--layout sqlite]');
  const server = await serve();
  const ask = values['in-place'] ? judgeInPlace : judge;
  const verdict = await ask(parent, { clientId, layout: values.layout, port: server.port });
  server.close();
  console.log(JSON.stringify(verdict));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main();
  process.exit(0);
}
