//! Checks a scenario: every problem with the field's path, the value and the bounds.

mod behaviour;
mod cluster;
mod workload;

use super::limits::{self, Limit};
use super::{FORMAT_VERSION, Objective, Scenario, Workload};
use crate::catalog::{NodeType, node_price, node_type, regions};
use crate::units::decimals;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a field accepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Bounds {
    /// A number between two others, both included, with its unit (empty for a pure number).
    Range {
        /// Smallest accepted value.
        min: f64,
        /// Largest accepted value.
        max: f64,
        /// Unit of both.
        unit: String,
    },
    /// One of these.
    OneOf(Vec<String>),
    /// Something else, in words that go after "it must be".
    Rule(String),
}

/// One thing that is wrong with a scenario. Displays as a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// Path of the field, such as `workload.classes[0].keys`.
    pub path: String,
    /// The value found, as text.
    pub value: String,
    /// What would be accepted.
    pub bounds: Bounds,
}

impl Scenario {
    /// Everything that is wrong with the scenario, in the order of its fields; empty when it can be simulated.
    pub fn issues(&self) -> Vec<Issue> {
        let mut checks = Checks::default();
        checks.scenario(&self.in_effect());
        checks.issues
    }
}

#[derive(Default)]
struct Checks {
    issues: Vec<Issue>,
}

impl Checks {
    fn scenario(&mut self, scenario: &Scenario) {
        if scenario.version != FORMAT_VERSION {
            self.report(
                "version",
                scenario.version,
                Bounds::Rule(FORMAT_VERSION.to_string()),
            );
        }
        self.length("name", &scenario.name, &limits::NAME_LENGTH);
        self.run(scenario);
        match &scenario.workload {
            Workload::Synthetic { classes } => self.classes(classes, scenario.run.duration_s.0 as f64),
            Workload::Trace(trace) => self.trace(trace),
        }
        self.cluster(&scenario.cluster);
        self.client(&scenario.client);
        self.users(scenario);
        self.database(&scenario.database);
        self.timeline(scenario);
        self.prices(scenario);
        self.objectives(scenario);
    }

    fn run(&mut self, scenario: &Scenario) {
        let run = &scenario.run;
        self.integer("run.duration_s", run.duration_s.0, &limits::DURATION_S);
        if run.warm_up_s >= run.duration_s {
            let bounds = format!("less than run.duration_s, {} s", Integer(run.duration_s.0));
            self.report("run.warm_up_s", Integer(run.warm_up_s.0), Bounds::Rule(bounds));
        }
        let budget = run.request_budget;
        self.integer("run.request_budget", budget, &limits::REQUEST_BUDGET);
        let requests = scenario.workload.mean_rate(run.duration_s.0 as f64) * run.duration_s.0 as f64;
        if requests > budget as f64 * limits::REQUESTS_PER_SIMULATED {
            let bounds = format!(
                "at least {}, as the workload makes {} requests and one simulated request may stand for {} at most",
                Number(libm::ceil(requests / limits::REQUESTS_PER_SIMULATED)),
                Number(libm::round(requests)),
                Number(limits::REQUESTS_PER_SIMULATED),
            );
            self.report("run.request_budget", Integer(budget), Bounds::Rule(bounds));
        }
    }

    fn prices(&mut self, scenario: &Scenario) {
        let region = &scenario.prices.region;
        if let Some(usd) = scenario.prices.node_usd_per_hour {
            self.length("prices.region", region, &limits::REGION_LENGTH);
            self.number("prices.node_usd_per_hour", usd.0, &limits::NODE_USD_PER_HOUR);
        } else if !regions().any(|known| known == region) {
            self.one_of("prices.region", region, regions());
        } else if node_type(&scenario.cluster.node_type).is_some_and(|node| unpriced(scenario, node)) {
            let bounds = format!(
                "set, as the catalogue has no price of {} in {region}",
                scenario.cluster.node_type
            );
            self.report("prices.node_usd_per_hour", "empty", Bounds::Rule(bounds));
        }
    }

    fn objectives(&mut self, scenario: &Scenario) {
        for objective in Objective::ALL {
            if let Some(target) = scenario.objectives.target(objective) {
                let path = format!("objectives.{}", objective.field());
                self.number(&path, target, &objective.limit());
            }
        }
    }

    #[inline(never)]
    fn integer(&mut self, path: &str, value: u64, limit: &Limit) {
        if !limit.contains(value as f64) {
            self.report(path, Integer(value), (*limit).into());
        }
    }

    #[inline(never)]
    fn number(&mut self, path: &str, value: f64, limit: &Limit) {
        if !limit.contains(value) {
            self.report(path, Number(value), (*limit).into());
        }
    }

    #[inline(never)]
    fn length(&mut self, path: &str, text: &str, limit: &Limit) {
        let length = text.chars().count();
        if !limit.contains(length as f64) {
            let bounds = format!(
                "at most {} {} long and not {length}",
                limit.max as u64, limit.unit
            );
            self.report(path, Quoted(text), Bounds::Rule(bounds));
        }
    }

    fn one_of<'a>(&mut self, path: &str, value: &str, accepted: impl Iterator<Item = &'a str>) {
        let accepted = accepted.map(String::from).collect();
        self.report(path, Quoted(value), Bounds::OneOf(accepted));
    }

    #[inline(never)]
    fn report(&mut self, path: &str, value: impl fmt::Display, bounds: Bounds) {
        self.issues.push(Issue {
            path: path.into(),
            value: value.to_string(),
            bounds,
        });
    }
}

/// Whether the catalogue lacks a price that it should have: not so where the engine does not run on the type, which is
/// an issue of its own.
fn unpriced(scenario: &Scenario, node: &NodeType) -> bool {
    let engine = scenario.cluster.engine;
    node.supports(engine) && node_price(&scenario.prices.region, node, engine).is_none()
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, value, bounds } = self;
        write!(f, "{path} is {value}; it must be ")?;
        match bounds {
            Bounds::Range { min, max, unit } => {
                write!(f, "between {} and {}", Number(*min), Number(*max))?;
                if unit.is_empty() {
                    Ok(())
                } else {
                    write!(f, " {unit}")
                }
            }
            Bounds::OneOf(accepted) if accepted.len() <= MOST_LISTED => {
                write!(f, "one of {}", accepted.join(", "))
            }
            Bounds::OneOf(accepted) => {
                let found = value.trim_matches('"');
                let mut left: Vec<&str> = accepted.iter().map(String::as_str).collect();
                let mut nearest = Vec::new();
                while nearest.len() < MOST_LISTED {
                    // From the back, as the last of equals is the greatest: names alike keep their order.
                    let best = left
                        .iter()
                        .enumerate()
                        .rev()
                        .max_by_key(|(_, name)| common_prefix(name, found));
                    let Some((at, _)) = best else { break };
                    nearest.push(left.remove(at));
                }
                write!(
                    f,
                    "one of {} names such as {}",
                    accepted.len(),
                    nearest.join(", ")
                )
            }
            Bounds::Rule(rule) => f.write_str(rule),
        }
    }
}

/// Longer lists of accepted names are told by the names most like the one found.
const MOST_LISTED: usize = 8;

fn common_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// A whole number with thousands separators.
struct Integer(u64);

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A number, whole ones with thousands separators.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXACT: f64 = (1u64 << 53) as f64;
        if (1_000.0..EXACT).contains(&self.0) && libm::trunc(self.0).total_cmp(&self.0).is_eq() {
            Integer(self.0 as u64).fmt(f)
        } else {
            // No bound has more decimals, and nobody reads more.
            let text = decimals(self.0, 9);
            f.write_str(if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.')
            } else {
                &text
            })
        }
    }
}

/// A text in quotes, cut where it is too long to be read in a sentence.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 40;
        let mut rest = self.0.chars();
        let shown: String = rest.by_ref().take(MOST).collect();
        let more = if rest.next().is_some() { "…" } else { "" };
        write!(f, "\"{shown}{more}\"")
    }
}
