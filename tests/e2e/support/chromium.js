// How the browser of this system is started; `cargo xtask` finds or installs it.

/** For Playwright's `launch`. */
export const launchOptions = {
  executablePath: process.env.CACHEPLAN_CHROMIUM,
  // Chromium refuses to run its sandbox as root, which is who runs tests in containers.
  chromiumSandbox: process.getuid?.() !== 0,
};
