// What every browser test starts from: the app on a local server, in a fresh profile, under watch.

import { expect, test as base } from '@playwright/test';
import { serve } from './server.js';

export { expect };

/**
 * Playwright's `test`, with `app` as the address of the app. Each test fails, whatever else it looks at, when the
 * page reports an error or asks anyone else than the local server for anything.
 */
export const test = base.extend({
  app: [
    async ({}, use) => {
      const server = await serve();
      await use(server.address);
      await server.close();
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ app }, use) => use(app),

  /** Puts a page of another profile under the same watch. */
  watch: async ({ app }, use) => {
    const faults = [];
    const { origin } = new URL(app);
    await use((page) => {
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') {
          faults.push(`console ${message.type()}: ${message.text()}`);
        }
      });
      page.on('pageerror', (error) => faults.push(`uncaught: ${error}`));
      page.context().on('request', (request) => {
        const url = new URL(request.url());
        if (url.origin !== origin && !['blob:', 'data:'].includes(url.protocol)) {
          faults.push(`third-party request: ${url}`);
        }
      });
      page.on('requestfailed', (request) => {
        faults.push(`request failed: ${request.url()}: ${request.failure()?.errorText}`);
      });
      page.on('response', (response) => {
        if (response.status() >= 400) faults.push(`request failed: ${response.url()}: ${response.status()}`);
      });
      return page;
    });
    expect(faults, 'what the page reported and asked for').toEqual([]);
  },

  page: async ({ page, watch }, use) => use(watch(page)),
});
