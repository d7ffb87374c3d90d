//! What to open when the page is opened.

use cacheplan_engine::scenario::link::{self, LinkError};
use cacheplan_engine::scenario::{Scenario, opening_preset};

/// What to show, and what was wrong with what was asked for.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) scenario: Scenario,
    /// The address holds a link that does not open: why.
    pub(super) bad_link: Option<LinkError>,
    /// Whether this browser kept something that does not open.
    pub(super) bad_save: bool,
    /// What this browser kept, when a link that does not open took precedence.
    pub(super) saved: Option<Scenario>,
}

/// The link of the address, else what this browser kept, else the first preset.
pub(super) fn choose(fragment: &str, kept: Option<&str>) -> Opening {
    let mut opening = Opening {
        scenario: Scenario::default(),
        bad_link: None,
        bad_save: false,
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
    opening.saved = kept.and_then(|kept| link::decode(kept).ok());
    opening.bad_save = kept.is_some() && opening.saved.is_none();
    let saved = match opening.bad_link {
        // Not in place of a link that someone sent: only if the user says so.
        Some(_) => None,
        None => opening.saved.take(),
    };
    opening.scenario = saved.unwrap_or_else(|| opening_preset().scenario);
    opening
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Scenario {
        Scenario {
            name: name.into(),
            ..Scenario::default()
        }
    }

    fn first_preset() -> Scenario {
        opening_preset().scenario
    }

    #[test]
    fn a_link_goes_before_what_was_kept() {
        let opening = choose(&link::encode(&named("sent")), Some(&link::encode(&named("kept"))));
        assert_eq!(opening.scenario.name, "sent");
        assert_eq!(opening.bad_link, None);
    }

    #[test]
    fn what_was_kept_goes_before_the_preset() {
        let opening = choose("", Some(&link::encode(&named("kept"))));
        assert_eq!(opening.scenario.name, "kept");
        assert!(opening.saved.is_none());
        assert_eq!(choose("", None).scenario, first_preset());
    }

    #[test]
    fn a_bad_link_opens_the_preset_and_says_so_and_what_was_kept_is_offered() {
        let link = link::encode(&named("sent"));
        let opening = choose(&link[..link.len() - 5], Some(&link::encode(&named("kept"))));
        assert_eq!(opening.scenario, first_preset());
        assert_eq!(opening.bad_link, Some(LinkError::Cut));
        assert_eq!(opening.saved.map(|saved| saved.name), Some("kept".into()));
        assert_eq!(choose("hello", None).bad_link, Some(LinkError::NotALink));
    }

    #[test]
    fn what_was_kept_and_does_not_open_is_reported() {
        let opening = choose("", Some("s99.AAAA"));
        assert_eq!(opening.scenario, first_preset());
        assert!(opening.bad_save);
    }
}
