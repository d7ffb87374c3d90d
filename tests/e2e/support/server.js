// A static server on the loopback address, as any host of static files would do it.

import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';

const DIST = fileURLToPath(new URL('../../../dist', import.meta.url));

// The app must work from any folder of a host, so it is never tested at the root.
const FOLDER = '/some/folder/';

/**
 * Serves a build of the app on a free port.
 * @param {string} [dist] - the folder with it
 * @returns {Promise<{address: string, close: () => Promise<void>}>} the address of the app, and how to end serving it
 */
export async function serve(dist = DIST) {
  // Every file is asked for again and answered with 304 when unchanged, as hosts do without being configured.
  const files = sirv(dist, { etag: true, maxAge: 0 });
  const server = createServer((request, response) => {
    // What browsers ask for on their own where a document, such as a text file, names no icon.
    if (request.url === '/favicon.ico') {
      response.writeHead(204).end();
      return;
    }
    if (!request.url.startsWith(FOLDER)) {
      response.writeHead(404).end();
      return;
    }
    request.url = request.url.slice(FOLDER.length - 1);
    files(request, response, () => response.writeHead(404).end());
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    address: `http://127.0.0.1:${server.address().port}${FOLDER}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
