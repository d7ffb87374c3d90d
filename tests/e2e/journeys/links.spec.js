// Links: the same numbers elsewhere, and clear words when one does not open.

import { expect, test } from '../support/test.js';
import { changing, figures, fragment, open } from '../support/plan.js';

test('a copied link opens the same scenario with the same numbers in a fresh profile', async ({
  page,
  context,
  browser,
  app,
  watch,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  await changing(page, 'hit-rate', async () => {
    await page.getByRole('textbox', { name: 'Keys', exact: true }).fill('40 M');
  });
  const before = await figures(page);
  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link.startsWith(`${app}#s1.`)).toBe(true);
  await expect(page.getByRole('region', { name: 'Notices' })).toContainText(String(link.length));

  const elsewhere = await browser.newContext({ baseURL: app, viewport: { width: 1440, height: 900 } });
  const opened = watch(await elsewhere.newPage());
  await opened.goto(link);
  await expect(opened.getByRole('main')).toHaveAttribute('data-run-state', 'done');
  expect(await figures(opened)).toEqual(before);
  expect(fragment(opened)).toBe(new URL(link).hash.slice(1));
  await elsewhere.close();
});

/** Ways in which a link goes wrong: what happens to its fragment, and what the page says. */
const WRONGS = [
  ['cut', (link) => link.slice(0, -7), /is cut/],
  ['damaged', (link) => link.slice(0, 20) + (link[20] === 'A' ? 'B' : 'A') + link.slice(21), /is damaged/],
  ['newer', (link) => link.replace(/^s1\./, 's99.'), /newer version of Cacheplan/],
  ['foreign', () => 'what-is-this', /not a Cacheplan link/],
];

for (const [kind, spoil, words] of WRONGS) {
  test(`a ${kind} link says so and offers a way on`, async ({ page }) => {
    await open(page);
    const spoilt = spoil(fragment(page));
    await page.goto('about:blank');

    await page.goto(`./#${spoilt}`);
    const notices = page.getByRole('region', { name: 'Notices' });
    await expect(notices).toContainText(words);
    // Until the user decides, the address keeps what was asked for, so that nothing is lost by looking.
    expect(fragment(page)).toBe(spoilt);
    await notices.getByRole('button', { name: /Continue with the example|Open my last scenario/ }).first().click();
    await expect.poll(() => fragment(page)).toMatch(/^s1\./);
    expect(fragment(page)).not.toBe(spoilt);
    await expect(page.getByRole('main')).toHaveAttribute('data-run-state', 'done');
  });
}
