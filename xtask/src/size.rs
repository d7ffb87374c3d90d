//! What the app weighs on the wire, and what it may weigh.

use crate::process::say;
use crate::{build, paths, setup, sources};
use anyhow::{Context, Result, bail};
use brotli::enc::BrotliEncoderParams;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A part of the app that is downloaded as a whole.
struct Part {
    /// What it is called.
    name: &'static str,
    /// How many bytes it may weigh, brotli-compressed; 1 KB is 1,024 bytes.
    budget: usize,
    /// Tells whether a file of `dist/` belongs to it.
    holds: fn(&Path) -> bool,
}

/// What must be downloaded before anything is seen, before anything is simulated, and before a file is read or written.
const PARTS: [Part; 3] = [
    Part {
        name: "page",
        budget: 250 * 1024,
        holds: |file| is_code(file) && !of_binary(file, WORKER) && !of_binary(file, FILES),
    },
    Part {
        name: "worker",
        budget: 200 * 1024,
        holds: |file| is_code(file) && of_binary(file, WORKER),
    },
    // Loaded when someone waits for a file: less than the page, which is there after a second or two on a slow line.
    Part {
        name: "files",
        budget: 150 * 1024,
        holds: |file| is_code(file) && of_binary(file, FILES),
    },
];

/// Builds `dist/` if it is stale, prints the sizes, and fails past a budget.
pub(crate) fn size() -> Result<()> {
    build::dist(&setup::web()?)?;
    check()
}

/// Prints the sizes of what is in `dist/`, and fails past a budget.
pub(crate) fn check() -> Result<()> {
    say("Weighing dist/ against its budgets");
    let mut files = Vec::new();
    sources::collect(&paths::dist(), &mut files)?;
    files.sort();
    let mut excesses = Vec::new();
    println!("{:>9} {:>9}", "raw", "brotli");
    for part in &PARTS {
        let weight = weigh(part, &files)?;
        println!(
            "{:>9} {:>9}  {} (budget {})",
            weight.raw, weight.brotli, part.name, part.budget
        );
        if weight.brotli > part.budget {
            excesses.push(format!(
                "the {} by {} bytes",
                part.name,
                weight.brotli - part.budget
            ));
        }
    }
    if !excesses.is_empty() {
        bail!("past the size budget: {}", excesses.join(", "));
    }
    Ok(())
}

/// Bytes as they are, and as a server sends them.
#[derive(Default)]
struct Weight {
    raw: usize,
    brotli: usize,
}

/// Prints the weight of each file of a part, and gives their sum.
fn weigh(part: &Part, files: &[PathBuf]) -> Result<Weight> {
    let mut sum = Weight::default();
    for file in files.iter().filter(|file| (part.holds)(file)) {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let brotli =
            compressed_length(&bytes).with_context(|| format!("cannot compress {}", file.display()))?;
        let name = file.strip_prefix(paths::dist()).unwrap_or(file);
        println!("{:>9} {brotli:>9}    {}", bytes.len(), name.display());
        sum.raw += bytes.len();
        sum.brotli += brotli;
    }
    if sum.raw == 0 {
        bail!("dist/ has no {}: cargo xtask build", part.name);
    }
    Ok(sum)
}

/// Whether a file is style or program.
fn is_code(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| ["css", "js", "wasm"].iter().any(|code| extension == *code))
}

/// The worker that simulates.
const WORKER: &str = "worker";

/// The worker that reads and writes files.
const FILES: &str = "files";

/// Whether a file is program of this worker: `NAME.js`, `NAME_loader.js`, `NAME_bg.wasm`.
fn of_binary(file: &Path, name: &str) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    ["", "_loader", "_bg"]
        .iter()
        .any(|ending| stem.strip_prefix(name) == Some(ending))
}

/// The length at the highest quality, as a host of static files serves it.
fn compressed_length(bytes: &[u8]) -> io::Result<usize> {
    let parameters = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: bytes.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &bytes[..], &mut io::sink(), &parameters)
}
