//! The release build of the app, by Trunk.

use crate::process::{run, say};
use crate::{paths, setup, sources};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// The variable from which page and workers take the id that they compare when they meet.
pub(crate) const BUILD_ID_VARIABLE: &str = "CACHEPLAN_BUILD_ID";

/// The file beside the app that names its build.
const STAMP: &str = "build-id.txt";

/// Sets up what a build needs, and builds `dist/` unless it is up to date.
pub(crate) fn build() -> Result<()> {
    dist(&setup::web()?)
}

/// Builds the app with the worker that replays any policy, as fast as the one that users get, and gives the folder.
pub(crate) fn for_bench() -> Result<PathBuf> {
    let tools = setup::web()?;
    let folder = paths::target()?.join("bench").join("dist");
    let id = sources::build_id()?;
    say("Building the app with a worker that replays any policy");
    run(tools
        .trunk()
        .args(["build", "--release", "--features", "bench", "--dist"])
        .arg(&folder)
        .env(BUILD_ID_VARIABLE, &id))?;
    // The file that the bench opens: of the app's origin, and no page.
    fs::write(folder.join(STAMP), id).with_context(|| format!("cannot write {}", folder.display()))?;
    Ok(folder)
}

/// Builds `dist/` for release unless it was built from these very sources.
pub(crate) fn dist(tools: &setup::WebTools) -> Result<()> {
    let id = sources::build_id()?;
    if fs::read_to_string(stamp()).is_ok_and(|built| built.trim() == id) {
        say(&format!("dist/ is up to date (build {id})"));
        return Ok(());
    }
    say(&format!(
        "Building dist/ for release (build {id}): the page for size, the workers for speed"
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
    paths::dist().join(STAMP)
}
