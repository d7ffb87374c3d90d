//! Finding the scenario that an argument names.

use crate::error::Error;
use crate::table;
use cacheplan_engine::scenario::{Scenario, link, presets};
use std::{fs, io};

/// The scenario behind a preset's name, a link or a file.
pub(crate) fn load(argument: &str) -> Result<Scenario, Error> {
    if let Some(preset) = presets().into_iter().find(|preset| preset.id == argument) {
        return Ok(preset.scenario);
    }
    if is_link(argument) {
        return link::decode(argument).map_err(|error| Error::Input(error.to_string()));
    }
    let text = fs::read_to_string(argument).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let names: Vec<&str> = presets().iter().map(|preset| preset.id).collect();
            Error::Input(format!(
                "{argument}: neither a file, nor a link, nor one of the presets {}",
                names.join(", ")
            ))
        }
        _ => Error::Input(format!("{argument}: {error}")),
    })?;
    Scenario::from_json(&text).map_err(|error| Error::Input(format!("{argument}: {error}")))
}

/// Whether it looks like a link, whole or only the part that carries the scenario: `s1.…`.
fn is_link(argument: &str) -> bool {
    let start = argument.trim_start();
    let form = start.strip_prefix('s').and_then(|rest| rest.split_once('.'));
    let bare =
        form.is_some_and(|(form, _)| !form.is_empty() && form.bytes().all(|byte| byte.is_ascii_digit()));
    bare || ["http://", "https://", "#"]
        .iter()
        .any(|prefix| start.starts_with(prefix))
}

/// The presets, one a line.
pub(crate) fn list_presets() -> String {
    let all = presets();
    let rows: Vec<_> = all
        .iter()
        .map(|preset| (preset.id, preset.summary.to_string()))
        .collect();
    table::list(&rows)
}
