//! The release build of the app, by Trunk.

use crate::process::{run, say};
use crate::{paths, setup, sources};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// The variable from which both binaries take the id that they compare when they meet.
pub(crate) const BUILD_ID_VARIABLE: &str = "CACHEPLAN_BUILD_ID";

/// Sets up what a build needs, and builds `dist/` unless it is up to date.
pub(crate) fn build() -> Result<()> {
    dist(&setup::web()?)
}

/// Builds `dist/` for release unless it was built from these very sources.
pub(crate) fn dist(tools: &setup::WebTools) -> Result<()> {
    let id = sources::build_id()?;
    if fs::read_to_string(stamp()).is_ok_and(|built| built.trim() == id) {
        say(&format!("dist/ is up to date (build {id})"));
        return Ok(());
    }
    say(&format!(
        "Building dist/ for release (build {id}): the page for size, the worker for speed"
    ));
    run(tools
        .trunk()
        .args(["build", "--release"])
        .env(BUILD_ID_VARIABLE, &id))?;
    minify(tools)?;
    fs::write(stamp(), format!("{id}\n")).with_context(|| format!("cannot write {}", stamp().display()))
}

/// Takes what only people need out of the scripts and styles; Trunk's own minifier does not know today's JavaScript.
fn minify(tools: &setup::WebTools) -> Result<()> {
    let mut files = Vec::new();
    sources::collect(&paths::dist(), &mut files)?;
    // What comes minified from npm is left as it is.
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        (name.ends_with(".css") || name.ends_with(".js")) && !name.contains(".min")
    });
    let mut esbuild = tools.esbuild();
    esbuild
        .args(files)
        .arg(format!("--outdir={}", paths::dist().display()));
    run(esbuild.args(["--minify", "--allow-overwrite", "--log-level=warning"]))
}

/// Tells which sources `dist/` was built from; Trunk clears it together with the rest of `dist/`.
fn stamp() -> PathBuf {
    paths::dist().join("build-id.txt")
}
