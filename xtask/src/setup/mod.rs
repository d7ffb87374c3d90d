//! Installs what is missing, says what and why, and is quick when all is there.

mod cargo_tools;
mod chromium;
mod debian;
mod npm;
mod servers;
mod wasm_target;

use crate::process::{self, at_root, cargo, run, say};
use anyhow::{Context, Result};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use chromium::Browser;
pub(crate) use wasm_target::TARGET as WASM_TARGET;

/// What it takes to build the app, found or installed.
pub(crate) struct WebTools {
    trunk: PathBuf,
    path: OsString,
}

impl WebTools {
    /// Trunk at the root of the repository, with the pinned tools first on its `PATH`.
    ///
    /// It works offline: it would otherwise ask for newer versions of itself and download tools of its own choice.
    pub(crate) fn trunk(&self) -> Command {
        let mut command = at_root(&self.trunk);
        command
            .args(["--skip-version-check", "--offline=true"])
            .env("PATH", &self.path);
        // Trunk 0.21 reads the variable as its own flag and refuses the values that are in common use.
        command.env_remove("NO_COLOR");
        // A failed build is no fault in Trunk: its own backtrace would bury the messages of the compiler.
        command.env_remove("RUST_BACKTRACE");
        command
    }

    /// The minifier of scripts and styles.
    pub(crate) fn esbuild(&self) -> Command {
        at_root(npm::programs().join("esbuild"))
    }
}

/// Sets up all that any task needs.
pub(crate) fn everything() -> Result<()> {
    web()?;
    servers()?;
    browser()?.explain_absence();
    say("All is set up");
    Ok(())
}

/// Sets up what it takes to build the app.
pub(crate) fn web() -> Result<WebTools> {
    wasm_target::ensure()?;
    let trunk = cargo_tools::ensure(&cargo_tools::TRUNK)?;
    let wasm_bindgen = cargo_tools::ensure(&cargo_tools::WASM_BINDGEN)?;
    npm::ensure()?;
    // Trunk builds offline, so the crates must be here before it starts; says nothing when they are.
    run(cargo().args(["fetch", "--quiet", "--locked"]))?;
    let folders = [&trunk, &wasm_bindgen]
        .into_iter()
        .filter_map(|tool| tool.parent());
    let folders = folders.map(Path::to_path_buf).chain([npm::programs()]);
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(folders.chain(env::split_paths(&path)))
        .context("a folder of the tools cannot be put on PATH")?;
    Ok(WebTools { trunk, path })
}

/// Installs the servers that the native tests compare projections with, where that can be done without asking.
pub(crate) fn servers() -> Result<()> {
    servers::ensure()
}

/// Finds the browser that the tests and measurements drive, and the npm tools to drive it with; installs it where
/// that can be done without asking.
pub(crate) fn browser() -> Result<Browser> {
    npm::ensure()?;
    chromium::ensure()
}

/// Node.js at the root of the repository.
pub(crate) fn node() -> Result<Command> {
    Ok(at_root(npm::node()?))
}

/// Whether `program --version` answers with this very version.
fn has_version(program: &Path, version: &str) -> bool {
    process::output(Command::new(program).arg("--version"))
        .is_ok_and(|answer| answer.split_whitespace().any(|word| word == version))
}
