// Opening the page, and editing what it opened with.

import { expect, test } from '../support/test.js';
import { changing, figures, fragment, open, TILES } from '../support/plan.js';

test('opening shows a complete answer to a real scenario', async ({ page }) => {
  await open(page);
  const shown = await figures(page);
  for (const tile of TILES) expect(shown[tile], tile).toBeGreaterThanOrEqual(0);
  expect(shown['hit-rate']).toBeGreaterThan(0);
  expect(shown['hit-rate']).toBeLessThanOrEqual(1);
  expect(shown.p99).toBeGreaterThan(0);
  expect(shown.cost).toBeGreaterThan(0);
  await expect(page.getByRole('region', { name: 'Shards' }).getByRole('row')).not.toHaveCount(1);
  await expect(page.locator('canvas').first()).toBeVisible();
});

test('an edit changes the answer and the address, undo brings both back', async ({ page }) => {
  await open(page);
  const before = { figures: await figures(page), link: fragment(page) };
  const keys = page.getByRole('textbox', { name: 'Keys', exact: true });

  await changing(page, 'hit-rate', async () => {
    await keys.fill('40 M');
    await keys.blur();
  });
  const after = await figures(page);
  expect(after['hit-rate']).toBeLessThan(before.figures['hit-rate']);
  await expect.poll(() => fragment(page)).not.toBe(before.link);

  await changing(page, 'hit-rate', () => page.getByRole('button', { name: 'Undo' }).click());
  expect(await figures(page)).toEqual(before.figures);
  await expect.poll(() => fragment(page)).toBe(before.link);

  await changing(page, 'hit-rate', () => page.getByRole('button', { name: 'Redo' }).click());
  expect(await figures(page)).toEqual(after);
});

test('what cannot be understood is said beside the field, and what was there is kept', async ({ page }) => {
  await open(page);
  const before = await figures(page);
  const keys = page.getByRole('textbox', { name: 'Keys', exact: true });
  await keys.fill('plenty');
  await keys.blur();
  await expect(keys).toHaveAttribute('aria-invalid', 'true');
  await expect(keys).toHaveAccessibleDescription(/is kept/);
  expect(await figures(page)).toEqual(before);
});

test('a pinned baseline shows what an edit changed', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Pin baseline' }).click();
  const shards = page.getByRole('textbox', { name: 'Shards', exact: true });
  await changing(page, 'cost', async () => {
    await shards.fill(String(2 * Number(await shards.inputValue())));
    await shards.blur();
  });
  await expect(page.locator('[data-tile="cost"]')).toContainText('worse than the baseline');
});

test('what was open is open again the next time', async ({ page, context, watch }) => {
  await open(page);
  await changing(page, 'hit-rate', async () => {
    await page.getByRole('textbox', { name: 'Keys', exact: true }).fill('40 M');
  });
  const before = await figures(page);
  await page.close();
  const next = watch(await context.newPage());
  await open(next);
  expect(await figures(next)).toEqual(before);
});
