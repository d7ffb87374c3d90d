//! What the editor works on, and how a field stands in it.

use super::fields::concerns;
use crate::app::quantity::{Unit, exact};
use crate::app::ui::memo;
use crate::session::Session;
use cacheplan_engine::scenario::{Bounds, Issue, Scenario};
use leptos::prelude::*;
use std::sync::Arc;

/// What the controls work on.
#[derive(Clone, Copy)]
pub struct Editing {
    /// Holds the open scenario.
    pub session: Session,
    /// Number of the key class that is open, or of the happening.
    pub class: RwSignal<usize>,
    /// What changes are measured against: the baseline's scenario, else the preset's.
    pub reference: Signal<Option<Arc<Scenario>>>,
}

impl Editing {
    /// A value of the open scenario, and whether it differs from the reference.
    pub fn read<T: Clone + PartialEq + Send + Sync + 'static>(
        self,
        get: impl Fn(&Scenario, usize) -> Option<T> + Copy + Send + Sync + 'static,
    ) -> (Memo<Option<T>>, Memo<Option<T>>) {
        let scenario = self.session.scenario();
        let value = memo(move || scenario.with(|s| get(s, self.class.get())));
        let before = memo(move || {
            let before = self
                .reference
                .with(|reference| reference.as_ref().and_then(|s| get(s, self.class.get())));
            before.filter(|before| value.with(|value| value.as_ref().is_some_and(|value| value != before)))
        });
        (value, before)
    }

    /// The first thing that validation finds wrong with a field, in words.
    pub fn issue(self, path: &'static str) -> Memo<Option<String>> {
        let issues = self.session.issues();
        memo(move || {
            let class = self.class.get();
            issues.with(|issues| {
                issues
                    .iter()
                    .find(|issue| concerns(path, class, &issue.path))
                    .map(explain)
            })
        })
    }

    /// The path of a field with the number of the open class put in.
    pub fn path(self, path: &'static str) -> String {
        let first = path.split('|').next().unwrap_or(path);
        match first.split_once('[') {
            Some((before, after)) => format!("{before}[{}{after}", self.class.get_untracked()),
            None => first.to_string(),
        }
    }
}

/// What an issue asks for, without the path, which the place beside the field tells.
pub fn explain(issue: &Issue) -> String {
    match &issue.bounds {
        Bounds::Range { min, max, unit } => {
            let [min, max] = [*min, *max].map(|bound| exact(bound, Unit::Number));
            format!("Must be between {min} and {max} {unit}")
                .trim_end()
                .into()
        }
        Bounds::OneOf(_) => format!("{} is not known; choose another", issue.value.trim_matches('"')),
        Bounds::Rule(rule) => format!("Must be {rule}"),
    }
}
