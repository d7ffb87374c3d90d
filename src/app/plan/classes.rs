//! Which key class or happening the editor shows; adding, copying and removing them.

use super::editing::Editing;
use super::fields::{happening_name, usual_happening};
use crate::app::quantity::clock;
use crate::app::ui::{Glyph, Icon, attr, effect, live, live_view, memo, on};
use cacheplan_engine::scenario::{KeyClass, Scenario, Workload, limits};
use leptos::prelude::*;

/// Names of the classes, in order; empty for a trace.
fn names(scenario: &Scenario) -> Vec<String> {
    match &scenario.workload {
        Workload::Synthetic { classes } => classes.iter().map(|class| class.name.clone()).collect(),
        Workload::Trace(_) => Vec::new(),
    }
}

/// A name that no class has yet: the given one, or with a number behind it.
fn free_name(classes: &[KeyClass], wanted: &str) -> String {
    let taken = |name: &str| classes.iter().any(|class| class.name == name);
    if !taken(wanted) {
        return wanted.into();
    }
    (2..)
        .map(|number| format!("{wanted} {number}"))
        .find(|name| !taken(name))
        .unwrap_or_else(|| wanted.into())
}

/// Puts a class behind the one at `at`: a copy of it, or a new one.
fn insert(scenario: &mut Scenario, at: usize, copy: bool) {
    if let Workload::Synthetic { classes } = &mut scenario.workload {
        let mut class = if copy { classes.get(at).cloned() } else { None }.unwrap_or_default();
        class.name = free_name(classes, &class.name);
        classes.insert((at + 1).min(classes.len()), class);
    }
}

/// Removes the class at `at` unless it is the only one; those that followed it follow none.
fn remove_at(scenario: &mut Scenario, at: usize) {
    if let Workload::Synthetic { classes } = &mut scenario.workload
        && classes.len() > 1
        && at < classes.len()
    {
        let removed = classes.remove(at).name;
        for class in classes {
            class.follows.take_if(|follow| follow.class == removed);
        }
    }
}

/// Things of a scenario of which one is open in the editor.
pub struct Things {
    /// What they are called together.
    legend: &'static str,
    /// Their path, which is also the name of the buttons.
    path: &'static str,
    /// How few there may be.
    least: usize,
    /// How many there may be.
    most: f64,
    names: fn(&Scenario) -> Vec<String>,
    insert: fn(&mut Scenario, usize, bool),
    remove: fn(&mut Scenario, usize),
}

/// The key classes.
pub static CLASSES: Things = Things {
    legend: "Key classes",
    path: "workload.classes",
    least: 1,
    most: limits::CLASSES.max,
    names,
    insert,
    remove: remove_at,
};

/// What happens during the run.
pub static HAPPENINGS: Things = Things {
    legend: "During the run",
    path: "timeline",
    least: 0,
    most: limits::TIMELINE.max,
    names: |scenario| {
        let happenings = scenario.timeline.iter();
        happenings
            .map(|happening| clock(happening.at_s.0 as f64) + " " + happening_name(happening))
            .collect()
    },
    insert: |scenario, at, copy| {
        let same = if copy {
            scenario.timeline.get(at).cloned()
        } else {
            None
        };
        let happening = same.unwrap_or_else(|| usual_happening(scenario));
        let after = (at + 1).min(scenario.timeline.len());
        scenario.timeline.insert(after, happening);
    },
    remove: |scenario, at| {
        if at < scenario.timeline.len() {
            scenario.timeline.remove(at);
        }
    },
};

/// The list of such things as radio buttons, with what can be done to the open one.
#[component]
pub fn Picker(things: &'static Things, editing: Editing) -> impl IntoView {
    let Editing { session, class, .. } = editing;
    let scenario = session.scenario();
    let names = memo(move || scenario.with(|scenario| (things.names)(scenario)));
    let count = move || names.with(Vec::len);
    // Undo, a preset or a file may leave fewer than the open one's number.
    effect(move || {
        let last = count().saturating_sub(1);
        if class.get_untracked() > last {
            class.set(last);
        }
    });
    let add = move |copy: bool| {
        let at = class.get_untracked();
        let first = names.with_untracked(Vec::is_empty);
        session.edit(things.path, move |scenario| (things.insert)(scenario, at, copy));
        class.set(if first { 0 } else { at + 1 });
    };
    let remove = move |_| {
        let at = class.get_untracked();
        class.set(at.saturating_sub(1));
        session.edit(things.path, move |scenario| (things.remove)(scenario, at));
    };
    let full = move || count() as f64 >= things.most;
    view! {
        <fieldset class="classes">
            <legend>{things.legend}</legend>
            <div class="class-list" {..attr("hidden", live(move || count() <= things.least))}>
                {live_view(move || {
                    names
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(at, name)| {
                            view! {
                                <label class="chip">
                                    <input
                                        {..attr("type", "radio")}
                                        {..attr("name", things.path)}
                                        prop:checked=live(move || class.get() == at)
                                        on:change=on(move |_| class.set(at))
                                    />
                                    <span>{name}</span>
                                </label>
                            }
                        })
                        .collect_view()
                })}
            </div>
            <div class="class-actions">
                <button {..attr("type", "button")} class="btn small" {..attr("disabled", live(full))} on:click=on(move |_| add(false))>
                    <Icon glyph=Glyph::ADD />
                    "Add"
                </button>
                <button
                    {..attr("type", "button")}
                    class="btn small"
                    {..attr("disabled", live(move || full() || count() == 0))}
                    on:click=on(move |_| add(true))
                >
                    <Icon glyph=Glyph::COPY />
                    "Duplicate"
                </button>
                <button {..attr("type", "button")} class="btn small" {..attr("disabled", live(move || count() <= things.least))} on:click=on(remove)>
                    <Icon glyph=Glyph::REMOVE />
                    "Remove"
                </button>
            </div>
        </fieldset>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cacheplan_engine::scenario::Follow;

    #[test]
    fn a_new_class_gets_a_name_of_its_own() {
        let mut scenario = Scenario::default();
        insert(&mut scenario, 0, true);
        insert(&mut scenario, 0, false);
        assert_eq!(names(&scenario), ["objects", "objects 3", "objects 2"]);
    }

    #[test]
    fn happenings_are_added_copied_and_removed() {
        let mut scenario = Scenario::default();
        (HAPPENINGS.insert)(&mut scenario, 0, false);
        assert!(scenario.issues().is_empty());
        scenario.timeline[0].at_s.0 = 3_600;
        (HAPPENINGS.insert)(&mut scenario, 0, true);
        assert_eq!((HAPPENINGS.names)(&scenario), ["01:00 Node failure"; 2]);
        (HAPPENINGS.remove)(&mut scenario, 1);
        (HAPPENINGS.remove)(&mut scenario, 1);
        assert_eq!(scenario.timeline.len(), 1);
    }

    #[test]
    fn nobody_follows_a_class_that_was_removed() {
        let mut scenario = Scenario::default();
        insert(&mut scenario, 0, true);
        if let Workload::Synthetic { classes } = &mut scenario.workload {
            classes[1].follows = Some(Follow {
                class: "objects".into(),
                ..Follow::default()
            });
        }
        assert!(scenario.issues().is_empty());
        remove_at(&mut scenario, 0);
        assert_eq!(names(&scenario), ["objects 2"]);
        assert!(scenario.issues().is_empty());
    }

    #[test]
    fn a_copy_keeps_everything_but_the_name() {
        let mut scenario = Scenario::default();
        if let Workload::Synthetic { classes } = &mut scenario.workload {
            classes[0].keys = 77;
        }
        insert(&mut scenario, 0, true);
        let Workload::Synthetic { classes } = &scenario.workload else {
            panic!()
        };
        assert_eq!(classes[1].keys, 77);
    }
}
