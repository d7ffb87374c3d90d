//! Files of recorded runs.

use crate::error::Error;
use serde::de::DeserializeOwned;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A directory with any of the files.
pub(crate) struct Recordings {
    directory: PathBuf,
    /// Names of the files in it, sorted.
    names: Vec<String>,
    /// Text of the only file, when it is at hand and not in a directory.
    held: Option<String>,
}

impl Recordings {
    /// Looks into a directory.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn open(directory: &Path) -> Result<Self, Error> {
        let cannot = |error: io::Error| Error::Input(format!("{}: {error}", directory.display()));
        let mut names = Vec::new();
        for entry in fs::read_dir(directory).map_err(cannot)? {
            names.push(entry.map_err(cannot)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(Self {
            directory: directory.into(),
            names,
            held: None,
        })
    }

    /// A file of this name that is at hand.
    pub(crate) fn held(name: &str, text: String) -> Self {
        Self {
            directory: PathBuf::new(),
            names: vec![name.into()],
            held: Some(text),
        }
    }

    /// Names that match; a final `*` stands for any ending.
    pub(crate) fn matching(&self, pattern: &str) -> Vec<&str> {
        let names = self.names.iter().map(String::as_str);
        match pattern.strip_suffix('*') {
            Some(start) => names.filter(|name| name.starts_with(start)).collect(),
            None => names.filter(|name| *name == pattern).collect(),
        }
    }

    /// Whether a file of this name, or matching this pattern, is there.
    pub(crate) fn has(&self, pattern: &str) -> bool {
        !self.matching(pattern).is_empty()
    }

    /// The rows of a file with one JSON object a line; none when it is not there.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is not such a row: the message names file and line.
    pub(crate) fn rows<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, Error> {
        let text = self.text(name)?;
        text.lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(number, line)| {
                serde_json::from_str(line)
                    .map_err(|error| Error::Input(format!("{name}: line {}: {error}", number + 1)))
            })
            .collect()
    }

    /// A file that is one JSON document; nothing when it is not there.
    ///
    /// # Errors
    /// When the file cannot be read or is not such a document.
    pub(crate) fn document<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        if !self.has(name) {
            return Ok(None);
        }
        serde_json::from_str(&self.text(name)?)
            .map(Some)
            .map_err(|error| Error::Input(format!("{name}: {error}")))
    }

    fn text(&self, name: &str) -> Result<String, Error> {
        if !self.has(name) {
            return Ok(String::new());
        }
        if let Some(text) = &self.held {
            return Ok(text.clone());
        }
        fs::read_to_string(self.directory.join(name))
            .map_err(|error| Error::Input(format!("{name}: {error}")))
    }
}
