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

test('a trace that was read is replayed again after undo and redo, and by the worker that replaces a crashed one', async ({ page }) => {
  const started = [];
  page.on('worker', (worker) => started.push(new URL(worker.url()).pathname.split('/').pop()));
  await open(page);
  await changing(page, 'hit-rate', () => drop(page, dropped.file));
  const replayed = await figures(page);
  expect(started).toEqual(['worker_loader.js', 'files_loader.js']);

  await changing(page, 'hit-rate', () => page.getByRole('button', { name: 'Undo' }).first().click());
  await changing(page, 'hit-rate', () => page.getByRole('button', { name: 'Redo' }).click());
  expect(await figures(page)).toEqual(replayed);

  // The worker for files is gone: there is nothing to do for it.
  const [simulator, ...others] = page.workers();
  expect(others).toEqual([]);
  const replaced = page.waitForEvent('worker');
  await simulator.evaluate(() => void setTimeout(() => { throw new Error('a crash for a test'); }));
  await replaced;
  await changing(page, 'hit-rate', () => page.getByRole('button', { name: 'Undo' }).first().click());
  await changing(page, 'hit-rate', () => page.getByRole('button', { name: 'Redo' }).click());
  expect(await figures(page)).toEqual(replayed);
  expect(started).toEqual(['worker_loader.js', 'files_loader.js', 'worker_loader.js']);
});

test('reading a trace can be cancelled, and its worker ends', async ({ page }) => {
  await open(page);
  const before = await figures(page);
  // Too large to be sent through the driver, and to be read before the button is found.
  await page.evaluate(() => {
    const rows = Array.from({ length: 50_000 }, (_, row) => `${row},key${row % 997},16,200,1,get,0\n`).join('');
    const file = new File(Array(300).fill(rows), 'large.csv');
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(file);
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  const bar = page.locator('[data-trace-state="reading"]');
  await expect(bar).toContainText(/Reading large.csv [1-9]\d? %/);
  expect(page.workers()).toHaveLength(2);
  await bar.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.locator('[data-trace-state="none"]')).toBeVisible();
  await expect.poll(() => page.workers().length).toBe(1);
  expect(await figures(page)).toEqual(before);
});

test('a file that is no trace is refused in words, and the scenario is kept', async ({ page }) => {
  await open(page);
  const before = await figures(page);
  await drop(page, { name: 'picture.png', mimeType: 'image/png', buffer: Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]) });
  await expect(page.locator('[data-trace-state="failed"]')).toContainText('picture.png was not read');
  expect(await figures(page)).toEqual(before);
});
