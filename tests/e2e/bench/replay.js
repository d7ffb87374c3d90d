// Replays a trace in a fresh worker of the app for each line of standard input, and answers each with a line of JSON:
// the misses, and the median of the seconds of three replays.
//
// node tests/e2e/bench/replay.js TRACE CAPACITY

import { createInterface } from 'node:readline';
import { chromium } from '@playwright/test';
import { launchOptions } from '../support/chromium.js';
import { serve } from '../support/server.js';
import { ask, BLANK } from '../support/worker.js';

const [trace, capacity] = process.argv.slice(2);
const server = await serve();
const browser = await chromium.launch(launchOptions);
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  await page.goto(server.address + BLANK);
  // A file that the user chose, as when a trace is dropped on the page: it is never sent through the driver.
  await page.setContent('<input type="file">');
  await page.setInputFiles('input', trace);
  const file = await page.evaluateHandle(() => document.querySelector('input').files[0]);
  for await (const _ of createInterface({ input: process.stdin })) {
    const message = { ReplayBench: { capacity: Number(capacity), repeat: 3 } };
    const { ReplayBench } = await ask(page, message, file);
    if (!ReplayBench.Ok) throw new Error(ReplayBench.Err);
    process.stdout.write(`${JSON.stringify(ReplayBench.Ok)}\n`);
  }
} finally {
  await browser.close();
  await server.close();
}
