//! Where things are.

use anyhow::{Context, Result};
use std::env;
use std::path::{Path, PathBuf};

/// The root of the repository: the parent of this crate.
pub(crate) fn root() -> PathBuf {
    let manifest =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.parent().map_or(manifest.clone(), Path::to_path_buf)
}

/// Cargo's target folder, wherever it was configured to be: this program runs from `<target>/<profile>/`.
pub(crate) fn target() -> Result<PathBuf> {
    let program = env::current_exe().context("cannot tell where this program is")?;
    let target = program
        .parent()
        .and_then(Path::parent)
        .context("this program is not in a target folder")?;
    Ok(target.to_path_buf())
}

/// The release build of the app.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// Where tools that Cargo installs for this project are kept, shared by all clones of a user:
/// `CACHEPLAN_TOOLS`, else `cacheplan/tools` in the user's cache folder.
pub(crate) fn tools() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("CACHEPLAN_TOOLS") {
        return Ok(folder.into());
    }
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| env::var_os("LOCALAPPDATA").map(PathBuf::from));
    let cache = cache.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    let cache = cache.context("no home folder to keep tools in: set CACHEPLAN_TOOLS to a folder")?;
    Ok(cache.join("cacheplan").join("tools"))
}
