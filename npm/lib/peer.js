// The bot's own whatsapp-web.js or baileys: found from here, as npm lays packages out, or from where the bot runs (pnpm, npm link).
'use strict';

const { createRequire } = require('node:module');
const { join } = require('node:path');
const { WakeepError } = require('./error.js');

function resolvePeer(name) {
  const places = [__filename, require.main?.filename, join(process.cwd(), 'package.json')].filter(Boolean);
  for (const place of places) {
    try {
      return createRequire(place).resolve(name);
    } catch {
      // The next place may have it.
    }
  }
  throw new WakeepError('NO_PEER', `${name} isn't installed here: npm install ${name}`);
}

module.exports = { resolvePeer };
