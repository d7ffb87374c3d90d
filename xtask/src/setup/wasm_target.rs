//! Rust's standard library for WebAssembly.

use crate::process::{at_root, find, output, run, say};
use anyhow::{Result, bail};
use std::path::Path;

/// The target that browsers run.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Installs the target with rustup unless the compiler has it already, from rustup or otherwise.
pub(super) fn ensure() -> Result<()> {
    let folder = output(at_root("rustc").args(["--print", "target-libdir", "--target", TARGET]))?;
    if Path::new(&folder).is_dir() {
        return Ok(());
    }
    let Some(rustup) = find("rustup") else {
        bail!(
            "this Rust has no {TARGET} target and there is no rustup to add it: install Rust from https://rustup.rs"
        );
    };
    say(&format!(
        "Adding the {TARGET} target: the app is compiled to WebAssembly"
    ));
    run(at_root(rustup).args(["target", "add", TARGET]))
}
