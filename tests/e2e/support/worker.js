// Talks to the app's worker as the page does; see src/worker/messages.rs.

/**
 * Starts a worker of the app in a page of its origin, sends one message, and gives the answer.
 * @param {import('@playwright/test').Page} page - a page of the app's origin and folder
 * @param {object} message - a `ToWorker`
 * @param {import('@playwright/test').JSHandle} [attachment] - what goes with it
 * @returns {Promise<object>} the `Answer`
 */
export async function ask(page, message, attachment) {
  const answer = await page.evaluate(
    async ({ text, attachment }) => {
      const worker = new Worker('worker_loader.js', { type: 'module' });
      try {
        return await new Promise((resolve, reject) => {
          worker.onerror = (event) => reject(new Error(event.message ?? 'the worker cannot be loaded'));
          let ready = false;
          // Answers are text. What a worker tells the page is bytes: first that it is ready, then only a panic.
          worker.onmessage = ({ data: [first] }) => {
            if (typeof first === 'string') resolve(first);
            else if (ready) reject(new Error(`the worker panicked: ${new TextDecoder().decode(first)}`));
            else {
              ready = true;
              worker.postMessage(attachment === undefined ? [text] : [text, attachment]);
            }
          };
        });
      } finally {
        worker.terminate();
      }
    },
    { text: JSON.stringify(message), attachment },
  );
  return JSON.parse(answer);
}

/** A file of the app that is no page: it has the origin and starts nothing. */
export const BLANK = 'build-id.txt';
