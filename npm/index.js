// The package's one source of truth; index.mjs is the same for `import`. Loads neither whatsapp-web.js nor baileys.
'use strict';

const { WakeepError } = require('./lib/error.js');
const { createAuthArchive, check, restoreIfNeeded, event } = require('./lib/verbs.js');
const { watch } = require('./lib/watch.js');
const { withWakeep } = require('./lib/ecosystem.js');
const { WakeepAuth } = require('./lib/wakeep-auth.js');
const { WakeepStore } = require('./lib/wakeep-store.js');
const { useWakeepAuthState } = require('./lib/baileys.js');

module.exports = {
  WakeepAuth, WakeepError, WakeepStore, check, createAuthArchive, event, restoreIfNeeded, useWakeepAuthState, watch, withWakeep,
};
