// Says a line in the bot's own log: a winston-, pino- or console-like object, or a function. Without one nothing is said.
'use strict';

/** The phrase of both languages by which archive lines are found, whatever the language. */
const ARCHIVE = 'Архив авторизации / Auth archive: ';

function say(logger, level, line) {
  if (!logger) return;
  if (typeof logger === 'function') logger(line);
  else (logger[level] ?? logger.info ?? logger.log)?.call(logger, line);
}

/** What came of one session or of several, each a line. */
function tell(logger, result) {
  for (const one of result?.sessions ?? [result]) {
    const line = one?.message ?? one?.error;
    const good = !['failed', 'refused', 'rolled_back'].includes(one?.outcome);
    const made = one?.outcome === 'created' || one?.outcome === 'unchanged';
    if (line) say(logger, good ? 'info' : 'warn', made ? ARCHIVE + line : `wakeep: ${line}`);
  }
}

module.exports = { ARCHIVE, say, tell };
