//! Programs from crates.io, each of one pinned version.

use super::has_version;
use crate::paths;
use crate::process::{at_root, find, run, say};
use anyhow::{Context, Result};
use std::env;
use std::path::PathBuf;

/// A program that Cargo can install.
pub(super) struct Tool {
    /// The name of the crate.
    package: &'static str,
    /// The name of the program.
    program: &'static str,
    /// The version, exactly.
    version: &'static str,
    /// Whether to build it with the versions of its own lock file.
    locked: bool,
    /// What it is for.
    purpose: &'static str,
}

/// Builds the app out of `index.html`.
pub(super) const TRUNK: Tool = Tool {
    package: "trunk",
    program: "trunk",
    version: "0.21.14",
    locked: true,
    purpose: "it builds and serves the app",
};

/// Writes the JavaScript beside the WebAssembly. The version must be that of the `wasm-bindgen` crate in `Cargo.lock`.
pub(super) const WASM_BINDGEN: Tool = Tool {
    package: "wasm-bindgen-cli",
    program: "wasm-bindgen",
    version: "0.2.130",
    locked: false,
    purpose: "it joins WebAssembly and JavaScript",
};

/// The program of a tool: from `PATH` when it has the right version, else from the cache of tools, into which it is
/// installed when missing.
pub(super) fn ensure(tool: &Tool) -> Result<PathBuf> {
    if let Some(program) = find(tool.program).filter(|program| has_version(program, tool.version)) {
        return Ok(program);
    }
    let folder = paths::tools()?.join(format!("{}-{}", tool.package, tool.version));
    let program = folder
        .join("bin")
        .join(format!("{}{}", tool.program, env::consts::EXE_SUFFIX));
    if has_version(&program, tool.version) {
        return Ok(program);
    }
    say(&format!(
        "Installing {} {} into {}: {}; this takes some minutes, once",
        tool.package,
        tool.version,
        folder.display(),
        tool.purpose
    ));
    let mut install = at_root(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Built without optimisation: compiling them would take longer than they ever run.
    install
        .args(["install", "--debug", "--force", "--root"])
        .arg(&folder);
    install.args([tool.package, "--version", tool.version]);
    if tool.locked {
        install.arg("--locked");
    }
    run(&mut install).with_context(|| format!("cannot install {} {}", tool.package, tool.version))?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn wasm_bindgen_is_of_the_version_in_the_lock_file() {
        let lock = fs::read_to_string(paths::root().join("Cargo.lock")).unwrap();
        let pinned = format!(
            "name = \"wasm-bindgen\"\nversion = \"{}\"\n",
            WASM_BINDGEN.version
        );
        assert!(lock.contains(&pinned), "{pinned}");
    }
}
