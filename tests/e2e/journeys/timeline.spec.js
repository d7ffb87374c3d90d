// What happens during a run: added in the editor, marked on the charts, listed, counted, and carried by the link.

import { expect, test } from '../support/test.js';
import { changing, figures, fragment, open } from '../support/plan.js';

/** Opens a folded section of the editor. */
async function unfold(page, section) {
  await page.locator(`#section-${section} > summary`).click();
  return page.locator(`#section-${section}`);
}

test('a node that fails is marked, listed and counted, and a link carries it with the guard', async ({
  page,
  browser,
  app,
  watch,
}) => {
  await open(page);
  const client = await unfold(page, 'client');
  await client.getByRole('combobox', { name: 'Stampede guard' }).selectOption('Lock in the cache');
  await expect(client.getByRole('textbox', { name: 'Look again' })).toHaveValue('50 ms');

  const timeline = await unfold(page, 'timeline');
  await changing(page, 'hit-rate', () => timeline.getByRole('button', { name: 'Add' }).click());
  await expect(timeline.getByRole('combobox', { name: 'What', exact: true })).toHaveValue('3');
  await expect(page.locator('[data-chart="hit-rate"] [data-label="Node failure"]')).toHaveCount(1);
  const log = page.locator('[data-table="log"]');
  await expect(log).toContainText('Node failure');
  await expect(log).toContainText('A replica of shard 1 takes over');
  await expect(page.locator('[data-table="alarms"]')).toContainText('Nobody answers for shard 1');
  await expect(page.locator('[data-table="objectives"]')).toContainText('shard 1, the longest of 1');
  await expect(page.locator('[data-table="outcomes"]')).toContainText('Reads that found no node');

  const before = await figures(page);
  const elsewhere = await browser.newContext({ baseURL: app, viewport: { width: 1440, height: 900 } });
  const opened = watch(await elsewhere.newPage());
  await opened.goto(`./#${fragment(page)}`);
  await expect(opened.getByRole('main')).toHaveAttribute('data-run-state', 'done');
  expect(await figures(opened)).toEqual(before);
  await expect(opened.locator('[data-table="log"]')).toContainText('Node failure');
  await elsewhere.close();

  // Removed and taken back.
  await timeline.getByRole('button', { name: 'Remove' }).click();
  await expect(log).toBeHidden();
  await page.keyboard.press('Control+z');
  await expect(log).toContainText('Node failure');
});
