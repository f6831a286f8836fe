// For `import`: the same functions and classes as index.js has.
import wakeep from './index.js';

export const {
  WakeepAuth, WakeepError, WakeepStore, check, createAuthArchive, event, restoreIfNeeded, useWakeepAuthState, watch, withWakeep,
} = wakeep;
export default wakeep;
