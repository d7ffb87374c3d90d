// The Plan screen as a person sees it.

import { expect } from '@playwright/test';

/** Headline figures, by the id of their tile. */
export const TILES = ['hit-rate', 'p99', 'database-saved', 'memory', 'evictions', 'cost', 'objectives'];

/** Opens the app, optionally at a link's fragment, and waits for the complete answer. */
export async function open(page, fragment = '') {
  await page.goto(fragment === '' ? '.' : `./#${fragment}`);
  await settled(page);
}

/** Waits until a run is complete. After an edit, wait for its effect first: it starts a moment later. */
export async function settled(page) {
  await expect(page.getByRole('main')).toHaveAttribute('data-run-state', 'done');
}

/** The headline figures behind what is shown, unrounded. */
export async function figures(page) {
  const values = {};
  for (const tile of TILES) {
    values[tile] = Number(await page.locator(`[data-tile="${tile}"]`).getAttribute('data-value'));
  }
  return values;
}

/** Does something that changes a figure, and waits until the run that it started is complete. */
export async function changing(page, tile, act) {
  const shown = page.locator(`[data-tile="${tile}"]`);
  const before = await shown.getAttribute('data-value');
  await act();
  await expect(shown).not.toHaveAttribute('data-value', before);
  await settled(page);
}

/** What stands after `#` in the address. */
export function fragment(page) {
  return new URL(page.url()).hash.slice(1);
}
