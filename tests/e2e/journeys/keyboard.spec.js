// All of it without a mouse.

import { expect, test } from '../support/test.js';
import { changing, figures, open } from '../support/plan.js';

test('the Tab key reaches everything, visibly and by name, and gets out again', async ({ page }) => {
  await open(page);
  const stops = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      const label = element.labels?.[0]?.textContent;
      return {
        what: element.outerHTML.slice(0, 120),
        name: element.getAttribute('aria-label') ?? label ?? element.textContent,
        marked: style.outlineStyle !== 'none' || style.boxShadow !== 'none',
        seen: box.width > 0 && box.height > 0,
      };
    });
    if (stop === null) break;
    stops.push(stop);
    expect(stops.length, 'the focus goes round in the page').toBeLessThan(400);
  }
  expect(stops.length).toBeGreaterThan(20);
  expect(stops.filter((stop) => !stop.name?.trim())).toEqual([]);
  expect(stops.filter((stop) => !stop.seen)).toEqual([]);
  expect(stops.filter((stop) => !stop.marked)).toEqual([]);
});

test('the first stop leads past the editor to the answer', async ({ page }) => {
  await open(page);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the answer' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#answer')).toBeFocused();
});

test('editing, undo, redo and sharing work from the keyboard', async ({ page }) => {
  await open(page);
  const before = await figures(page);
  const keys = page.getByRole('textbox', { name: 'Keys', exact: true });
  while (!(await keys.evaluate((field) => field === document.activeElement))) await page.keyboard.press('Tab');

  await changing(page, 'hit-rate', async () => {
    await page.keyboard.press('Control+A');
    await page.keyboard.type('40 M');
    await page.keyboard.press('Enter');
  });
  const after = await figures(page);
  await changing(page, 'hit-rate', () => page.keyboard.press('Control+Z'));
  expect(await figures(page)).toEqual(before);
  await changing(page, 'hit-rate', () => page.keyboard.press('Control+Shift+Z'));
  expect(await figures(page)).toEqual(after);

  await page.keyboard.press('Control+S');
  await expect(page.getByRole('textbox', { name: 'Link' })).toBeVisible();
});

test('a panel opened from the keyboard closes with Escape and gives the focus back', async ({ page }) => {
  await open(page);
  const share = page.getByRole('button', { name: 'Share' });
  await share.focus();
  await page.keyboard.press('Enter');
  const copy = page.getByRole('button', { name: 'Copy link' });
  await expect(copy).toBeVisible();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Escape');
  await expect(copy).toBeHidden();
  await expect(share).toBeFocused();
});
