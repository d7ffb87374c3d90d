//! Checks a scenario: every problem with the field's path, the value and the bounds.

use serde::{Deserialize, Serialize};

/// What a field accepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Bounds {
    /// A number between two others, both included, with its unit (empty for a pure number).
    Range {
        /// Smallest accepted value.
        min: f64,
        /// Largest accepted value.
        max: f64,
        /// Unit of both.
        unit: String,
    },
    /// One of these.
    OneOf(Vec<String>),
    /// Something else, in words.
    Rule(String),
}

/// One thing that is wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// Path of the field, such as `workload.classes[0].keys`.
    pub path: String,
    /// The value found, as text.
    pub value: String,
    /// What would be accepted.
    pub bounds: Bounds,
}
