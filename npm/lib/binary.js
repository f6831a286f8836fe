// Where the program is: WAKEEP_BINARY, else the package of this platform. It is never downloaded by a script.
'use strict';

const { WakeepError } = require('./error.js');
const { optionalDependencies } = require('../package.json');

/** The path of the wakeep program. Throws a WakeepError `NO_BINARY` where this platform has none. */
function binary() {
  if (process.env.WAKEEP_BINARY) return process.env.WAKEEP_BINARY;
  const platform = `${process.platform}-${process.arch}`;
  try {
    return require.resolve(`@wakeep/${platform}/bin/wakeep`);
  } catch (cause) {
    throw new WakeepError('NO_BINARY', why(platform), { cause });
  }
}

/** Why there is none, and what helps. */
function why(platform) {
  const published = Object.keys(optionalDependencies).map(name => name.replace('@wakeep/', ''));
  const build = 'build wakeep with cargo and name it in WAKEEP_BINARY';
  if (!published.includes(platform)) return `no wakeep program is published for ${platform}, only for ${published.join(', ')}: ${build}`;
  if (!process.report.getReport().header.glibcVersionRuntime) {
    return `the wakeep program for ${platform} needs glibc, and this system has another C library (Alpine?): ${build}`;
  }
  return `the package @wakeep/${platform} isn't installed: npm install wakeep again, without --omit=optional, or name a program in WAKEEP_BINARY`;
}

module.exports = { binary };
