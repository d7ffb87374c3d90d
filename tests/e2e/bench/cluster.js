// Simulates the scenarios of tests/bench natively and in a worker of the app, in turn, and prints as JSON for each what
// was simulated and the seconds that it took each time: natively those of the whole program, in the browser those from
// the page's question to the worker's answer.
//
// node tests/e2e/bench/cluster.js DIST ROUNDS

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { launchOptions } from '../support/chromium.js';
import { serve } from '../support/server.js';
import { BLANK, seconds, start } from '../support/worker.js';

const FOLDER = fileURLToPath(new URL('../../bench/', import.meta.url));

/** What is simulated, and with what budget of requests or memory a node where it is not the scenario's own. */
const RUNS = [
  { title: 'full system', file: 'full-system.json' },
  // Too small for its keys: it misses its objectives, and every sixth request evicts a key.
  { title: 'full system, undersized', file: 'full-system.json', maxmemory: 48 * 2 ** 20 },
  { title: 'day of 500 M keys, coarse', file: 'large-day.json', budget: 100_000 },
  { title: 'day of 500 M keys, refined', file: 'large-day.json' },
];

const [dist, rounds] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'cacheplan-bench-'));
const server = await serve(dist);
const browser = await chromium.launch(launchOptions);
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  await page.goto(server.address + BLANK);
  const worker = await start(page);
  const rows = [];
  for (const { title, file, budget, maxmemory } of RUNS) {
    const scenario = JSON.parse(readFileSync(FOLDER + file));
    if (budget) scenario.run.request_budget = budget;
    if (maxmemory) scenario.cluster.maxmemory_bytes = maxmemory;
    const text = JSON.stringify(scenario);
    const written = join(folder, 'scenario.json');
    writeFileSync(written, text);
    const bytes = execFileSync(process.env.CACHEPLAN_WIRE, ['scenario'], { input: text });
    const row = { title, native: [], browser: [] };
    for (let round = 0; round < Number(rounds); round += 1) {
      const began = performance.now();
      const report = JSON.parse(execFileSync(process.env.CACHEPLAN_CLI, ['run', written, '--json'], { maxBuffer: 2 ** 28 }));
      row.native.push((performance.now() - began) / 1e3);
      row.browser.push(await seconds(worker, 'golden', bytes));
      const { hits, ...counts } = report.summary.counts;
      const misses = Object.keys(counts).filter((name) => name.startsWith('misses_'));
      row.requests = report.sampling.requests;
      row.evictions = counts.evictions / (counts.reads + counts.writes);
      row.hit_ratio = hits / misses.reduce((sum, name) => sum + counts[name], hits);
      row.error = report.sampling.hit_ratio_error;
    }
    rows.push(row);
  }
  process.stdout.write(JSON.stringify(rows));
} finally {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
}
