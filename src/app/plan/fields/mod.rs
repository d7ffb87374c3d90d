//! The editor's fields as tables: what each is called, how it is written, its bounds, and how it reads and
//! changes the scenario. The components that show them are the same for all.

mod client;
mod cluster;
mod database;
mod keys;
mod nodes;
mod objectives;
mod run;
mod server;
#[cfg(test)]
mod tests;
mod timeline;
mod traffic;
mod ttl;

pub use client::CLIENT;
pub use cluster::{CLUSTER, PRICES, short_name};
pub use database::DATABASE;
pub use keys::KEYS;
pub use nodes::NODES;
pub use objectives::OBJECTIVES;
pub use run::{RUN, TRACE};
pub use server::{SERVER, summary as server_summary};
pub use timeline::{TIMELINE, name as happening_name, usual_happening};
pub use traffic::TRAFFIC;
pub use ttl::TIME_TO_LIVE;

use crate::app::quantity::{Unit, exact, parse};
use cacheplan_engine::scenario::limits::Limit;
use cacheplan_engine::scenario::{KeyClass, Scenario, Workload};
use cacheplan_engine::units::within;

/// One control of the editor. `usize` is the key class that is open, or the happening; other fields ignore it.
pub enum Field {
    /// A quantity.
    Number(Number),
    /// One of several that follow from the scenario, by their names.
    Choice(Choice),
    /// One of several that are always the same, by their numbers.
    Pick(Pick),
    /// A name.
    Text(Text),
}

/// A quantity.
pub struct Number {
    /// Its path as in [`Issue::path`](cacheplan_engine::scenario::Issue), `[]` standing for the open class.
    /// Variants that hold the same quantity are separated by `|`.
    pub path: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What it means, in a sentence without a full stop.
    pub hint: &'static str,
    /// How it is written.
    pub unit: Unit,
    /// Its bounds.
    pub limit: Limit,
    /// Whether it counts things.
    pub whole: bool,
    /// The range that its slider covers; within the bounds, and narrower where these are generous.
    pub slider: Slider,
    /// Reads it; `None` where the scenario has no such field.
    pub get: fn(&Scenario, usize) -> Option<f64>,
    /// Changes it.
    pub set: fn(&mut Scenario, usize, f64),
}

/// How a slider divides its range.
#[derive(Clone, Copy)]
pub enum Slider {
    /// In equal steps: from, to, step.
    Linear(f64, f64, f64),
    /// In equal ratios: from, to.
    Log(f64, f64),
}

/// One of several.
pub struct Choice {
    /// As [`Number::path`].
    pub path: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What it means.
    pub hint: &'static str,
    /// Values and what people read for them.
    pub options: fn(&Scenario) -> Vec<(String, String)>,
    /// Reads it; `None` where the scenario has no such field.
    pub get: fn(&Scenario, usize) -> Option<String>,
    /// Changes it.
    pub set: fn(&mut Scenario, usize, &str),
}

/// One of several that are always the same.
pub struct Pick {
    /// As [`Number::path`].
    pub path: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What it means.
    pub hint: &'static str,
    /// What people read for each.
    pub labels: &'static [&'static str],
    /// Reads its number in `labels`; `None` where the scenario has no such field.
    pub get: fn(&Scenario, usize) -> Option<usize>,
    /// Changes it.
    pub set: fn(&mut Scenario, usize, usize),
}

/// A name.
pub struct Text {
    /// As [`Number::path`].
    pub path: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What it means.
    pub hint: &'static str,
    /// How long it may be.
    pub longest: Limit,
    /// Reads it; `None` where the scenario has no such field.
    pub get: fn(&Scenario, usize) -> Option<String>,
    /// Changes it.
    pub set: fn(&mut Scenario, usize, &str),
    /// Says what is wrong with a text, if anything.
    pub check: fn(&str) -> Option<&'static str>,
}

impl Slider {
    /// How many steps it has.
    pub fn steps(self) -> f64 {
        match self {
            Self::Linear(from, to, step) => ((to - from) / step).round().max(1.0),
            Self::Log(..) => 240.0,
        }
    }

    /// Which step is nearest to a value.
    pub fn position(self, value: f64) -> f64 {
        let share = match self {
            Self::Linear(from, to, _) => (value - from) / (to - from),
            Self::Log(from, to) => (value.max(from) / from).ln() / (to / from).ln(),
        };
        (within(share, 0.0, 1.0) * self.steps()).round()
    }

    /// The value of a step, rounded to what people would write.
    pub fn value(self, position: f64, unit: Unit) -> f64 {
        let share = position / self.steps();
        match self {
            Self::Linear(from, to, step) => {
                let value = (from + share * (to - from)) / step;
                // A step such as 0.01 has no exact value; its inverse has.
                let inverse = (1.0 / step).round();
                if inverse > 1.0 {
                    value.round() / inverse
                } else {
                    value.round() * step
                }
            }
            Self::Log(from, to) => {
                // The ends need not be round.
                if share <= 0.0 {
                    from
                } else if share >= 1.0 {
                    to
                } else {
                    within(rounded(from * ((to / from).ln() * share).exp(), unit), from, to)
                }
            }
        }
    }
}

/// Two significant digits; spans to whole minutes, hours or days.
fn rounded(value: f64, unit: Unit) -> f64 {
    let quantum = match unit {
        Unit::Seconds if value >= 60.0 => match value {
            v if v < 600.0 => 30.0,
            v if v < 3_600.0 => 300.0,
            v if v < 21_600.0 => 1_800.0,
            v if v < 86_400.0 => 3_600.0,
            v if v < 604_800.0 => 21_600.0,
            _ => 86_400.0,
        },
        _ => 10f64.powi(value.log10().floor() as i32 - 1),
    };
    let steps = (value / quantum).round();
    if quantum < 1.0 {
        steps / (1.0 / quantum).round()
    } else {
        steps * quantum
    }
}

#[cfg(test)]
impl Field {
    /// The path of the field, or of its first variant.
    pub fn path(&self) -> &'static str {
        match self {
            Self::Number(field) => field.path,
            Self::Choice(field) => field.path,
            Self::Pick(field) => field.path,
            Self::Text(field) => field.path,
        }
    }
}

/// Whether an issue at `found` belongs to the field at `path`, with `class` open.
pub fn concerns(path: &str, class: usize, found: &str) -> bool {
    path.split('|').any(|path| match path.split_once('[') {
        None => found == path,
        Some((before, after)) => found
            .strip_prefix(before)
            .and_then(|rest| rest.strip_prefix('['))
            .and_then(|rest| rest.split_once(']'))
            .is_some_and(|(number, rest)| {
                number.parse() == Ok(class) && Some(rest) == after.strip_prefix(']')
            }),
    })
}

/// The id of a field's element: its path with hyphens.
pub fn element_id(path: &str) -> String {
    let first = path.split('|').next().unwrap_or(path);
    let readable = first.chars().filter(|c| !matches!(c, '[' | ']'));
    let hyphened = readable.map(|c| if matches!(c, '.' | '_') { '-' } else { c });
    "field-".chars().chain(hyphened).collect()
}

fn class(scenario: &Scenario, at: usize) -> Option<&KeyClass> {
    match &scenario.workload {
        Workload::Synthetic { classes } => classes.get(at),
        Workload::Trace(_) => None,
    }
}

fn change_class(scenario: &mut Scenario, at: usize, change: impl FnOnce(&mut KeyClass)) {
    if let Workload::Synthetic { classes } = &mut scenario.workload
        && let Some(class) = classes.get_mut(at)
    {
        change(class);
    }
}

fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|&(value, label)| (value.into(), label.into()))
        .collect()
}

/// The bounds of a field in milliseconds as [`Unit::Micros`], which has the words for such spans.
const fn millis(limit: Limit) -> Limit {
    Limit {
        min: limit.min * 1e3,
        max: limit.max * 1e3,
        unit: "µs",
    }
}

/// Milliseconds of microseconds.
fn of_millis(micros: f64) -> u32 {
    (micros / 1e3).round() as u32
}

/// Longest text of a list of pairs.
const LIST_LENGTH: Limit = Limit {
    min: 0.0,
    max: 10_000.0,
    unit: "",
};

/// Pairs of quantities as a text: `0 s: 100/s; 1 h: 5 K/s`.
fn list(pairs: impl Iterator<Item = (f64, f64)>, units: (Unit, Unit)) -> String {
    let pairs: Vec<String> = pairs
        .map(|(one, other)| exact(one, units.0) + ": " + &exact(other, units.1))
        .collect();
    pairs.join("; ")
}

/// What [`list`] wrote, or people did; `None` when it is no such list.
fn pairs(text: &str, units: (Unit, Unit)) -> Option<Vec<(f64, f64)>> {
    text.split(';')
        .map(|pair| {
            let (one, other) = pair.split_once(':')?;
            Some((parse(one, units.0).ok()?, parse(other, units.1).ok()?))
        })
        .collect()
}
