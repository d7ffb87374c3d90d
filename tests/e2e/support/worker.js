// Talks to the app's worker as the page does; see src/worker/messages.rs.

/**
 * Starts a worker of the app in a page of its origin.
 * @param {import('@playwright/test').Page} page - a page of the app's origin and folder
 * @returns {Promise<import('@playwright/test').JSHandle<Worker>>} the worker, ready
 */
export function start(page) {
  return page.evaluateHandle(async () => {
    const worker = new Worker('worker_loader.js', { type: 'module' });
    await new Promise((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message ?? 'the worker cannot be loaded'));
      worker.onmessage = resolve;
    });
    return worker;
  });
}

/**
 * Puts a question to a worker.
 * @param {import('@playwright/test').JSHandle<Worker>} worker - from `start`
 * @param {string} name - of the question
 * @param {Array<number | string | Buffer | import('@playwright/test').JSHandle>} about - what goes with it
 * @returns {Promise<Array<number | string | Buffer>>} what the answer tells
 */
export async function put(worker, name, ...about) {
  const parts = await exchange(worker, name, about, false);
  return parts.map((part) => (part?.bytes === undefined ? part : Buffer.from(part.bytes)));
}

/**
 * How long a worker takes to answer a question, for the page that puts it. What the answer tells stays there: the driver
 * would take longer to carry it than the worker to find it.
 * @param {import('@playwright/test').JSHandle<Worker>} worker - from `start`
 * @param {string} name - of the question
 * @param {Array<number | string | Buffer | import('@playwright/test').JSHandle>} about - what goes with it
 * @returns {Promise<number>} seconds
 */
export function seconds(worker, name, ...about) {
  return exchange(worker, name, about, true);
}

function exchange(worker, name, about, timed) {
  // The driver carries no bytes, but numbers.
  const sent = about.map((part) => (Buffer.isBuffer(part) ? { bytes: [...part] } : part));
  return worker.evaluate(
    (worker, { name, sent, timed }) =>
      new Promise((resolve, reject) => {
        const whole = (part) => (part?.bytes === undefined ? part : new Uint8Array(part.bytes));
        const message = [name, ...sent.map(whole)];
        const began = performance.now();
        worker.onerror = (event) => reject(new Error(event.message ?? 'the worker failed'));
        // The only thing that a worker tells the page unasked is a panic, in bytes.
        worker.onmessage = ({ data: [first, ...rest] }) => {
          if (first instanceof Uint8Array) reject(new Error(`the worker panicked: ${new TextDecoder().decode(first)}`));
          else if (first === 'error') reject(new Error(rest[0]));
          else if (timed) resolve((performance.now() - began) / 1e3);
          else resolve(rest.map((part) => (part instanceof Uint8Array ? { bytes: [...part] } : part)));
        };
        worker.postMessage(message);
      }),
    { name, sent, timed },
  );
}

/**
 * Puts one question to a worker of its own.
 * @param {import('@playwright/test').Page} page - a page of the app's origin and folder
 * @param {string} name - of the question
 * @param {Array<number | string | Buffer>} about - what goes with it
 * @returns {Promise<Array<number | string | Buffer>>} what the answer tells
 */
export async function ask(page, name, ...about) {
  const worker = await start(page);
  try {
    return await put(worker, name, ...about);
  } finally {
    await worker.evaluate((worker) => worker.terminate());
  }
}

/** A file of the app that is no page: it has the origin and starts nothing. */
export const BLANK = 'build-id.txt';
