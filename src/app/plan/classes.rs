//! Which key class the editor shows; adding, copying and removing classes.

use super::editing::Editing;
use crate::app::ui::{Glyph, Icon, effect, live, live_view, memo, on};
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

/// The list of classes as radio buttons, with what can be done to the open one.
#[component]
pub fn ClassPicker(editing: Editing) -> impl IntoView {
    let Editing { session, class, .. } = editing;
    let scenario = session.scenario();
    let names = memo(move || scenario.with(|scenario| names(scenario)));
    let count = move || names.with(Vec::len);
    // Undo, a preset or a file may leave fewer classes than the open one's number.
    effect(move || {
        let last = count().saturating_sub(1);
        if class.get_untracked() > last {
            class.set(last);
        }
    });
    let add = move |copy: bool| {
        let at = class.get_untracked();
        session.edit("workload.classes", move |scenario| insert(scenario, at, copy));
        class.set(at + 1);
    };
    let remove = move |_| {
        let at = class.get_untracked();
        class.set(at.saturating_sub(1));
        session.edit("workload.classes", move |scenario| remove_at(scenario, at));
    };
    let full = move || count() as f64 >= limits::CLASSES.max;
    view! {
        <fieldset class="classes">
            <legend>"Key classes"</legend>
            <div class="class-list" hidden=live(move || count() < 2)>
                {live_view(move || {
                    names
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(at, name)| {
                            view! {
                                <label class="chip">
                                    <input
                                        type="radio"
                                        name="class"
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
                <button type="button" class="btn small" disabled=live(full) on:click=on(move |_| add(false))>
                    <Icon glyph=Glyph::ADD />
                    "Add"
                </button>
                <button type="button" class="btn small" disabled=live(full) on:click=on(move |_| add(true))>
                    <Icon glyph=Glyph::COPY />
                    "Duplicate"
                </button>
                <button type="button" class="btn small" disabled=live(move || count() < 2) on:click=on(remove)>
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
