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
    compares: bool,
}

/// The golden scenarios, in the worker.
pub(crate) const GOLDEN: Suite = Suite {
    title: "golden scenarios in the browser",
    project: "golden",
    compares: true,
};

/// What a person does, step by step.
pub(crate) const JOURNEYS: Suite = Suite {
    title: "journeys in the browser",
    project: "journeys",
    compares: false,
};

/// The picture-taking, which is no test.
const SCREENSHOTS: Suite = Suite {
    title: "screenshots",
    project: "screenshots",
    compares: false,
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
    if suite.compares {
        let folder = native_programs()?;
        let program = |name: &str| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
        playwright.env("CACHEPLAN_CLI", program("cacheplan"));
        playwright.env("CACHEPLAN_WIRE", program("examples/wire"));
    }
    run(&mut playwright)
}

/// Takes the pictures in `docs/screenshots` from an up-to-date `dist/`.
pub(crate) fn screenshots() -> Result<()> {
    build::build()?;
    test(&SCREENSHOTS, &setup::browser()?.required()?)
}

/// Builds `cacheplan`, and what translates the messages of workers, as the native tests do, and gives the folder.
fn native_programs() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--package", "cacheplan-cli"]))?;
    run(cargo().args([
        "build",
        "--quiet",
        "--package",
        "cacheplan-engine",
        "--example",
        "wire",
    ]))?;
    Ok(paths::target()?.join("debug"))
}
