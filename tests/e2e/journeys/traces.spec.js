// A recorded trace as the workload.

import { expect, test } from '../support/test.js';
import { changing, figures, open, settled } from '../support/plan.js';
import { drop, trace } from '../support/traces.js';

const dropped = trace();

test(`dropping ${dropped.title} shows its hit rate`, async ({ page }) => {
  await open(page);
  const before = await figures(page);
  await changing(page, 'hit-rate', () => drop(page, dropped.file));
  const bar = page.locator('[data-trace-state="ready"]');
  await expect(bar).toContainText('Replaying');
  await settled(page);
  const after = await figures(page);
  expect(after['hit-rate']).not.toBe(before['hit-rate']);
  // Each object misses at least once; nothing of the traces here is written without being read.
  expect(after['hit-rate']).toBeGreaterThan(0.1);
  expect(after['hit-rate']).toBeLessThan(1);
});

test('a file that is no trace is refused in words, and the scenario is kept', async ({ page }) => {
  await open(page);
  const before = await figures(page);
  await drop(page, { name: 'picture.png', mimeType: 'image/png', buffer: Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]) });
  await expect(page.locator('[data-trace-state="failed"]')).toContainText('picture.png was not read');
  expect(await figures(page)).toEqual(before);
});
