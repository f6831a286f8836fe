// Drives one Chromium for a test: a JSON order a line on stdin, a JSON answer a line on stdout ({"ok":…} or
// {"error":…}). Ends with everything it started when stdin closes.
//
//   {"do":"launch","profile":DIR,"layout":"leveldb"|"sqlite"}   → {"pid"}
//   {"do":"pair","account":"4917000:7","seed":"a"} {"do":"qr","seed":"a"} {"do":"logout"}
//   {"do":"grow","mb":100,"blobs":false,"from":0,"like":"noise"|"prose"} {"do":"cache","mb":40}
//   {"do":"write","kb":2,"ms":50,"keep":200} {"do":"stop"} {"do":"counter"}   → {"completed"}
//   {"do":"everything"}                          what the page reads in the live profile (page/read.js)
//   {"do":"read","profile":DIR,"layout":…}       the same by a fresh Chromium on another profile
//   {"do":"close"} {"do":"sigterm"} {"do":"sigkill"}

import { createInterface } from 'node:readline';
import { Browser } from './browser.mjs';
import { serve } from './page/server.mjs';

const server = await serve();
let live = null;

async function end(how) {
  const browser = live;
  live = null;
  await how(browser);
  return { completed: server.completed() };
}

const ORDERS = {
  async launch({ profile, layout }) {
    if (live) throw new Error('a Chromium runs already');
    live = await Browser.start({ profile, layout, port: server.port });
    return { pid: live.pid };
  },
  async read({ profile, layout }) {
    const fresh = await Browser.start({ profile, layout, port: server.port });
    try {
      return await fresh.call('everything');
    } finally {
      await fresh.close();
    }
  },
  async write(how) {
    server.forget();
    await live.call('start', how);
  },
  stop: async () => ({ completed: await live.call('stop') }),
  counter: async () => ({ completed: server.completed() }),
  close: () => end(browser => browser.close()),
  sigterm: () => end(browser => browser.stop('SIGTERM')),
  sigkill: () => end(browser => browser.stop('SIGKILL')),
};

async function obey(order) {
  const { do: name, ...how } = order;
  if (name in ORDERS) return ORDERS[name](how);
  if (!['pair', 'qr', 'logout', 'grow', 'cache', 'fillLocal', 'everything'].includes(name)) throw new Error(`no such order: ${name}`);
  return live.call(name, how);
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { ok: (await obey(JSON.parse(line))) ?? {} };
  } catch (error) {
    answer = { error: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
if (live) await live.stop('SIGKILL');
server.close();
