// Where the program is: WAKEEP_BINARY, else the package of this platform. It is never downloaded by a script.
'use strict';

const { WakeepError } = require('./error.js');

/** The path of the wakeep program. Throws a WakeepError `NO_BINARY` where this platform has none. */
function binary() {
  if (process.env.WAKEEP_BINARY) return process.env.WAKEEP_BINARY;
  const name = `@wakeep/${process.platform}-${process.arch}`;
  try {
    return require.resolve(`${name}/bin/wakeep`);
  } catch (cause) {
    throw new WakeepError(
      'NO_BINARY',
      `there is no wakeep program for ${process.platform} ${process.arch}: the package ${name} isn't installed. ` +
        'Install without --omit=optional; on a platform for which none is published, build wakeep with cargo and name it in WAKEEP_BINARY',
      { cause },
    );
  }
}

module.exports = { binary };
