//! What can be judged without running anything: formatting, lints, leftovers.

use crate::process::{self, cargo, run, say};
use crate::{paths, setup, size};
use anyhow::{Context, Result, bail};
use std::fs;

/// Runs all checks, and the size budgets.
pub(crate) fn check() -> Result<()> {
    formatting()?;
    leftovers()?;
    lints()?;
    setup::web()?;
    wasm_lints()?;
    size::size()
}

/// Fails unless all Rust code is formatted.
pub(crate) fn formatting() -> Result<()> {
    say("Checking the formatting of the Rust code");
    run(cargo().args(["fmt", "--all", "--check"])).context("format it: cargo fmt --all")
}

/// Fails on any lint of the code that runs natively, tests and tools included.
pub(crate) fn lints() -> Result<()> {
    say("Linting all crates as native code");
    run(cargo().args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

/// Fails on any lint of the code that runs in browsers.
pub(crate) fn wasm_lints() -> Result<()> {
    say("Linting the app and the engine as WebAssembly");
    run(cargo()
        .args([
            "clippy",
            "--quiet",
            "--package",
            "cacheplan",
            "--package",
            "cacheplan-engine",
        ])
        .args(["--target", setup::WASM_TARGET, "--", "--deny", "warnings"]))
}

/// A text that must not be in a kind of file.
struct Leftover {
    /// The text.
    text: &'static str,
    /// The endings of the files that must not have it.
    endings: &'static [&'static str],
    /// The reason.
    why: &'static str,
}

const LEFTOVERS: [Leftover; 6] = [
    Leftover {
        text: "console.log(",
        endings: &[".js", ".html"],
        why: "the console is for faults",
    },
    Leftover {
        text: "test.only(",
        endings: &[".spec.js"],
        why: "the other tests would not run",
    },
    Leftover {
        text: "test.skip(",
        endings: &[".spec.js"],
        why: "a test that does not run proves nothing",
    },
    Leftover {
        text: "#[ignore",
        endings: &[".rs"],
        why: "a test that does not run proves nothing",
    },
    Leftover {
        text: "\"resolved\":",
        endings: &["package-lock.json"],
        why: "a lock file names no host",
    },
    Leftover {
        text: "//cdn.",
        endings: &[".css", ".html", ".js"],
        why: "the page loads nothing from others",
    },
];

/// Fails when something was left behind that no lint of the compiler knows.
pub(crate) fn leftovers() -> Result<()> {
    say("Looking for leftovers in the tracked files");
    let list = process::output(process::at_root("git").args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let this = "xtask/src/checks.rs";
    let mut found = Vec::new();
    for file in list.lines().filter(|file| *file != this) {
        let wanted = LEFTOVERS
            .iter()
            .filter(|leftover| leftover.endings.iter().any(|ending| file.ends_with(ending)));
        let wanted: Vec<_> = wanted.collect();
        if wanted.is_empty() {
            continue;
        }
        // A file may be gone from the work tree and still be listed.
        let Ok(text) = fs::read_to_string(paths::root().join(file)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            for leftover in wanted.iter().filter(|leftover| line.contains(leftover.text)) {
                found.push(format!(
                    "{file}:{}: `{}`: {}",
                    number + 1,
                    leftover.text,
                    leftover.why
                ));
            }
        }
    }
    if !found.is_empty() {
        bail!("leftovers:\n{}", found.join("\n"));
    }
    Ok(())
}
