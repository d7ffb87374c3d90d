//! What happens when: the happenings of a scenario in order of time, and what holds while they last.

use crate::order::sort_by;
use crate::scenario::{Happening, Scenario, What, Workload};
use crate::units::{Micros, Seconds};

/// A happening begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) at: Micros,
    /// Its number in the scenario.
    pub(crate) happening: u16,
    pub(crate) begins: bool,
}

/// The happenings of a scenario in order of time.
pub(crate) struct Timeline {
    changes: Vec<Change>,
    next: usize,
    active: Vec<bool>,
}

impl Timeline {
    /// Those that begin before `end`.
    pub(crate) fn new(happenings: &[Happening], end: Micros) -> Self {
        let mut changes = Vec::new();
        for (number, happening) in happenings.iter().enumerate() {
            let begins = happening.at_s.micros();
            let mut add = |at: Micros, begins: bool| {
                if at < end {
                    changes.push(Change {
                        at,
                        happening: number as u16,
                        begins,
                    });
                }
            };
            add(begins, true);
            if happening.duration_s > Seconds(0) {
                add(Micros(begins.0 + happening.duration_s.micros().0), false);
            }
        }
        // Stable: what is listed first happens first, and a thing ends no earlier than it begins.
        sort_by(&mut changes, |change| change.at.0);
        Self {
            changes,
            next: 0,
            active: vec![false; happenings.len()],
        }
    }

    /// When the next change is; never when there is none.
    pub(crate) fn next(&self) -> Micros {
        self.changes
            .get(self.next)
            .map_or(Micros(u64::MAX), |change| change.at)
    }

    /// Makes the next change.
    pub(crate) fn step(&mut self) -> Option<Change> {
        let change = *self.changes.get(self.next)?;
        self.next += 1;
        if let Some(active) = self.active.get_mut(usize::from(change.happening)) {
            *active = change.begins;
        }
        Some(change)
    }

    /// Whether a happening has begun and not ended.
    pub(crate) fn is_active(&self, happening: u16) -> bool {
        self.active.get(usize::from(happening)).copied().unwrap_or(false)
    }
}

/// What holds at a time, all happenings that are active taken together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conditions {
    /// Part of the requests turned away.
    pub(crate) shed: f64,
    /// Part of the deletions and updates of cached values that get lost.
    pub(crate) lost_invalidations: f64,
    /// Part of the commands that are refused.
    pub(crate) refused: f64,
    /// Part of the commands that go to the wrong shard first.
    pub(crate) redirected: f64,
    /// Connections to each node besides the application's.
    pub(crate) connections: u32,
    /// How many times as long as usual the database takes.
    pub(crate) database_slowness: f64,
    pub(crate) database_down: bool,
    /// Per shard.
    pub(crate) nodes: Vec<NodeConditions>,
    /// Per key class.
    pub(crate) classes: Vec<ClassConditions>,
}

/// What holds for a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NodeConditions {
    /// How many times as long as usual commands take.
    pub(crate) slowness: f64,
    /// Whether the application cannot reach it.
    pub(crate) cut_off: bool,
}

/// What holds for a key class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ClassConditions {
    /// Request rate over the usual one.
    pub(crate) rate: f64,
    /// Size of new values over the usual one.
    pub(crate) value: f64,
    /// TTL of new values in place of the class's.
    pub(crate) ttl: Option<Seconds>,
}

impl Conditions {
    /// What holds while these happenings are active.
    ///
    /// `most_connections` is what a node takes, `shards` how many there are.
    pub(crate) fn of(scenario: &Scenario, timeline: &Timeline, most_connections: f64, shards: usize) -> Self {
        let names: Vec<Option<&str>> = match &scenario.workload {
            Workload::Synthetic { classes } => {
                classes.iter().map(|class| Some(class.name.as_str())).collect()
            }
            Workload::Trace(_) => vec![None],
        };
        let usual = NodeConditions {
            slowness: 1.0,
            cut_off: false,
        };
        let mut conditions = Self {
            shed: 0.0,
            lost_invalidations: 0.0,
            refused: 0.0,
            redirected: 0.0,
            connections: 0,
            database_slowness: 1.0,
            database_down: false,
            nodes: vec![usual; shards],
            classes: vec![
                ClassConditions {
                    rate: 1.0,
                    value: 1.0,
                    ttl: None,
                };
                names.len()
            ],
        };
        for (number, happening) in scenario.timeline.iter().enumerate() {
            if timeline.is_active(number as u16) {
                conditions.add(&happening.what, &names);
            }
        }
        if conditions.connections > 0 {
            let asked = f64::from(scenario.client.connections_per_node()) + f64::from(conditions.connections);
            also(&mut conditions.refused, (1.0 - most_connections / asked).max(0.0));
        }
        conditions
    }

    fn add(&mut self, what: &What, names: &[Option<&str>]) {
        match what {
            What::Load { class, factor } => {
                self.each_class(class.as_deref(), names, |class| class.rate *= factor);
            }
            What::Deploy {
                class,
                value_factor,
                ttl_s,
            } => self.each_class(class.as_deref(), names, |class| {
                class.value *= value_factor;
                class.ttl = ttl_s.or(class.ttl);
            }),
            What::LoadShedding { share } => also(&mut self.shed, share.0),
            What::LostInvalidations { share } => also(&mut self.lost_invalidations, share.0),
            What::AuthFailures { share } => also(&mut self.refused, share.0),
            What::WrongShard { share } => also(&mut self.redirected, share.0),
            What::Connections { count } => self.connections = self.connections.saturating_add(*count),
            What::DatabaseSlow { factor } => self.database_slowness *= factor,
            What::DatabaseDown => self.database_down = true,
            What::SlowNode { shard, factor } => {
                for (number, node) in self.nodes.iter_mut().enumerate() {
                    if shard.is_none_or(|shard| shard as usize == number) {
                        node.slowness *= factor;
                    }
                }
            }
            What::Partition { shard } => {
                if let Some(node) = self.nodes.get_mut(*shard as usize) {
                    node.cut_off = true;
                }
            }
            // These happen at moments rather than hold.
            What::NodeFailure { .. }
            | What::SlowCommand { .. }
            | What::Flush { .. }
            | What::ZoneLoss { .. }
            | What::ReplicaFailure { .. }
            | What::ReplicaPartition { .. }
            | What::Restart { .. }
            | What::Snapshot
            | What::Reshard { .. }
            | What::Replicas { .. }
            | What::NodeType { .. }
            | What::RegionLoss { .. } => {}
        }
    }

    /// Changes the class of this name, or all of them.
    fn each_class(
        &mut self,
        wanted: Option<&str>,
        names: &[Option<&str>],
        change: impl Fn(&mut ClassConditions),
    ) {
        for (class, name) in self.classes.iter_mut().zip(names) {
            if wanted.is_none() || *name == wanted {
                change(class);
            }
        }
    }
}

/// Adds a share of what is lost to another, independent one.
fn also(share: &mut f64, more: f64) {
    *share = 1.0 - (1.0 - *share) * (1.0 - more);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Share;

    fn scenario(what: &[(u64, u64, What)]) -> Scenario {
        Scenario {
            timeline: what
                .iter()
                .map(|(at, duration, what)| Happening {
                    at_s: Seconds(*at),
                    duration_s: Seconds(*duration),
                    what: what.clone(),
                })
                .collect(),
            ..Scenario::default()
        }
    }

    #[test]
    fn overlapping_happenings_add_up_and_end_on_their_own() {
        let scenario = scenario(&[
            (10, 20, What::DatabaseSlow { factor: 2.0 }),
            (20, 0, What::DatabaseSlow { factor: 3.0 }),
            (0, 40, What::LoadShedding { share: Share(0.5) }),
            (0, 15, What::LoadShedding { share: Share(0.5) }),
            (90, 5, What::DatabaseDown),
        ]);
        let mut timeline = Timeline::new(&scenario.timeline, Seconds(60).micros());
        let mut seen = Vec::new();
        while let Some(change) = timeline.step() {
            let conditions = Conditions::of(&scenario, &timeline, 65_000.0, 3);
            seen.push((
                change.at.0 / 1_000_000,
                conditions.database_slowness,
                conditions.shed,
            ));
        }
        assert_eq!(
            seen,
            [
                (0, 1.0, 0.5),
                (0, 1.0, 0.75),
                (10, 2.0, 0.75),
                (15, 2.0, 0.5),
                (20, 6.0, 0.5),
                (30, 3.0, 0.5),
                (40, 3.0, 0.0),
            ]
        );
        assert_eq!(timeline.next(), Micros(u64::MAX));
    }
}
