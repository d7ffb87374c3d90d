// Replays a trace in a worker of the app for each line of standard input, which names a policy, and answers each with a
// line of JSON: the misses, and the seconds.
//
// node tests/e2e/bench/replay.js DIST TRACE CAPACITY

import { createInterface } from 'node:readline';
import { chromium } from '@playwright/test';
import { launchOptions } from '../support/chromium.js';
import { serve } from '../support/server.js';
import { BLANK, put, start } from '../support/worker.js';

const [dist, trace, capacity] = process.argv.slice(2);
const server = await serve(dist);
const browser = await chromium.launch(launchOptions);
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  await page.goto(server.address + BLANK);
  // A file that the user chose, as when a trace is dropped on the page: it is never sent through the driver.
  await page.setContent('<input type="file">');
  await page.setInputFiles('input', trace);
  let file = await page.evaluateHandle(() => document.querySelector('input').files[0]);
  const worker = await start(page);
  for await (const policy of createInterface({ input: process.stdin })) {
    // A replay is one long call, and the first of a policy runs to its end in code that the browser has not optimised
    // yet, unlike a simulation, which runs in slices: the median of three is without it.
    const [misses, seconds] = await put(worker, 'replay', policy, Number(capacity), 3, file);
    process.stdout.write(`${JSON.stringify({ misses, seconds })}\n`);
    // The worker keeps the trace.
    file = undefined;
  }
} finally {
  await browser.close();
  await server.close();
}
