// Whether a browser has a profile. A second one would end the login of both.
'use strict';

const { readFileSync, readlinkSync } = require('node:fs');
const { hostname } = require('node:os');
const { join } = require('node:path');
const { WakeepError } = require('./error.js');

/**
 * Whether a Chromium of this host has the profile: its SingletonLock points to `host-pid`, and stays when it is killed. By
 * then the number may be another process's, as in every container that is started anew: a browser names its profile.
 */
function browserLives(profile) {
  try {
    const [, host, pid] = /^(.*)-(\d+)$/.exec(readlinkSync(join(profile, 'SingletonLock')));
    if (host !== hostname()) return false;
    process.kill(Number(pid), 0);
    // Ended by what no name goes on with: session isn't session-b.
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(profile);
    return words.slice(1).some(rest => /^(\/|\0|\s|$)/.test(rest));
  } catch (error) {
    // Another user's process, or one that doesn't say what it is.
    return ['EPERM', 'EACCES'].includes(error.code);
  }
}

/** Throws a WakeepError `IN_USE` where a browser has the profile. */
function requireIdle(profile) {
  if (browserLives(profile)) throw new WakeepError('IN_USE', `another browser has ${profile}: stop its bot first`, { exitCode: 12 });
}

module.exports = { browserLives, requireIdle };
