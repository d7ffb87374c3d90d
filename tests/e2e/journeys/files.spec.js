// The scenario as a file.

import { readFileSync } from 'node:fs';
import { expect, test } from '../support/test.js';
import { changing, figures, open } from '../support/plan.js';
import { drop } from '../support/traces.js';

test('what reads and writes files is loaded with the first one, and again with the next', async ({ page, context }) => {
  const loaded = [];
  context.on('request', (request) => {
    const name = new URL(request.url()).pathname.split('/').pop();
    if (name.startsWith('files')) loaded.push(name);
  });
  await open(page);
  expect(loaded).toEqual([]);

  const drops = async (text) => {
    await drop(page, { name: 'scenario.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await expect(page.getByText('“scenario.json” was not opened')).toContainText('not valid JSON');
    await page.getByRole('button', { name: 'Dismiss' }).click();
  };
  await drops('{');
  expect(loaded.toSorted()).toEqual(['files.js', 'files_bg.wasm', 'files_loader.js']);
  await drops('{"version": 1');
});

for (const [title, script, said] of [
  // The greeting of another build; see `FromWorker::Ready`.
  ['is of another version', 'postMessage([new Uint8Array([0, 1, 98])])', 'the page and its workers are of different versions'],
  ['does not start', 'throw new Error("broken for a test")', 'broken for a test'],
]) {
  test(`when what reads files ${title}, the page says so, and the scenario is kept`, async ({ page, context }) => {
    await context.route('**/files_loader.js', (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
    await open(page);
    const before = await figures(page);
    await drop(page, { name: 'scenario.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
    const notice = page.getByText('“scenario.json” was not opened');
    await expect(notice).toContainText(said);
    await expect(notice).toContainText('The scenario is unchanged');
    expect(await figures(page)).toEqual(before);
  });
}

test('an exported file brings the scenario back', async ({ page }) => {
  await open(page);
  await changing(page, 'hit-rate', async () => {
    await page.getByRole('textbox', { name: 'Keys', exact: true }).fill('40 M');
  });
  const before = await figures(page);
  await page.getByRole('button', { name: 'Share' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export JSON' }).click();
  const file = await (await download).path();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveProperty('workload');
  await page.keyboard.press('Escape');
  await changing(page, 'hit-rate', () => page.getByRole('button', { name: 'Undo' }).click());

  await changing(page, 'hit-rate', () =>
    drop(page, { name: 'scenario.json', mimeType: 'application/json', buffer: readFileSync(file) }),
  );
  expect(await figures(page)).toEqual(before);
});
