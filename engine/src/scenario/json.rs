//! Scenario <-> JSON, the form of files.

use super::{FORMAT_VERSION, Scenario};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_path_to_error::Segment;
use std::fmt;

/// Why a text is no scenario. Displays as a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Made by a newer Cacheplan: the version it says.
    Newer(u64),
    /// No JSON.
    Syntax {
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, counted from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// JSON, but not that of a scenario: an unknown field, one that is missing, or a value of the wrong type.
    Field {
        /// Path of the field, written as in [`Issue`](super::Issue); empty at the top.
        path: String,
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, counted from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
}

impl Scenario {
    /// Reads the JSON form. Sections and fields that are left out take their defaults, except inside a choice such
    /// as `"zipf"`; a `version` left out is 1. Whether the values are valid is for [`Scenario::issues`] to say.
    ///
    /// # Errors
    /// The text is no JSON, has a field that is unknown, missing or of the wrong type, or says that it was made by a
    /// newer version.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let read: Result<Object, _> = serde_path_to_error::deserialize(&mut reader);
        // A newer version likely has fields that are unknown here: what it says explains them.
        if let Some(version) = newer_version(text) {
            return Err(JsonError::Newer(version));
        }
        let Object(scenario) = read.map_err(|error| {
            let path = path_of(error.path());
            JsonError::at(path, &error.into_inner())
        })?;
        reader
            .end()
            .map_err(|error| JsonError::at(String::new(), &error))?;
        Ok(scenario)
    }

    /// The JSON form, indented, with a line feed at the end. The same scenario always gives the same text.
    pub fn to_json(&self) -> String {
        // Only maps with keys that are no texts cannot be written, and a scenario has no maps.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// A scenario that is written as an object: derived code takes a list of its fields' values, too.
struct Object(Scenario);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a scenario")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object, A::Error> {
                Scenario::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// The version that the text says, if it is newer than this one.
fn newer_version(text: &str) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Version {
        version: u64,
    }
    let Version { version } = serde_json::from_str(text).ok()?;
    (version > u64::from(FORMAT_VERSION)).then_some(version)
}

/// The path without the names of choices, so that a field is called the same in every message.
fn path_of(path: &serde_path_to_error::Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            Segment::Map { key } => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}

impl JsonError {
    fn at(path: String, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        // The place is told apart from the message.
        let place = format!(" at line {line} column {column}");
        let message = message.strip_suffix(&place).unwrap_or(&message).to_string();
        // Columns of the reader start at 0 before the first character.
        let column = column.max(1);
        match error.classify() {
            Category::Data => Self::Field {
                path,
                line,
                column,
                message,
            },
            Category::Syntax | Category::Eof | Category::Io => Self::Syntax {
                line,
                column,
                message,
            },
        }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer(version) => write!(
                f,
                "the file was made by a newer version of Cacheplan (its format is {version}, this version reads up to {FORMAT_VERSION})"
            ),
            Self::Syntax {
                line,
                column,
                message,
            } => {
                write!(f, "line {line}, column {column}: not valid JSON: {message}")
            }
            Self::Field {
                path,
                line,
                column,
                message,
            } if path.is_empty() => {
                write!(f, "line {line}, column {column}: {message}")
            }
            Self::Field {
                path,
                line,
                column,
                message,
            } => {
                write!(f, "line {line}, column {column}, {path}: {message}")
            }
        }
    }
}

impl std::error::Error for JsonError {}
