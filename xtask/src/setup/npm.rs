//! The packages in `package-lock.json`: what the page takes from npm, and the tools to optimise and test the build.

use crate::process::{at_root, find, output, run, say};
use crate::{paths, sources};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The oldest Node.js that all packages work with.
const NODE_MAJOR: u32 = 20;

/// What to do when there is no Node.js.
const INSTALL_NODE: &str =
    "install Node.js 20 or newer with npm (https://nodejs.org, or your system's packages)";

/// Where the programs of the packages are.
pub(super) fn programs() -> PathBuf {
    paths::root().join("node_modules").join(".bin")
}

/// Node.js, recent enough.
pub(super) fn node() -> Result<PathBuf> {
    let Some(node) = find("node") else {
        bail!("there is no Node.js: {INSTALL_NODE}")
    };
    let version = output(Command::new(&node).arg("--version"))?;
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!("Node.js {version} is too old: {INSTALL_NODE}");
    }
    Ok(node)
}

/// Installs exactly what the lock file names, unless that was done already.
pub(super) fn ensure() -> Result<()> {
    let lock = paths::root().join("package-lock.json");
    let lock = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let wanted = sources::hex(&Sha256::digest(&lock));
    let stamp = paths::root().join("node_modules").join(".cacheplan-lock-sha256");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    node()?;
    let Some(npm) = find("npm") else {
        bail!("there is no npm: {INSTALL_NODE}")
    };
    say("Installing the npm packages of package-lock.json: chart library, typeface, wasm-opt, test runner");
    // The tests drive a browser of the system; the runner shall not download one of its own.
    run(at_root(npm)
        .args(["ci", "--no-audit", "--no-fund"])
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
