// A real Chromium on the page: start it on a profile, speak to the page, stop it in every way a bot's browser stops.

import { access } from 'node:fs/promises';
import { appendFileSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

export const EXECUTABLE = process.env.WAKEEP_TEST_CHROMIUM ?? '/usr/bin/chromium';

const SQLITE_LAYOUT = '--enable-features=IdbSqliteOnDiskRollout:stage/UseSqliteForNewStores,DomStorageSqlite';

/** The flags that make the page `https://web.whatsapp.com` and keep Chromium off the network. */
export function flags(port, layout = 'leveldb') {
  return [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--ignore-certificate-errors',
    '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
    `--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:${port}, MAP * ~NOTFOUND`,
    ...(layout === 'sqlite' ? [SQLITE_LAYOUT] : []),
  ];
}

/** Notes that a real part was used, for the count at the end of a test run. */
export function used(part) {
  const list = process.env.WAKEEP_TEST_PARTS;
  if (list) appendFileSync(list, `${part}\n`);
}

export class Browser {
  /** Starts Chromium on a profile and opens the page, which then waits for orders. */
  static async start({ profile, port, layout }) {
    await access(EXECUTABLE).catch(() => { throw new Error(`there is no Chromium at ${EXECUTABLE}: apt-get install chromium`); });
    const browser = await puppeteer.launch({
      executablePath: EXECUTABLE, headless: true, userDataDir: profile, args: flags(port, layout),
      handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false, protocolTimeout: 900_000, timeout: 120_000,
    });
    used('chromium');
    const self = new Browser(browser);
    try {
      await self.open();
    } catch (error) {
      await self.stop('SIGKILL');
      throw error;
    }
    return self;
  }

  constructor(browser) {
    this.browser = browser;
    this.process = browser.process();
    this.gone = new Promise(resolve => this.process.once('exit', resolve));
  }

  get pid() {
    return this.process.pid;
  }

  async open() {
    this.tab = (await this.browser.pages())[0] ?? await this.browser.newPage();
    await this.tab.goto('https://web.whatsapp.com/?drive', { waitUntil: 'load', timeout: 120_000 });
    await this.tab.waitForFunction('window.pageReady === true', { timeout: 120_000 });
  }

  /** Calls `window.page[name](argument)` and returns what it returns. */
  call(name, argument) {
    return this.tab.evaluate((n, a) => window.page[n](a), name, argument);
  }

  /** Closes it as a bot's `client.destroy()` does. */
  async close() {
    await this.browser.close();
    await this.gone;
  }

  /** Ends it by a signal: SIGTERM to the browser as systemd would, SIGKILL to all its processes. */
  async stop(signal) {
    const all = signal === 'SIGKILL';
    try {
      process.kill(all ? -this.pid : this.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
    await this.gone;
  }
}
