// For `import`: the same as index.d.ts, and all of it as the default export, as index.mjs has it.
import * as wakeep from './index.js';

export * from './index.js';
export default wakeep;
