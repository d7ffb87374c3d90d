// What the servers are, and how they are set up.

import { expect, test } from '../support/test.js';
import { changing, figures, fragment, open, settled } from '../support/plan.js';

/** Opens the folded section of server settings. */
async function settings(page) {
  const section = page.locator('#section-server');
  await section.locator('summary').click();
  return section;
}

test('another engine brings its own settings, and its link opens elsewhere with the same numbers', async ({
  page,
  browser,
  app,
  watch,
}) => {
  await open(page);
  const section = await settings(page);
  await expect(section.getByRole('textbox', { name: 'Samples', exact: true })).toBeVisible();
  await changing(page, 'cost', () => page.getByLabel('Engine', { exact: true }).selectOption('Memcached 1.6'));
  await expect(section.getByRole('textbox', { name: 'Samples', exact: true })).toBeHidden();
  // At this load the other settings change no figure, which is no reason not to be in the link.
  const before = fragment(page);
  await section.getByLabel('Defaults', { exact: true }).selectOption('Open source');
  await expect(section.getByRole('textbox', { name: 'Growth factor', exact: true })).toHaveValue('1.25');
  await expect.poll(() => fragment(page)).not.toBe(before);
  expect(fragment(page)).toMatch(/^s2\./);
  await settled(page);
  const shown = await figures(page);

  const context = await browser.newContext({ baseURL: app, viewport: { width: 1440, height: 900 } });
  const other = watch(await context.newPage());
  await open(other, fragment(page));
  expect(await figures(other)).toEqual(shown);
  await expect(other.getByLabel('Engine', { exact: true })).toHaveValue('memcached-1.6');
  const defaults = (within) => within.getByLabel('Defaults', { exact: true });
  await expect(defaults(await settings(other))).toHaveValue(await defaults(section).inputValue());
  await context.close();
});

test('a policy under which nothing may go fails stores, says so and offers a way out', async ({ page }) => {
  await open(page);
  await changing(page, 'evictions', async () => {
    await page.getByLabel('Expiry', { exact: true }).selectOption({ index: 0 });
    await page.getByLabel('Eviction', { exact: true }).selectOption('volatile-lru');
  });
  const why = page.getByRole('complementary', { name: 'Why' });
  await expect(why).toContainText('Out of memory');
  await expect(why).toContainText('Under volatile-lru only keys with a TTL are evicted');
  await changing(page, 'hit-rate', () => why.getByRole('button', { name: 'Try allkeys-lru' }).click());
  await expect(why).not.toContainText('Out of memory');
});

test('the accuracy screen shows measured against projected, and the plan is kept', async ({ page }) => {
  await open(page);
  const before = await figures(page);
  await page.getByRole('button', { name: 'Accuracy', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Hit ratio, last half', exact: true })).toBeVisible();
  await expect(page.getByRole('img', { name: 'hit ratio, last half: measured against projected', exact: true })).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'valkey-8.1.1' }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Plan', exact: true }).click();
  expect(await figures(page)).toEqual(before);
});
