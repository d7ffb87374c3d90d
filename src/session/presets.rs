//! Scenarios to start from. The first is part of the page; the others are fetched once it stands, as links in a file.

use super::Session;
use cacheplan_engine::scenario::link;
use cacheplan_engine::scenario::{Scenario, opening_preset};
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// Beside the page, as the build puts it there: a line for each preset with its id, its summary and its link, which tabs
/// part.
const FILE: &str = "presets.txt";

/// A scenario to start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Short name for tests and commands.
    pub id: String,
    /// What it shows, in a line.
    pub summary: String,
    /// The scenario.
    pub scenario: Arc<Scenario>,
}

/// What is there from the start.
pub(super) fn first() -> Arc<Vec<Preset>> {
    let preset = opening_preset();
    Arc::new(vec![Preset {
        id: preset.id.into(),
        summary: preset.summary.into(),
        scenario: Arc::new(preset.scenario),
    }])
}

/// The presets of the file; none when a line is not what it should be.
fn read(text: &str) -> Option<Vec<Preset>> {
    text.lines()
        .map(|line| {
            let mut parts = line.split('\t');
            Some(Preset {
                id: parts.next()?.into(),
                summary: parts.next()?.into(),
                scenario: Arc::new(link::decode(parts.next()?).ok()?),
            })
        })
        .collect()
}

/// The text of a file beside the page.
pub async fn fetched(name: &str) -> Option<String> {
    let response = JsFuture::from(window().fetch_with_str(name)).await.ok()?;
    let response: web_sys::Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.text().ok()?).await.ok()?.as_string()
}

impl Session {
    /// The scenarios to start from: the first alone until the others are there.
    pub fn presets(self) -> Signal<Arc<Vec<Preset>>> {
        self.presets.into()
    }

    /// Has the others fetched. Without them the first is still there, and the menu says what is missing.
    pub(super) fn fetch_presets(self) {
        spawn_local(async move {
            if let Some(presets) = fetched(FILE).await.as_deref().and_then(read) {
                self.presets.set(Arc::new(presets));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cacheplan_engine::scenario::presets;

    #[test]
    fn the_file_holds_what_the_engine_offers() {
        let read = read(include_str!("../../public/presets.txt")).unwrap_or_default();
        let offered = presets();
        assert_eq!(read.len(), offered.len());
        for (read, offered) in read.iter().zip(offered) {
            assert_eq!((&*read.id, &*read.summary), (offered.id, offered.summary));
            assert_eq!(*read.scenario, offered.scenario);
        }
        assert_eq!(read.first(), first().first());
    }
}
