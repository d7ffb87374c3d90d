// Run by `cargo xtask test`, which builds dist/ and names the browser; see docs/TESTING.md.

import { defineConfig } from '@playwright/test';
import { launchOptions } from './support/chromium.js';

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results',
  reporter: 'list',
  forbidOnly: true,
  fullyParallel: true,
  // Every page simulates on threads of its own; more of them at once would only wait for one another.
  workers: 2,
  // A first run after the build compiles the WebAssembly on a machine that may be busy.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  use: { launchOptions, viewport: { width: 1440, height: 900 }, trace: 'retain-on-failure', locale: 'en-GB', timezoneId: 'UTC' },
  projects: [
    { name: 'golden', testMatch: 'golden.spec.js', timeout: 180_000 },
    { name: 'journeys', testMatch: 'journeys/*.spec.js' },
    { name: 'screenshots', testMatch: 'screenshots.spec.js' },
  ],
});
