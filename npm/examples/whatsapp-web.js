// A whatsapp-web.js bot that doesn't lose its login: two things differ from yours, authStrategy and how it ends.
'use strict';

const { Client } = require('whatsapp-web.js');
const { WakeepAuth, createAuthArchive } = require('wakeep');

// Left to itself Puppeteer kills the browser at these signals, and with it the last seconds of the login.
const SIGNALS = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
const { puppeteer, ...options } = JSON.parse(process.env.CLIENT_OPTIONS ?? '{}');

const client = new Client({
  authStrategy: new WakeepAuth({ logger: console }),
  ...options,
  puppeteer: { ...puppeteer, ...SIGNALS },
});

client.on('qr', () => console.log('qr: scan it once'));
client.on('ready', async () => {
  console.log('ready');
  // Not needed, since WakeepAuth keeps by itself; for moments of your own, such as before a deployment.
  await createAuthArchive({ session: client.authStrategy.session, logger: console });
});

// The browser must close before the process ends: what it keeps in Local Storage reaches the disk seconds later.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    await client.destroy();
    process.exit(0);
  });
}

client.initialize().catch(error => {
  // Another browser has the profile (IN_USE), or another machine runs the bot (LEASE_HELD): its supervisor tries again.
  console.error(error.message);
  process.exit(1);
});
