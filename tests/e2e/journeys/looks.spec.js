// Accessibility in both themes, on a desk and on a phone; and widths from the smallest to the largest.

import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '../support/test.js';
import { open } from '../support/plan.js';

const WIDTHS = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/** What axe finds against WCAG 2.2 A and AA and its best practices, in short. */
async function violations(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html.slice(0, 160)) }));
}

for (const colorScheme of ['light', 'dark']) {
  for (const [place, viewport] of Object.entries(WIDTHS)) {
    test.describe(`${colorScheme} on a ${place}`, () => {
      test.use({ colorScheme, viewport });

      test('has no accessibility violation', async ({ page }) => {
        await open(page);
        expect(await violations(page)).toEqual([]);
      });

      test('has none in its panels', async ({ page }) => {
        await open(page);
        if (place === 'phone') {
          await page.getByRole('button', { name: 'Edit scenario' }).click();
          await expect(page.getByRole('dialog', { name: 'Scenario' })).toBeVisible();
        } else {
          await page.getByRole('button', { name: 'Share' }).click();
        }
        expect(await violations(page)).toEqual([]);
      });

      test('has none on the accuracy screen', async ({ page }) => {
        await open(page);
        await page.getByRole('button', { name: 'Accuracy', exact: true }).click();
        await expect(page.getByRole('heading', { name: 'Accuracy' })).toBeVisible();
        await expect(page.getByRole('table').first()).toBeVisible();
        expect(await violations(page)).toEqual([]);
      });
    });
  }
}

for (const width of [360, 390, 720, 1024, 1440, 2560]) {
  test(`nothing is cut off at ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    await open(page);
    const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(excess).toBeLessThanOrEqual(0);
  });
}

test('the theme switch goes through the themes and is remembered', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  const name = /^Theme: /;
  await page.getByRole('button', { name }).click();
  await page.getByRole('button', { name: 'Theme: light' }).click();
  await expect(page.getByRole('button', { name: 'Theme: dark' })).toBeVisible();
  expect(await background()).not.toBe(light);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Theme: dark' })).toBeVisible();
  expect(await background()).not.toBe(light);
});
