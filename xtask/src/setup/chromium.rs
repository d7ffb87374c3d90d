//! The browser that tests and measurements drive.

use super::debian;
use crate::process::{find, say};
use anyhow::{Result, bail};
use std::env;
use std::path::PathBuf;

/// Names under which Chromium and its relatives are found on `PATH`, the most likely first.
const PROGRAMS: [&str; 6] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
];

/// Where they are when they are not on `PATH`.
const PLACES: [&str; 5] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
];

/// The outcome of looking for a browser.
pub(crate) enum Browser {
    /// The program to start.
    Found(PathBuf),
    /// There is none, and it is for a person to install one.
    Missing,
}

impl Browser {
    /// The program to start; an error that says what to do when there is none.
    pub(crate) fn required(self) -> Result<PathBuf> {
        match self {
            Browser::Found(program) => Ok(program),
            Browser::Missing => bail!("{}", Self::ABSENCE),
        }
    }

    /// Says what is not possible without a browser, when there is none.
    pub(crate) fn explain_absence(&self) {
        if matches!(self, Browser::Missing) {
            say(Self::ABSENCE);
        }
    }

    const ABSENCE: &str = "No Chromium was found, so nothing can be tested or measured in a browser: install Chromium \
                           or Chrome, or set CHROME to its program. Serving and building work without";
}

/// Finds a browser: the variable `CHROME`, else `PATH`, else the usual places; else installs Chromium where
/// [`debian::may_install`] says that it can.
pub(super) fn ensure() -> Result<Browser> {
    if let Some(program) = env::var_os("CHROME").map(PathBuf::from) {
        if !program.is_file() {
            bail!(
                "the variable CHROME names {}, which is not a program",
                program.display()
            );
        }
        return Ok(Browser::Found(program));
    }
    if let Some(program) = locate() {
        return Ok(Browser::Found(program));
    }
    if !debian::may_install() {
        return Ok(Browser::Missing);
    }
    say("Installing Chromium with apt-get: the tests drive the app in a real browser");
    debian::install(&["chromium"])?;
    Ok(locate().map_or(Browser::Missing, Browser::Found))
}

fn locate() -> Option<PathBuf> {
    let on_path = PROGRAMS.iter().find_map(|program| find(program));
    on_path.or_else(|| PLACES.iter().map(PathBuf::from).find(|place| place.is_file()))
}
