// A whatsapp-web.js bot that doesn't lose its login: the only line that differs from yours is authStrategy.
'use strict';

const { Client } = require('whatsapp-web.js');
const { WakeepAuth, createAuthArchive } = require('wakeep');

const client = new Client({
  authStrategy: new WakeepAuth({ logger: console }),
  ...JSON.parse(process.env.CLIENT_OPTIONS ?? '{}'),
});

client.on('qr', () => console.log('qr: scan it once'));
client.on('ready', async () => {
  console.log('ready');
  // Not needed, since WakeepAuth keeps by itself; for moments of your own, such as before a deployment.
  await createAuthArchive({ session: client.authStrategy.session, logger: console });
});

// The browser must close before the process ends: what it keeps in Local Storage reaches the disk seconds later.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await client.destroy();
    process.exit(0);
  });
}

client.initialize();
