//! What to open when the page is opened.

use cacheplan_engine::scenario::link::{self, LinkError};
use cacheplan_engine::scenario::{Scenario, presets};

/// What to show, and what was wrong with what was asked for.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) scenario: Scenario,
    /// The address holds a link that does not open: why.
    pub(super) bad_link: Option<LinkError>,
    /// What this browser kept does not open: why.
    pub(super) bad_save: Option<String>,
    /// What this browser kept, when a link that does not open took precedence.
    pub(super) saved: Option<Scenario>,
}

/// The link of the address, else what this browser kept, else the first preset.
pub(super) fn choose(fragment: &str, kept: Option<&str>) -> Opening {
    let mut opening = Opening {
        scenario: Scenario::default(),
        bad_link: None,
        bad_save: None,
        saved: None,
    };
    if !fragment.is_empty() {
        match link::decode(fragment) {
            Ok(scenario) => {
                opening.scenario = scenario;
                return opening;
            }
            Err(error) => opening.bad_link = Some(error),
        }
    }
    match kept.map(Scenario::from_json).transpose() {
        Ok(saved) => opening.saved = saved,
        Err(error) => opening.bad_save = Some(error.to_string()),
    }
    let saved = match opening.bad_link {
        // Not in place of a link that someone sent: only if the user says so.
        Some(_) => None,
        None => opening.saved.take(),
    };
    if let Some(scenario) = saved.or_else(|| presets().into_iter().next().map(|preset| preset.scenario)) {
        opening.scenario = scenario;
    }
    opening
}

/// What is wrong with a link and what can be done, for people.
pub(super) fn explain(error: &LinkError) -> String {
    match error {
        LinkError::Cut => {
            "This link is cut: characters are missing at its end. Copy it again as a whole, or ask \
                           whoever sent it to send it as a file."
                .into()
        }
        LinkError::Damaged => {
            "This link is damaged: characters in it were changed on the way. Copy it again, or \
                               ask whoever sent it to send it as a file."
                .into()
        }
        LinkError::Newer(version) => format!(
            "This link was made by a newer Cacheplan (link version {version}) than this page. Reload the page to \
             get the newest version, then open the link again."
        ),
        LinkError::NotALink => "What stands after # in the address is not a Cacheplan link.".into(),
    }
}
