// Looks at wakeep's page in Chromium: node dashboard.mjs URL CARDS. In both languages, both themes, on a phone and on a
// desk: no error, nothing wider than the screen, nothing axe objects to, as many cards as there must be; the filter narrows.
// WAKEEP_SHOTS=DIR keeps what was seen, for people to look at.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

const [url, cards] = [process.argv[2], Number(process.argv[3])];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await puppeteer.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox', '--disable-gpu'] });
const wrong = [];
for (const lang of ['en', 'ru']) {
  for (const theme of ['light', 'dark']) {
    for (const width of [360, 1280]) {
      const page = await browser.newPage();
      const where = `${lang} ${theme} ${width}`;
      page.on('pageerror', e => wrong.push(`${where}: ${e.message}`));
      page.on('console', m => m.type() === 'error' && wrong.push(`${where}: ${m.text()}`));
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
      await page.evaluateOnNewDocument(l => localStorage.setItem('lang', l), lang);
      await page.goto(url);
      await page.waitForFunction(n => document.querySelectorAll('.card').length === n, { timeout: 60000 }, cards);
      const shown = await page.evaluate(() => [document.documentElement.lang, document.documentElement.scrollWidth > innerWidth]);
      if (shown[0] !== lang || shown[1]) wrong.push(`${where}: ${shown}`);
      if (cards < 10) {
        // The first as people do it, on a phone then all of them; twice is enough.
        await page.click('.card summary');
        const opened = width === 360 && (lang === 'en') === (theme === 'light') ? cards : 1;
        await page.$$eval('.card', (all, n) => all.slice(0, n).forEach(card => { card.open = true; }), opened);
        await page.waitForFunction(n => document.querySelectorAll('.depth:has(.wrong .back)').length >= n, { timeout: 120000 }, opened);
        // The page's own policy forbids strangers' scripts; the driver's evaluation isn't one.
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run());
        for (const v of violations) wrong.push(`${where}: ${v.id}: ${v.nodes.map(n => n.html).slice(0, 2)}`);
      } else {
        await page.type('#filter', 'session-77');
        const left = await page.$$eval('.card', all => all.filter(c => !c.hidden).length);
        if (left < 1 || left > 20) wrong.push(`${where}: the filter leaves ${left}`);
      }
      if (process.env.WAKEEP_SHOTS) {
        // Cards beyond the screen aren't drawn otherwise.
        await page.$$eval('.card', all => all.forEach(card => { card.style.contentVisibility = 'visible'; }));
        await page.screenshot({ path: join(process.env.WAKEEP_SHOTS, `${where.replaceAll(' ', '-')}.png`), fullPage: true });
      }
      await page.close();
      if (cards > 10) { if (lang === 'en') break; }
    }
    if (cards > 10) break;
  }
  if (cards > 10) break;
}
await browser.close();
console.log(JSON.stringify(wrong));
process.exit(wrong.length ? 1 : 0);
