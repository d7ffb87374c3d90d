//! What the app is built from, and its fingerprint.

use crate::paths;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// The files and folders that decide what ends up in `dist/`.
const BUILD_INPUTS: [&str; 10] = [
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "engine",
    "index.html",
    "package-lock.json",
    "public",
    "src",
    "vendor",
];

/// A short fingerprint of the app's sources: the same sources have the same id on every machine.
///
/// It is compiled into the page and into the workers, which refuse to talk to one another when it differs, and it
/// tells whether `dist/` is up to date.
pub(crate) fn build_id() -> Result<String> {
    let root = paths::root();
    let mut files = Vec::new();
    for input in BUILD_INPUTS {
        collect(&root.join(input), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file
            .strip_prefix(&root)
            .unwrap_or(&file)
            .to_string_lossy()
            .replace('\\', "/");
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hex(&hash.finalize()[..8]))
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds a file, or all files under a folder; what does not exist adds nothing.
pub(crate) fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        let entries = fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
        for entry in entries {
            collect(
                &entry
                    .with_context(|| format!("cannot list {}", path.display()))?
                    .path(),
                files,
            )?;
        }
    } else if path.is_file() {
        files.push(path.to_path_buf());
    }
    Ok(())
}
