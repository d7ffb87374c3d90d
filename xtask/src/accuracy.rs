//! The content of the app's Accuracy screen, made anew from the recordings of real servers.

use crate::paths;
use crate::process::{cargo, output, say};
use anyhow::{Context, Result, bail};
use std::fs;

/// Where the recordings lie, seen from the root of the repository.
const RECORDINGS: &str = "../shared/truth";

/// Writes `public/accuracy.html`.
pub(crate) fn accuracy() -> Result<()> {
    if !paths::root().join(RECORDINGS).is_dir() {
        bail!("{RECORDINGS} is not there: the recordings of real servers lie beside the repository");
    }
    say("Projecting every recorded run of a real server, which takes a minute or two");
    let page = output(cargo().args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "cacheplan-cli",
        "--",
        "verify",
        RECORDINGS,
        "--html",
    ]))?;
    let target = paths::root().join("public/accuracy.html");
    fs::write(&target, page + "\n").with_context(|| target.display().to_string())
}
