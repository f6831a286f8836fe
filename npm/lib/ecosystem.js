// pm2's ecosystem file: the bot stays pm2's own process, its login is back before its first line, a keeper runs beside it.
'use strict';

const { binary } = require('./binary.js');
const { WakeepError } = require('./error.js');

/** The bot's browser needs this long to close: what it keeps in Local Storage reaches the disk seconds later. */
const BOT_MS = 15_000;
/** Longer than `last_archive_wait`: the keeper waits for the bot to let go, then archives once more. */
const KEEPER_MS = 60_000;
/** How long until a keeper that ended is tried again: where another keeps the session already, that is for months. */
const KEEPER_AGAIN_MS = 60_000;

/**
 * A pm2 app → the apps for `module.exports = { apps }`: the bot and, unless `keeper: false`, its keeper. `session` (a path)
 * or `only` (a name) say which session is this bot's where several have theirs in one folder.
 */
function withWakeep(app, { keeper = true, env: given = {}, session, only } = {}) {
  // What the app's own environment says to the program holds for its keeper, too: both must mean the same session.
  const said = Object.fromEntries(Object.entries(app.env ?? {}).filter(([name]) => name.startsWith('WAKEEP_')));
  const env = { ...said, ...given, ...(session && { WAKEEP_SESSION: session }), ...(only && { WAKEEP_ONLY: only }) };
  if (app.interpreter && !/(^|\/)node(js)?$/.test(app.interpreter)) {
    throw new WakeepError('USAGE', `withWakeep is for Node apps, and the interpreter of ${app.name} is ${app.interpreter}`);
  }
  const flags = [app.node_args ?? app.nodeArgs ?? app.interpreter_args ?? []].flat().flatMap(each => String(each).split(/\s+/)).filter(Boolean);
  const bot = {
    // Two processes on one profile lose the login of both.
    instances: 1,
    exec_mode: 'fork',
    // A bot that asks for a QR code isn't helped by being started again and again.
    exp_backoff_restart_delay: 1000,
    ...app,
    node_args: [...flags, '-r', require.resolve('../register.js')],
    kill_timeout: Math.max(app.kill_timeout ?? 0, BOT_MS),
    // At this WakeepAuth and useWakeepAuthState start no keeper where the one beside has their session.
    env: { ...app.env, ...env, ...(keeper && { WAKEEP_KEEPER: 'beside' }) },
  };
  if (!keeper) return [bot];
  const beside = {
    name: `${app.name ?? 'bot'}-wakeep`,
    script: binary(),
    args: 'watch',
    interpreter: 'none',
    kill_timeout: KEEPER_MS,
    restart_delay: KEEPER_AGAIN_MS,
    env,
  };
  return [bot, app.cwd ? { ...beside, cwd: app.cwd } : beside];
}

module.exports = { withWakeep };
