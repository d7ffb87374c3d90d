// The same scenario gives the same report, to the last bit, natively and in a browser's worker.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from './support/test.js';
import { ask, BLANK } from './support/worker.js';

const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));
const scenarios = readdirSync(GOLDEN).filter((name) => name.endsWith('.json') && !name.endsWith('.expected.json'));

test('there are golden scenarios', () => {
  expect(scenarios.length).toBeGreaterThan(0);
});

for (const name of scenarios) {
  test(`golden scenario ${name}`, async ({ page }) => {
    const file = GOLDEN + name;
    const native = run(process.env.CACHEPLAN_CLI, ['run', file, '--json']).toString();
    const scenario = run(process.env.CACHEPLAN_WIRE, ['scenario'], readFileSync(file));
    await page.goto(BLANK);
    const [report] = await ask(page, 'golden', scenario);
    // Bytes carry every bit, and so does JSON, which people can read.
    const browser = run(process.env.CACHEPLAN_WIRE, ['report'], report).toString();
    expect(browser.length).toBeGreaterThan(1000);
    // Not `toBe`: it would print both reports, and they are long.
    expect(firstDifference(compact(native), compact(browser))).toBeNull();
  });
}

/** What a native program prints. */
function run(program, args, input) {
  return execFileSync(program, args, { input, maxBuffer: 2 ** 28 });
}

/** JSON without white space between its parts; every number stays as it was written. */
function compact(json) {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
}

/** Where two texts part, with what surrounds it; null when they are the same. */
function firstDifference(native, browser) {
  if (native === browser) return null;
  let at = 0;
  while (native[at] === browser[at]) at += 1;
  const around = (text) => text.slice(Math.max(0, at - 80), at + 40);
  return { at, native: around(native), browser: around(browser) };
}
