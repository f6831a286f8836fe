// What the package offers. Fields of results: docs/json.md of the project.
import { EventEmitter } from 'node:events';

export type Logger = ((line: string) => void) | { info?(line: string): void; warn?(line: string): void; log?(line: string): void };
export type Code =
  | 'FAILED' | 'USAGE' | 'DOUBTFUL' | 'BROKEN' | 'LOGGED_OUT' | 'NOTHING_TO_RESTORE' | 'LEASE_HELD' | 'IN_USE' | 'BUSY'
  | 'INTERRUPTED' | 'NO_BINARY' | 'NO_PEER';

/** Which session is meant, and who hears of it. Without any of it: the one in the current folder. */
export interface Place {
  session?: string;
  archive?: string;
  vault?: string;
  config?: string;
  lang?: 'en' | 'ru';
  cwd?: string;
  logger?: Logger | null;
}

export interface Finding { code: string; path: string | null; detail: string | null }
export interface Check {
  verdict: 'sound' | 'doubtful' | 'broken' | 'missing';
  login: 'paired' | 'logged_out' | 'unknown';
  account: string | null;
  kind: string;
  findings: Finding[];
  path: string;
}
export interface Archived {
  outcome: 'created' | 'unchanged' | 'refused' | 'absent';
  session: string;
  message: string;
  archive?: string;
  bytes?: number;
  generation?: number;
  reason?: string;
  sessions?: Archived[];
}
export interface Restored {
  outcome: 'restored' | 'not_needed' | 'refused' | 'rolled_back' | 'nothing';
  from: string | null;
  backup: string | null;
  message: string;
  reason?: string;
  generation?: number | null;
  sessions?: Restored[];
}

/** An error of the program; `code` is the name of its exit code. */
export class WakeepError extends Error {
  code: Code;
  exitCode: number | null;
  result: unknown;
}

/** Makes or renews the one archive, if the login changed. */
export function createAuthArchive(options?: Place & { force?: boolean; plain?: boolean }): Promise<Archived>;
export function check(options?: Place): Promise<Check>;
export function check(path: string | undefined, options?: Place): Promise<Check>;
export function restoreIfNeeded(options?: Place): Promise<Restored>;
export function event(what: 'ready' | 'logged-out' | 'qr' | 'disconnected', options?: Place & { reason?: string | number }): Promise<unknown>;

export interface Watching extends EventEmitter {
  /** The keeper's process; null while another keeper has the session. */
  readonly pid: number | null;
  stop(): Promise<void>;
}
export function watch(options?: Place & { interval?: string }): Watching;

/** An authentication strategy for whatsapp-web.js: LocalAuth that doesn't lose its login. */
export class WakeepAuth {
  constructor(options?: Place & { clientId?: string; dataPath?: string; rmMaxRetries?: number; interval?: string });
  readonly session: string;
  readonly clientId?: string;
  readonly dataPath: string;
  setup(client: unknown): void;
  beforeBrowserInitialized(): Promise<void>;
  afterBrowserInitialized(): Promise<void>;
  onAuthenticationNeeded(): Promise<{ failed?: boolean; restart?: boolean; failureEventPayload?: unknown }>;
  getAuthEventPayload(): Promise<unknown>;
  afterAuthReady(): Promise<void>;
  disconnect(): Promise<void>;
  destroy(): Promise<void>;
  logout(): Promise<void>;
}

/** A Store for RemoteAuth of whatsapp-web.js. */
export class WakeepStore {
  constructor(options?: Omit<Place, 'session'> & { dataPath?: string });
  sessionExists(options: { session: string }): Promise<boolean>;
  save(options: { session: string }): Promise<void>;
  extract(options: { session: string; path: string }): Promise<void>;
  delete(options: { session: string }): Promise<void>;
}

/** Baileys' multi-file login; `State` is its AuthenticationState. */
export function useWakeepAuthState<State = any>(folder: string, options?: Place & { interval?: string }): Promise<{
  state: State;
  saveCreds(): Promise<void>;
  onConnection(update: object): Promise<void>;
  follow<Socket>(sock: Socket): Socket;
  stop(): Promise<void>;
}>;

/** A pm2 app → the bot's and its keeper's, for `module.exports = { apps }`. */
export function withWakeep<App extends object>(app: App, options?: { keeper?: boolean; env?: Record<string, string> }): object[];
