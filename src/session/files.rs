//! Scenario files: saved to and opened from the user's disk.

use super::notices::Topic;
use super::{NoticeAction, NoticeKind, Session};
use crate::worker::messages::{Cause, Event, Failure, Job};
use cacheplan_engine::scenario::link;
use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

/// Largest file to open: a scenario takes a few kilobytes, and something else should be told apart at once.
const LARGEST: f64 = 1e6;

/// Longest file name without its ending.
const NAME_LENGTH: usize = 60;

impl Session {
    /// Saves the scenario as a JSON file.
    pub fn export_json(self) {
        let scenario = self.scenario.get_untracked();
        let name = file_name(&scenario.name);
        let job = Job::WriteScenario {
            scenario: link::to_bytes(&scenario),
        };
        let listener = move |_, event, _| {
            let saved = match event {
                Event::ScenarioWritten { json } => {
                    download(&name, &json).map_err(|error| Failure::new(Cause::Input, format!("{error:?}")))
                }
                Event::Failed(failure) => Err(failure),
                // Of other jobs.
                _ => Ok(()),
            };
            if let Err(failure) = saved {
                let text = format!(
                    "The file was not saved: {}. The link in the address bar holds the scenario too.",
                    failure.message
                );
                self.notify(Topic::File, NoticeKind::Error, text, ways_on(&failure));
            }
        };
        self.with(|state| state.files.submit(job, JsValue::UNDEFINED, None, listener));
    }

    /// Opens a JSON file: one step of undo.
    pub fn import_json(self, file: web_sys::File) {
        let name = file.name();
        if file.size() > LARGEST {
            let why = "it is too large for a scenario file; to replay a trace, drop it on the workload";
            return self.not_imported(&name, &Failure::new(Cause::Input, why));
        }
        self.with(|state| {
            let listener = move |_, event, _| self.on_import_event(&name, event);
            state.files.submit(Job::ReadScenario, file.into(), None, listener);
        });
    }

    fn on_import_event(self, name: &str, event: Event) {
        match event {
            Event::ScenarioRead { scenario } => match link::from_bytes(&scenario) {
                Ok(scenario) => {
                    self.replace(scenario);
                    let text = format!("Opened “{name}”.");
                    self.notify(Topic::File, NoticeKind::Info, text, &[NoticeAction::Undo]);
                }
                Err(error) => self.not_imported(name, &Failure::new(Cause::Input, error.to_string())),
            },
            Event::Failed(failure) => self.not_imported(name, &failure),
            // Of other jobs.
            _ => {}
        }
    }

    fn not_imported(self, name: &str, failure: &Failure) {
        let text = format!(
            "“{name}” was not opened: {}. The scenario is unchanged.",
            failure.message
        );
        self.notify(Topic::File, NoticeKind::Error, text, ways_on(failure));
    }
}

/// What can be done when a file was not read or written. What reads them is loaded when it is needed, which may be after
/// a newer version was put in its place.
pub(super) fn ways_on(failure: &Failure) -> &'static [NoticeAction] {
    match failure.cause {
        Cause::OtherBuild => &[NoticeAction::Reload],
        Cause::Input | Cause::Crash | Cause::Start => &[],
    }
}

/// A name that every file system takes: letters and digits of the scenario's name, the rest as hyphens.
fn file_name(scenario: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            ' '
        }
    };
    let words: String = scenario.chars().map(plain).collect();
    let name = words.split_whitespace().collect::<Vec<_>>().join("-");
    let name: String = name.chars().take(NAME_LENGTH).collect();
    match name.trim_matches('-') {
        "" => "scenario.cacheplan.json".into(),
        name => format!("{name}.cacheplan.json"),
    }
}

/// Has the browser save text as a file.
fn download(name: &str, text: &str) -> Result<(), JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("application/json");
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has taken the content over with the click.
    web_sys::Url::revoke_object_url(&url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_taken_by_every_file_system() {
        assert_eq!(
            file_name("Web shop: sessions / peak"),
            "web-shop-sessions-peak.cacheplan.json"
        );
        assert_eq!(file_name("../.."), "scenario.cacheplan.json");
        assert_eq!(file_name("Über 90 %"), "Über-90.cacheplan.json");
        assert!(file_name(&"long ".repeat(100)).len() < 100);
    }
}
