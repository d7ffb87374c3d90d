//! The engine's walls: no web, no operating system, floors that import only lower ones, mathematics from `libm`.

// Sources that cannot be read are a failed test.
#![allow(clippy::expect_used, clippy::panic)]

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Crates that the engine may depend on: they compute on memory and ask nothing of the machine.
const DEPENDENCIES: &[&str] = &[
    "base64",
    "crc",
    "itoa",
    "libm",
    // Clients of Memcached place keys by it.
    "md-5",
    "memchr",
    "miniz_oxide",
    "postcard",
    "rand",
    "rand_xoshiro",
    "ruzstd",
    "serde",
    "serde_json",
    "serde_path_to_error",
];

/// Paths that no source of the engine may name.
const FORBIDDEN: &[&[&str]] = &[
    &["std", "env"],
    &["std", "fs"],
    &["std", "io", "stderr"],
    &["std", "io", "stdin"],
    &["std", "io", "stdout"],
    &["std", "net"],
    &["std", "os"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time", "Instant"],
    &["std", "time", "SystemTime"],
    &["js_sys"],
    &["wasm_bindgen"],
    &["web_sys"],
];

/// Methods of floating-point numbers whose last bits differ from target to target. `sqrt` is exact everywhere.
const INEXACT: &[&str] = &[
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "exp", "exp2",
    "exp_m1", "hypot", "ln", "ln_1p", "log", "log10", "log2", "powf", "powi", "sin", "sin_cos", "sinh",
    "tan", "tanh",
];

fn engine() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A source of the engine, with the path of its module: `["scenario", "link", "v1"]`.
struct Source {
    file: PathBuf,
    module: Vec<String>,
    code: Code,
}

fn sources() -> Vec<Source> {
    fn visit(folder: &Path, module: &[String], found: &mut Vec<Source>) {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
            .expect("sources can be listed")
            .map(|entry| entry.expect("sources can be listed").path())
            .collect();
        entries.sort();
        for path in entries {
            let stem = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let mut inner = module.to_vec();
            if !matches!(stem.as_str(), "lib" | "mod") {
                inner.push(stem);
            }
            if path.is_dir() {
                if !path.ends_with("tests") {
                    visit(&path, &inner, found);
                }
            } else if !path.ends_with("tests.rs")
                && path.extension().is_some_and(|extension| extension == "rs")
            {
                let code = Code::of(&read(&path), &inner);
                found.push(Source {
                    file: path,
                    module: inner,
                    code,
                });
            }
        }
    }
    let mut found = Vec::new();
    visit(&engine().join("src"), &[], &mut found);
    found
}

/// What the scanner sees in a source: comments, texts and unit tests are no part of it.
#[derive(Default)]
struct Code {
    /// Every path, `use` trees spelled out, with `self` and `super` resolved to `crate`.
    paths: Vec<Vec<String>>,
    /// Every name after a dot.
    methods: Vec<String>,
}

impl Code {
    fn of(source: &str, module: &[String]) -> Self {
        let tokens: TokenStream = source.parse().expect("sources are Rust");
        let mut code = Self::default();
        code.scan(tokens, module, &[]);
        code
    }

    /// Scans a token stream of this module. `prefix` is what stands before the braces of a `use` tree.
    fn scan(&mut self, tokens: TokenStream, module: &[String], prefix: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let ident = |at: usize| match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
            _ => None,
        };
        let punct = |at: usize, character: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == character);
        let mut at = 0;
        while at < tokens.len() {
            let start = at;
            at += 1;
            if let TokenTree::Group(group) = &tokens[start] {
                self.scan(group.stream(), module, &[]);
                continue;
            }
            if punct(start, '*') && !prefix.is_empty() {
                self.paths
                    .push(resolve(&[prefix, &["*".into()]].concat(), module));
                continue;
            }
            let Some(first) = ident(start) else { continue };
            if first == "as" {
                at += 1;
                continue;
            }
            if start > 0 && punct(start - 1, '.') {
                self.methods.push(first.clone());
            }
            if let ("mod", Some(name), Some(TokenTree::Group(body))) =
                (first.as_str(), ident(at), tokens.get(at + 1))
            {
                if start < 2 || !is_cfg_test(&tokens[start - 1]) {
                    self.scan(body.stream(), &[module, &[name]].concat(), &[]);
                }
                at += 2;
                continue;
            }
            let mut path = [prefix, &[first]].concat();
            let mut spelled_out = false;
            while punct(at, ':') && punct(at + 1, ':') {
                match tokens.get(at + 2) {
                    Some(TokenTree::Ident(segment)) => path.push(segment.to_string()),
                    Some(TokenTree::Punct(star)) if star.as_char() == '*' => path.push("*".into()),
                    Some(TokenTree::Group(tree)) if tree.delimiter() == Delimiter::Brace => {
                        self.scan(tree.stream(), module, &path);
                        spelled_out = true;
                    }
                    _ => break,
                }
                at += 3;
            }
            if !spelled_out {
                self.paths.push(resolve(&path, module));
            }
        }
    }

    fn forbidden(&self) -> Vec<String> {
        // A star may bring in any name.
        let names = |path: &[String], with: &[&str]| {
            let matches = path
                .iter()
                .zip(with)
                .all(|(segment, name)| segment == name || segment == "*");
            matches && (path.len() >= with.len() || path.last().is_some_and(|last| last == "*"))
        };
        self.paths
            .iter()
            .filter(|path| FORBIDDEN.iter().any(|with| names(path, with)))
            .map(|path| path.join("::"))
            .collect()
    }

    fn inexact(&self) -> Vec<String> {
        let methods = self
            .methods
            .iter()
            .filter(|name| INEXACT.contains(&name.as_str()));
        let functions = self.paths.iter().filter_map(|path| match path.as_slice() {
            [float, name] if matches!(float.as_str(), "f64" | "f32") && INEXACT.contains(&name.as_str()) => {
                Some(name)
            }
            _ => None,
        });
        methods.chain(functions).cloned().collect()
    }

    /// Modules at the top of the crate that the paths lead into; `*` for all of them.
    fn imports(&self) -> BTreeSet<String> {
        self.paths
            .iter()
            .filter_map(|path| match path.as_slice() {
                [root, top, ..] if root == "crate" => Some(top.clone()),
                _ => None,
            })
            .collect()
    }
}

/// Whether this is the bracketed part of `#[cfg(test)]`.
fn is_cfg_test(token: &TokenTree) -> bool {
    token.to_string().replace(' ', "") == "[cfg(test)]"
}

/// Spells `self` and `super` at the start of a path out from `crate` on.
fn resolve(path: &[String], module: &[String]) -> Vec<String> {
    let mut base: Vec<String> = std::iter::once("crate".to_string())
        .chain(module.iter().cloned())
        .collect();
    let mut rest = path;
    if !matches!(path, [first, ..] if first == "self" || first == "super") {
        return path.to_vec();
    }
    while let [first, tail @ ..] = rest {
        match first.as_str() {
            "self" => {}
            "super" => {
                base.pop();
            }
            _ => break,
        }
        rest = tail;
    }
    base.extend_from_slice(rest);
    base
}

/// The floors as the crate's documentation states them, lowest first.
fn floors(lib: &str) -> Vec<Vec<String>> {
    let docs: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("//!")).collect();
    let docs = docs.join(" ");
    let (_, statement) = docs
        .split_once("each importing only lower ones:")
        .expect("lib.rs states the floors");
    let (statement, _) = statement.split_once('.').expect("the statement ends");
    statement
        .split('<')
        .map(|floor| floor.split('`').skip(1).step_by(2).map(String::from).collect())
        .collect()
}

/// Imports of a module that are neither its own nor of a lower floor.
fn climbs(module: &str, imports: &BTreeSet<String>, floors: &[Vec<String>]) -> Vec<String> {
    let level: BTreeMap<&str, usize> = floors
        .iter()
        .enumerate()
        .flat_map(|(level, floor)| floor.iter().map(move |module| (module.as_str(), level)))
        .collect();
    let own = level.get(module);
    imports
        .iter()
        .filter(|import| *import != module)
        .filter(|import| *import == "*" || level.get(import.as_str()).is_some_and(|other| Some(other) >= own))
        .cloned()
        .collect()
}

/// Names in the `[dependencies]` of a manifest, and sections that an engine without a platform has no use for.
fn dependencies(manifest: &str) -> (Vec<String>, Vec<String>) {
    let (mut names, mut sections) = (Vec::new(), Vec::new());
    let mut within = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            within = header == "dependencies";
            if let Some(name) = header.strip_prefix("dependencies.") {
                names.push(name.to_string());
            } else if header.starts_with("target.") || header == "build-dependencies" {
                sections.push(header.to_string());
            }
        } else if within && !line.starts_with('#') && line.contains('=') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            names.push(name.to_string());
        }
    }
    (names, sections)
}

#[test]
fn the_engine_depends_on_nothing_of_the_web_or_the_operating_system() {
    let (names, sections) = dependencies(&read(&engine().join("Cargo.toml")));
    assert!(names.iter().any(|name| name == "libm"), "found only {names:?}");
    for name in &names {
        assert!(
            DEPENDENCIES.contains(&name.as_str()),
            "{name} is no dependency that the engine may have; one that computes on memory alone is added to DEPENDENCIES"
        );
    }
    assert!(
        sections.is_empty(),
        "the engine is the same on every platform: {sections:?}"
    );
}

#[test]
fn sources_name_nothing_outside_and_take_mathematics_from_libm() {
    let sources = sources();
    assert!(sources.len() > 20);
    for source in sources {
        let file = source.file.display();
        let forbidden = source.code.forbidden();
        assert!(forbidden.is_empty(), "{file} names {forbidden:?}");
        let inexact = source.code.inexact();
        assert!(
            inexact.is_empty(),
            "{file} calls {inexact:?}, which libm has for every target alike"
        );
    }
}

#[test]
fn every_module_stands_on_a_floor_and_imports_only_lower_ones() {
    let floors = floors(&read(&engine().join("src/lib.rs")));
    let known: BTreeSet<&String> = floors.iter().flatten().collect();
    assert_eq!(
        known.len(),
        floors.iter().flatten().count(),
        "a module stands on two floors: {floors:?}"
    );
    let mut seen = BTreeSet::new();
    for Source { file, module, code } in sources() {
        // The crate's root only declares the modules.
        let Some(top) = module.first() else { continue };
        assert!(known.contains(top), "lib.rs puts {top} on no floor");
        let climbs = climbs(top, &code.imports(), &floors);
        assert!(
            climbs.is_empty(),
            "{} imports {climbs:?}, which are not below {top}",
            file.display()
        );
        seen.insert(top.clone());
    }
    assert!(
        known.into_iter().eq(seen.iter()),
        "lib.rs names modules that are not there"
    );
}

/// The scanner's view of a made-up source of module `store`.
fn made_up(source: &str) -> Code {
    Code::of(source, &["store".to_string()])
}

#[test]
fn the_scanner_finds_what_is_forbidden() {
    for source in [
        "use std::fs;",
        "use std::{fmt, fs::File};",
        "use std::{collections::{BTreeMap}, time::{Duration, Instant}};",
        "use std::time::*;",
        "use std::*;",
        "fn f() -> u64 { g(|| { std::time::SystemTime::now(); }) }",
        "fn f() { std :: thread :: spawn(|| ()); }",
        "mod inner { fn f() { ::std::env::var(\"X\"); } }",
        "use web_sys::Window as W;",
        "fn f() { vec![wasm_bindgen::JsValue::NULL]; }",
    ] {
        assert_eq!(made_up(source).forbidden().len(), 1, "{source}");
    }
    for source in [
        "// std::fs\n/// std::thread\nconst A: &str = \"std::env::var\";",
        "use std::time::Duration; use std::fmt; const V: &str = env!(\"CARGO_PKG_VERSION\");",
        "use crate::fs; fn thread() {}",
    ] {
        assert_eq!(made_up(source).forbidden(), [""; 0], "{source}");
    }
}

#[test]
fn the_scanner_finds_mathematics_of_the_platform() {
    for source in [
        "fn f(x: f64) -> f64 { x.ln() }",
        "const F: fn(f64) -> f64 = f64::exp;",
        "fn f() { (1.0_f64).powi(2); }",
    ] {
        assert_eq!(made_up(source).inexact().len(), 1, "{source}");
    }
    let fine = "// x.ln()\nfn f(x: f64) -> f64 { libm::exp(x.sqrt().abs()) }";
    assert_eq!(made_up(fine).inexact(), [""; 0]);
}

#[test]
fn the_scanner_finds_imports_that_climb() {
    let floors = floors(
        "//! each importing only lower ones: `units`,\n//! `random` < `store`, `cluster` < `sim`. Done.",
    );
    assert_eq!(
        floors,
        [vec!["units", "random"], vec!["store", "cluster"], vec!["sim"]]
    );
    let climbs = |source: &str| climbs("store", &made_up(source).imports(), &floors);
    for (source, expected) in [
        ("use crate::sim::Sim;", "sim"),
        ("use crate::{units::Bytes, sim};", "sim"),
        ("use crate::{units::{Bytes, Micros}, cluster::{Slot}};", "cluster"),
        ("fn f() { let x: crate::sim::Sim; }", "sim"),
        ("use super::sim::Sim;", "sim"),
        ("mod inner { use super::super::{sim}; }", "sim"),
        ("macro_rules! m { () => { $crate::sim::Sim } }", "sim"),
        ("use crate::*;", "*"),
        ("use super::*;", "*"),
    ] {
        assert_eq!(climbs(source), [expected], "{source}");
    }
    for source in [
        "use crate::units::Bytes; use crate::{random, VERSION};",
        "use self::sim::X; mod inner { use super::*; use super::sim; }",
        "#[cfg(test)] mod tests { use crate::sim::Sim; }",
        "/// See [`crate::sim::Sim`].\nuse crate::store::memory as sim;",
        "use crate::units::{Bytes as cluster, sim};",
    ] {
        assert_eq!(climbs(source), [""; 0], "{source}");
    }
}

#[test]
fn the_manifest_reader_finds_dependencies() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\nlibm.workspace = true\n# web-sys = 1\nweb-sys = \"0.3\"\n\n\
                    [dependencies.js-sys]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n\
                    [dev-dependencies]\nproptest = \"1\"\n";
    let (names, sections) = dependencies(manifest);
    assert_eq!(names, ["libm", "web-sys", "js-sys"]);
    assert_eq!(sections, ["target.'cfg(unix)'.dependencies"]);
}
