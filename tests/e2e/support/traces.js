// Traces to drop on the page.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const REAL = fileURLToPath(new URL('../../../../shared/traces/twitter_cluster52_1m.oracleGeneral.zst', import.meta.url));

/**
 * A trace for `setInputFiles`, with what is in it: a real one when the folder of real traces lies beside the
 * repository, else a small one made here.
 */
export function trace() {
  if (existsSync(REAL)) {
    return { title: 'a real trace', file: REAL, requests: 1_000_000, objects: 143_542 };
  }
  const rows = [];
  const seen = new Set();
  let state = 1;
  for (let request = 0; request < 20_000; request += 1) {
    // Park and Miller's generator; squaring makes low numbers popular.
    state = (state * 48_271) % 2_147_483_647;
    const key = Math.floor((state / 2_147_483_647) ** 2 * 2_000);
    seen.add(key);
    // Twitter's form: second, key, key size, value size, client, operation, TTL.
    rows.push(`${Math.floor(request / 100)},key${key},16,${200 + (key % 300)},1,get,0`);
  }
  const file = { name: 'generated.csv', mimeType: 'text/csv', buffer: Buffer.from(`${rows.join('\n')}\n`) };
  return {
    title: 'a generated trace, for ../shared/traces is not there',
    file,
    requests: rows.length,
    objects: seen.size,
  };
}

/** Drops a file on the page, as from a file manager. */
export async function drop(page, file) {
  await page.evaluate(() => {
    const input = document.createElement('input');
    input.type = 'file';
    input.id = 'dropped';
    input.hidden = true;
    document.body.append(input);
  });
  await page.setInputFiles('#dropped', file);
  await page.evaluate(() => {
    const input = document.getElementById('dropped');
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(input.files[0]);
    input.remove();
    for (const type of ['dragenter', 'dragover', 'drop']) {
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }
  });
}
