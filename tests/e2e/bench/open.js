// Opens the page again and again in one profile, and prints as JSON how many milliseconds after the start of the
// navigation the first complete answer was there each time. The first opening fills the cache and does not count.
//
// node tests/e2e/bench/open.js TIMES

import { chromium } from '@playwright/test';
import { launchOptions } from '../support/chromium.js';
import { serve } from '../support/server.js';

/** The performance mark that the page sets when it first shows a complete report. */
const MARK = 'cacheplan:first-answer';

const times = Number(process.argv[2]);
const server = await serve();
const browser = await chromium.launch(launchOptions);
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const measured = [];
  for (let opening = 0; opening <= times; opening += 1) {
    const page = await context.newPage();
    await page.goto(server.address, { waitUntil: 'commit' });
    await page.waitForFunction((mark) => performance.getEntriesByName(mark).length > 0, MARK, { timeout: 60_000 });
    measured.push(await page.evaluate((mark) => performance.getEntriesByName(mark)[0].startTime, MARK));
    await page.close();
  }
  process.stdout.write(JSON.stringify(measured.slice(1)));
} finally {
  await browser.close();
  await server.close();
}
