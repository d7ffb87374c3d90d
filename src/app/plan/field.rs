//! The controls of the editor: one component for each kind of field.

use super::editing::Editing;
use super::fields::{Choice, Field, Number, Pick, Text, element_id};
use crate::app::quantity::{QuantityError, exact, parse};
use crate::app::ui::{attr, effect, live, live_view, memo, on};
use cacheplan_engine::scenario::Scenario;
use cacheplan_engine::units::{decimals, within};
use leptos::prelude::*;

/// The control for a field.
#[component]
pub fn Control(field: &'static Field, editing: Editing) -> impl IntoView {
    match field {
        Field::Number(spec) => view! { <NumberControl spec editing /> }.into_any(),
        Field::Choice(spec) => view! { <ChoiceControl spec=Options::Named(spec) editing /> }.into_any(),
        Field::Pick(spec) => view! { <ChoiceControl spec=Options::Numbered(spec) editing /> }.into_any(),
        Field::Text(spec) => view! { <TextControl spec editing /> }.into_any(),
    }
}

/// Label, mark of a change with the way back, controls, and what is wrong with the value.
#[component]
fn Row(
    path: &'static str,
    label: &'static str,
    hint: &'static str,
    /// Classes of the row.
    #[prop(default = "f")]
    class: &'static str,
    hidden: Signal<bool>,
    /// What the value was, as text, when it changed.
    before: Signal<Option<String>>,
    restore: Callback<()>,
    /// What is wrong, or was put right.
    message: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    let id = element_id(path);
    view! {
        <div {..attr("hidden", live(move || hidden.get()))} class=class>
            <div class="f-label">
                <label {..attr("for", id.clone())} {..attr("title", hint)}>
                    {label}
                </label>
                {live_view(move || {
                    before
                        .get()
                        .map(|before| {
                            let name = format!("{label}: put back {before}");
                            view! {
                                <button
                                    {..attr("type", "button")}
                                    class="changed"
                                    {..attr("title", name.clone())}
                                    {..attr("aria-label", name)}
                                    on:click=on(move |_| restore.run(()))
                                ></button>
                            }
                        })
                })}
            </div>
            {children()}
            <p class="f-message" {..attr("id", format!("{id}-message"))} {..attr("role", "status")}>
                {live_view(move || message.get())}
            </p>
            <span class="unseen" {..attr("id", format!("{id}-hint"))}>
                {hint}
            </span>
        </div>
    }
}

/// Ids that describe a control: its hint always, its message too.
fn described_by(id: &str) -> String {
    format!("{id}-message {id}-hint")
}

#[component]
fn NumberControl(spec: &'static Number, editing: Editing) -> impl IntoView {
    let session = editing.session;
    let (value, before) = editing.read(spec.get);
    let issue = editing.issue(spec.path);
    // The text as typed, while it is not yet the value's own; what was wrong with it; the value it stood for.
    let typed = RwSignal::new(None::<String>);
    let trouble = RwSignal::new(None::<String>);
    let own = StoredValue::new(None::<f64>);
    effect(move || {
        if value.get() != own.get_value() {
            typed.set(None);
            trouble.set(None);
            own.set_value(value.get_untracked());
        }
    });
    let show = move |value: f64| exact(value, spec.unit);
    let commit = move |wanted: f64| {
        let wanted = if spec.whole { wanted.round() } else { wanted };
        let class = editing.class.get_untracked();
        // The field may know tighter bounds than its limit, such as those that follow another field.
        let set = session.scenario().with_untracked(|scenario| {
            let mut copy = Scenario::clone(scenario);
            (spec.set)(&mut copy, class, wanted);
            (spec.get)(&copy, class).unwrap_or(wanted)
        });
        own.set_value(Some(set));
        if value.get_untracked() != Some(set) {
            session.edit(editing.path(spec.path), move |scenario| {
                (spec.set)(scenario, class, set);
            });
        }
        set
    };
    let take = move |text: String| match parse(&text, spec.unit) {
        Ok(wanted) => {
            let set = commit(spec.limit.clamp(wanted));
            typed.set(None);
            let bound = if set < wanted { "the most" } else { "the least" };
            let off = (set - wanted).abs() > wanted.abs() * 1e-9 && (set - wanted).abs() >= 1e-12;
            let rounded = spec.whole && (set - wanted).abs() < 1.0;
            trouble.set((off && !rounded).then(|| format!("Set to {}, {bound} possible", show(set))));
        }
        Err(error) => {
            let kept = value.get_untracked().map(show).unwrap_or_default();
            let advice = match error {
                QuantityError::Empty => "Nothing entered".to_string(),
                _ => format!("{error}; write it like {kept}"),
            };
            typed.set(Some(text));
            trouble.set(Some(format!("{advice}. {kept} is kept")));
        }
    };
    let nudge = move |steps: f64| {
        let Some(now) = value.get_untracked() else { return };
        let slider = spec.slider;
        let mut at = slider.position(now);
        let mut next = now;
        // A step may round to the same value on a fine scale: go on to the first that differs.
        for _ in 0..8 {
            at += steps;
            next = slider.value(within(at, 0.0, slider.steps()), spec.unit);
            if (next - now) * steps > 0.0 {
                break;
            }
        }
        if (next - now) * steps > 0.0 {
            typed.set(None);
            trouble.set(None);
            commit(next);
        }
    };
    let id = element_id(spec.path);
    let text = move || {
        typed
            .get()
            .unwrap_or_else(|| value.get().map(show).unwrap_or_default())
    };
    let position = move || value.get().map_or(0.0, |value| spec.slider.position(value));
    let message = Signal::derive(move || trouble.get().or_else(|| issue.get()));
    view! {
        <Row
            path=spec.path
            label=spec.label
            hint=spec.hint
            hidden=Signal::derive(move || value.get().is_none())
            before=Signal::derive(move || before.get().map(show))
            restore=Callback::new(move |()| {
                if let Some(before) = before.get_untracked() {
                    typed.set(None);
                    trouble.set(None);
                    commit(before);
                }
            })
            message
        >
            <input
                {..attr("type", "range")}
                {..attr("max", decimals(spec.slider.steps(), 0))}
                {..attr("aria-label", format!("{}, slider", spec.label))}
                {..attr("aria-valuetext", live(text))}
                style:--at=live(move || decimals(position() / spec.slider.steps() * 100.0, 1) + "%")
                prop:value=live(move || decimals(position(), 0))
                on:input=on(move |event| {
                    if let Ok(position) = event_target_value(&event).parse::<u32>() {
                        typed.set(None);
                        trouble.set(None);
                        commit(spec.slider.value(f64::from(position), spec.unit));
                    }
                })
            />
            <input
                {..attr("type", "text")}
                class="in"
                {..attr("id", id.clone())}
                {..attr("autocomplete", "off")}
                {..attr("spellcheck", "false")}
                {..attr("aria-describedby", described_by(&id))}
                {..attr("aria-invalid", live(move || (issue.get().is_some() || typed.get().is_some() && trouble.get().is_some()).to_string()))}
                prop:value=live(text)
                on:input=on(move |event| {
                    let text = event_target_value(&event);
                    trouble.set(None);
                    typed.set(Some(text.clone()));
                    if let Ok(wanted) = parse(&text, spec.unit) && spec.limit.contains(wanted) {
                        commit(wanted);
                    }
                })
                on:change=on(move |event| take(event_target_value(&event)))
                on:keydown=on(move |event: leptos::ev::KeyboardEvent| {
                    let far = if event.shift_key() { 10.0 } else { 1.0 };
                    match event.key().as_str() {
                        "ArrowUp" => nudge(far),
                        "ArrowDown" => nudge(-far),
                        "PageUp" => nudge(10.0),
                        "PageDown" => nudge(-10.0),
                        "Escape" if typed.get_untracked().is_some() => {
                            typed.set(None);
                            trouble.set(None);
                        }
                        _ => return,
                    }
                    event.prevent_default();
                    event.stop_propagation();
                })
            />
        </Row>
    }
}

/// What a list offers. The values of numbered ones are their numbers as text.
#[derive(Clone, Copy)]
enum Options {
    Named(&'static Choice),
    Numbered(&'static Pick),
}

impl Options {
    fn path(self) -> &'static str {
        match self {
            Self::Named(spec) => spec.path,
            Self::Numbered(spec) => spec.path,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Named(spec) => spec.label,
            Self::Numbered(spec) => spec.label,
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Named(spec) => spec.hint,
            Self::Numbered(spec) => spec.hint,
        }
    }

    /// Values and what people read for them.
    fn all(self, scenario: &Scenario) -> Vec<(String, String)> {
        match self {
            Self::Named(spec) => (spec.options)(scenario),
            Self::Numbered(spec) => {
                let labels = spec.labels.iter().enumerate();
                labels
                    .map(|(at, label)| (at.to_string(), (*label).into()))
                    .collect()
            }
        }
    }

    fn get(self, scenario: &Scenario, class: usize) -> Option<String> {
        match self {
            Self::Named(spec) => (spec.get)(scenario, class),
            Self::Numbered(spec) => (spec.get)(scenario, class).map(|at| at.to_string()),
        }
    }

    fn set(self, scenario: &mut Scenario, class: usize, value: &str) {
        match self {
            Self::Named(spec) => (spec.set)(scenario, class, value),
            Self::Numbered(spec) => {
                if let Ok(at) = value.parse() {
                    (spec.set)(scenario, class, at);
                }
            }
        }
    }
}

#[component]
fn ChoiceControl(spec: Options, editing: Editing) -> impl IntoView {
    let session = editing.session;
    let scenario = session.scenario();
    let (value, before) = editing.read(move |scenario, class| spec.get(scenario, class));
    let issue = editing.issue(spec.path());
    let options = memo(move || scenario.with(|scenario| spec.all(scenario)));
    let choose = move |wanted: String| {
        let class = editing.class.get_untracked();
        session.edit(editing.path(spec.path()), move |scenario| {
            spec.set(scenario, class, &wanted);
        });
    };
    let label_of = move |wanted: &str| {
        options.with(|options| {
            let found = options.iter().find(|(value, _)| value == wanted);
            found.map_or_else(|| wanted.to_string(), |(_, label)| label.clone())
        })
    };
    let id = element_id(spec.path());
    view! {
        <Row
            path=spec.path()
            label=spec.label()
            hint=spec.hint()
            class="f wide"
            hidden=Signal::derive(move || value.get().is_none())
            before=Signal::derive(move || before.get().map(|before| label_of(&before)))
            restore=Callback::new(move |()| {
                if let Some(before) = before.get_untracked() {
                    choose(before);
                }
            })
            message=Signal::derive(move || issue.get())
        >
            <select
                class="in"
                {..attr("id", id.clone())}
                {..attr("aria-describedby", described_by(&id))}
                {..attr("aria-invalid", live(move || issue.get().is_some().to_string()))}
                on:change=on(move |event| choose(event_target_value(&event)))
            >
                {live_view(move || {
                    options
                        .get()
                        .into_iter()
                        .map(|(option, label)| {
                            let own = option.clone();
                            let selected = move || value.with(|value| value.as_deref() == Some(&own));
                            view! {
                                <option {..attr("value", option)} prop:selected=live(selected)>
                                    {label}
                                </option>
                            }
                        })
                        .collect_view()
                })}
            </select>
        </Row>
    }
}

#[component]
fn TextControl(spec: &'static Text, editing: Editing) -> impl IntoView {
    let session = editing.session;
    let (value, before) = editing.read(spec.get);
    let issue = editing.issue(spec.path);
    let typed = RwSignal::new(None::<String>);
    let trouble = RwSignal::new(None::<String>);
    effect(move || {
        value.track();
        typed.set(None);
        trouble.set(None);
    });
    let take = move |text: String| {
        if let Some(wrong) = (spec.check)(&text) {
            trouble.set(Some(wrong.to_string()));
            typed.set(Some(text));
        } else if value.get_untracked().as_deref() != Some(&text) {
            let class = editing.class.get_untracked();
            session.edit(editing.path(spec.path), move |scenario| {
                (spec.set)(scenario, class, &text);
            });
        }
    };
    let id = element_id(spec.path);
    view! {
        <Row
            path=spec.path
            label=spec.label
            hint=spec.hint
            class="f wide"
            hidden=Signal::derive(move || value.get().is_none())
            before=Signal::derive(move || before.get())
            restore=Callback::new(move |()| {
                if let Some(before) = before.get_untracked() {
                    take(before);
                }
            })
            message=Signal::derive(move || trouble.get().or_else(|| issue.get()))
        >
            <input
                {..attr("type", "text")}
                class="in text"
                {..attr("id", id.clone())}
                {..attr("autocomplete", "off")}
                {..attr("maxlength", decimals(spec.longest.max, 0))}
                {..attr("aria-describedby", described_by(&id))}
                {..attr("aria-invalid", live(move || (issue.get().is_some() || trouble.get().is_some()).to_string()))}
                prop:value=live(move || typed.get().unwrap_or_else(|| value.get().unwrap_or_default()))
                on:input=on(move |event| {
                    trouble.set(None);
                    typed.set(Some(event_target_value(&event)));
                })
                on:change=on(move |event| take(event_target_value(&event)))
            />
        </Row>
    }
}
