// The same scenario gives the same report, to the last bit, natively and in a browser's worker.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from './support/test.js';
import { ask, BLANK } from './support/worker.js';

const GOLDEN = new URL('../golden/', import.meta.url);
const scenarios = readdirSync(GOLDEN).filter((name) => name.endsWith('.json'));

test('there are golden scenarios', () => {
  expect(scenarios.length).toBeGreaterThan(0);
});

for (const name of scenarios) {
  test(`golden scenario ${name}`, async ({ page }) => {
    const file = new URL(name, GOLDEN);
    const native = execFileSync(process.env.CACHEPLAN_CLI, ['run', file.pathname, '--json'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    await page.goto(BLANK);
    const { Golden } = await ask(page, { Golden: { scenario_json: readFileSync(file, 'utf8') } });
    expect(Golden.report_json).not.toHaveProperty('Err');
    const here = Golden.report_json.Ok;
    expect(here.length).toBeGreaterThan(1000);
    // Not `toBe`: it would print both reports, and they are long.
    expect(firstDifference(native.trimEnd(), here)).toBeNull();
  });
}

/** Where two texts part, with what surrounds it; null when they are the same. */
function firstDifference(native, browser) {
  if (native === browser) return null;
  let at = 0;
  while (native[at] === browser[at]) at += 1;
  const around = (text) => text.slice(Math.max(0, at - 80), at + 40);
  return { at, native: around(native), browser: around(browser) };
}
