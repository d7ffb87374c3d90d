// The pictures of docs/screenshots, taken by `cargo xtask screenshots`.

import { fileURLToPath } from 'node:url';
import { test } from './support/test.js';
import { open } from './support/plan.js';

const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
const VIEWPORTS = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

for (const colorScheme of ['light', 'dark']) {
  for (const viewport of VIEWPORTS) {
    test.describe(`${viewport.width} px, ${colorScheme}`, () => {
      test.use({ colorScheme, viewport });

      test('Plan', async ({ page }) => {
        await open(page);
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({ path: `${FOLDER}plan-${viewport.width}-${colorScheme}.png`, animations: 'disabled' });
      });
    });
  }
}
