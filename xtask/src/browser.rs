//! What runs in a real browser: two suites of tests, and the pictures in the documentation.

use crate::process::{cargo, run, say};
use crate::{build, paths, setup};
use anyhow::Result;
use std::env;
use std::path::{Path, PathBuf};

/// A set of browser tests.
pub(crate) struct Suite {
    /// What it is called in messages.
    pub(crate) title: &'static str,
    /// The name of the Playwright project.
    project: &'static str,
    /// Whether it compares with the answers of the native program.
    needs_cli: bool,
}

/// The golden scenarios, in the worker.
pub(crate) const GOLDEN: Suite = Suite {
    title: "golden scenarios in the browser",
    project: "golden",
    needs_cli: true,
};

/// What a person does, step by step.
pub(crate) const JOURNEYS: Suite = Suite {
    title: "journeys in the browser",
    project: "journeys",
    needs_cli: false,
};

/// The picture-taking, which is no test.
const SCREENSHOTS: Suite = Suite {
    title: "screenshots",
    project: "screenshots",
    needs_cli: false,
};

/// Runs a suite against `dist/`, which must be built.
pub(crate) fn test(suite: &Suite, chromium: &Path) -> Result<()> {
    say(&format!("Running Playwright: {}", suite.title));
    let mut playwright = setup::node()?;
    playwright.args([
        "node_modules/@playwright/test/cli.js",
        "test",
        "--config",
        "tests/e2e/playwright.config.js",
    ]);
    playwright.args(["--project", suite.project]);
    playwright.env("CACHEPLAN_CHROMIUM", chromium);
    if suite.needs_cli {
        playwright.env("CACHEPLAN_CLI", cli()?);
    }
    run(&mut playwright)
}

/// Takes the pictures in `docs/screenshots` from an up-to-date `dist/`.
pub(crate) fn screenshots() -> Result<()> {
    build::build()?;
    test(&SCREENSHOTS, &setup::browser()?.required()?)
}

/// Builds `cacheplan` as the native tests do, and gives its path.
fn cli() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--package", "cacheplan-cli"]))?;
    Ok(paths::target()?
        .join("debug")
        .join(format!("cacheplan{}", env::consts::EXE_SUFFIX)))
}
