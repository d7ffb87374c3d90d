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
    shorten_imports()?;
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

/// Numbers the names by which programs and scripts know each other: wasm-bindgen ends them in 16 digits of a hash,
/// which no compression makes shorter. The length stays, so that the programs need not be written anew.
fn shorten_imports() -> Result<()> {
    let mut files = Vec::new();
    sources::collect(&paths::dist(), &mut files)?;
    for program in files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "wasm"))
    {
        // `NAME_bg.wasm` belongs to `NAME.js`.
        let name = program.file_stem().unwrap_or_default().to_string_lossy();
        let script = program.with_file_name(format!("{}.js", name.trim_end_matches("_bg")));
        let mut code = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
        let mut text = fs::read(&script).with_context(|| format!("cannot read {}", script.display()))?;
        let names = hashed_names(&text);
        for bytes in [&mut code, &mut text] {
            number(bytes, &names);
        }
        fs::write(program, code).with_context(|| format!("cannot write {}", program.display()))?;
        fs::write(&script, text).with_context(|| format!("cannot write {}", script.display()))?;
    }
    Ok(())
}

/// Digits of the hash at the end of a name.
const HASH: usize = 16;

/// Every name in a script that ends in a hash, hash included, in order and once.
fn hashed_names(script: &[u8]) -> Vec<Vec<u8>> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut names: Vec<Vec<u8>> = script
        .split(|byte| !is_word(byte))
        .filter(|word| word.starts_with(b"__wb"))
        .filter(|word| {
            let (name, hash) = word.split_at(word.len().saturating_sub(HASH));
            let digits = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
            name.ends_with(b"_") && hash.len() == HASH && hash.iter().all(digits)
        })
        .map(<[u8]>::to_vec)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Puts a number in the place of the hash of each name: the first of its kind is 0.
fn number(bytes: &mut [u8], names: &[Vec<u8>]) {
    let mut last: &[u8] = &[];
    let mut count = 0;
    for name in names {
        let (stem, _) = name.split_at(name.len() - HASH);
        count = if stem == last { count + 1 } else { 0 };
        last = stem;
        let numbered = [stem, format!("{count:0HASH$}").as_bytes()].concat();
        let mut at = 0;
        while let Some(found) = bytes.get(at..).and_then(|rest| find(rest, name)) {
            bytes[at + found..at + found + name.len()].copy_from_slice(&numbered);
            at += found + name.len();
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Tells which sources `dist/` was built from; Trunk clears it together with the rest of `dist/`.
fn stamp() -> PathBuf {
    paths::dist().join(STAMP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_alike_in_script_and_program() {
        let script = b"a.__wbg_get_0123456789abcdef=b,__wbg_get_ffff456789abcdef,__wbg_x_0123456789abcdeg";
        let names = hashed_names(script);
        assert_eq!(names.len(), 2);
        let mut text = script.to_vec();
        number(&mut text, &names);
        assert_eq!(
            text,
            b"a.__wbg_get_0000000000000000=b,__wbg_get_0000000000000001,__wbg_x_0123456789abcdeg"
        );
        let mut program = b"\x1a__wbg_get_ffff456789abcdef\0".to_vec();
        number(&mut program, &names);
        assert_eq!(program, b"\x1a__wbg_get_0000000000000001\0");
    }
}
