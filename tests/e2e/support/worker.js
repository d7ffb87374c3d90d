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
 * @param {object} question - a `Question`
 * @param {import('@playwright/test').JSHandle} [attachment] - what goes with it
 * @returns {Promise<object>} the `Answer`
 */
export async function put(worker, question, attachment) {
  const answer = await worker.evaluate(
    (worker, { text, attachment }) =>
      new Promise((resolve, reject) => {
        worker.onerror = (event) => reject(new Error(event.message ?? 'the worker failed'));
        // Answers are text. The only thing that a worker tells the page unasked is a panic, in bytes.
        worker.onmessage = ({ data: [first] }) => {
          if (typeof first === 'string') resolve(first);
          else reject(new Error(`the worker panicked: ${new TextDecoder().decode(first)}`));
        };
        worker.postMessage(attachment === undefined ? [text] : [text, attachment]);
      }),
    { text: JSON.stringify(question), attachment },
  );
  return JSON.parse(answer);
}

/**
 * Puts one question to a worker of its own.
 * @param {import('@playwright/test').Page} page - a page of the app's origin and folder
 * @param {object} question - a `Question`
 * @returns {Promise<object>} the `Answer`
 */
export async function ask(page, question) {
  const worker = await start(page);
  try {
    return await put(worker, question);
  } finally {
    await worker.evaluate((worker) => worker.terminate());
  }
}

/** A file of the app that is no page: it has the origin and starts nothing. */
export const BLANK = 'build-id.txt';
