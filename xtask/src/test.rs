//! The tests: all of them in one command, or a part.

use crate::process::{cargo, run, say};
use crate::setup::{self, Browser};
use crate::{browser, build, checks, size};
use anyhow::{Result, bail};
use std::env;
use std::time::Instant;

/// Which tests to run.
#[derive(Clone, Copy)]
pub(crate) struct Selection {
    native: bool,
    wasm: bool,
    e2e: bool,
}

impl Selection {
    /// The parts that were named; all when none was.
    pub(crate) fn new(native: bool, wasm: bool, e2e: bool) -> Self {
        let all = !(native || wasm || e2e);
        Selection {
            native: native || all,
            wasm: wasm || all,
            e2e: e2e || all,
        }
    }
}

/// Runs the tests, each step even when an earlier one failed, and sums up. A missing browser skips the steps that
/// need one, which only a continuous integration (`CI=true`) takes for a failure.
pub(crate) fn test(selection: Selection) -> Result<()> {
    let mut steps = Steps::default();
    if selection.native {
        setup::servers()?;
        steps.run("formatting", checks::formatting);
        steps.run("leftovers", checks::leftovers);
        steps.run("native lints", checks::lints);
        steps.run("native tests", native_tests);
    }
    let tools = setup::web()?;
    if selection.native {
        steps.run("WebAssembly lints", checks::wasm_lints);
    }
    if steps.run("release build", || build::dist(&tools)) {
        steps.run("size budgets", size::check);
        let suites = [
            (selection.wasm, browser::GOLDEN),
            (selection.e2e, browser::JOURNEYS),
        ];
        let suites: Vec<_> = suites
            .into_iter()
            .filter_map(|(wanted, suite)| wanted.then_some(suite))
            .collect();
        if !suites.is_empty() {
            match setup::browser()? {
                Browser::Found(chromium) => {
                    for suite in suites {
                        steps.run(suite.title, || browser::test(&suite, &chromium));
                    }
                }
                missing => {
                    missing.explain_absence();
                    steps.skipped.extend(suites.iter().map(|suite| suite.title));
                }
            }
        }
    }
    steps.conclude()
}

/// Unit, property and golden tests of all crates.
fn native_tests() -> Result<()> {
    say("Running the native tests of all crates");
    run(cargo().args(["test", "--workspace", "--no-fail-fast"]))
}

/// What was run and how it went.
#[derive(Default)]
struct Steps {
    passed: Vec<(&'static str, f64)>,
    failed: Vec<(&'static str, f64)>,
    skipped: Vec<&'static str>,
}

impl Steps {
    /// Runs a step, shows why it failed when it did, and tells whether it passed.
    fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) -> bool {
        let start = Instant::now();
        let outcome = step();
        let seconds = start.elapsed().as_secs_f64();
        if let Err(error) = &outcome {
            eprintln!("error: {name}: {error:#}");
            self.failed.push((name, seconds));
        } else {
            self.passed.push((name, seconds));
        }
        outcome.is_ok()
    }

    /// Prints the summary; an error unless all went well.
    fn conclude(self) -> Result<()> {
        println!();
        for (verdict, steps) in [("passed", &self.passed), ("FAILED", &self.failed)] {
            for (name, seconds) in steps {
                println!("{verdict:>8}  {name} ({seconds:.0} s)");
            }
        }
        for name in &self.skipped {
            println!(" skipped  {name} (no browser)");
        }
        println!(
            "steps: {} passed, {} failed, {} skipped",
            self.passed.len(),
            self.failed.len(),
            self.skipped.len()
        );
        if !self.failed.is_empty() {
            bail!(
                "{} failed",
                self.failed
                    .iter()
                    .map(|(name, _)| *name)
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
        if !self.skipped.is_empty() && env::var_os("CI").is_some_and(|ci| ci == "true") {
            bail!("tests were skipped, which is not good enough for CI");
        }
        Ok(())
    }
}
