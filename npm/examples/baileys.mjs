// A Baileys bot that doesn't lose its login.
import makeWASocket, { DisconnectReason } from 'baileys';
import { useWakeepAuthState } from 'wakeep';

const login = await useWakeepAuthState(process.env.AUTH_FOLDER ?? 'auth', { logger: console });
let ending = false;

function connect() {
  // `follow` saves the credentials and tells wakeep what the connection says.
  const sock = login.follow(makeWASocket({ auth: login.state, ...JSON.parse(process.env.SOCKET_OPTIONS ?? '{}') }));
  sock.ev.on('connection.update', ({ connection, lastDisconnect, qr }) => {
    if (qr) console.log('qr: scan it once');
    if (connection) console.log(connection);
    // 515 (restart required) comes after every pairing and is no logout; 401 is one.
    const code = lastDisconnect?.error?.output?.statusCode;
    if (connection === 'close' && code !== DisconnectReason.loggedOut && !ending) setTimeout(connect, 5000);
  });
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    ending = true;
    await login.stop();
    process.exit(0);
  });
}

connect();
