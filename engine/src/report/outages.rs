//! Times in which a shard had nobody to answer, read off the log.

use crate::scenario::What;
use crate::sim::{Event, Sim};
use crate::units::Micros;

/// A time without a primary, or without a way to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outage {
    pub(super) shard: u16,
    pub(super) from: Micros,
    /// Its end; as far as the run is, when it is not over.
    pub(super) until: Micros,
    /// Whether it is not over.
    pub(super) open: bool,
}

impl Outage {
    pub(super) fn length(&self) -> Micros {
        Micros(self.until.0.saturating_sub(self.from.0))
    }
}

/// Times without a primary that lasted beyond the warm-up, in the order of their beginnings: from its death until a
/// replica took over or it came back.
pub(super) fn outages(sim: &Sim) -> Vec<Outage> {
    spells(sim, |event| match event {
        Event::Failed { shard } => Some((shard, true)),
        Event::Promoted { shard } | Event::Emptied { shard } | Event::Restored { shard } => {
            Some((shard, false))
        }
        _ => None,
    })
}

/// The same for replicas, one of a shard at a time: from the loss of one until one is in step.
pub(super) fn replicas_lost(sim: &Sim) -> Vec<Outage> {
    spells(sim, |event| match event {
        Event::ReplicaLost { shard } => Some((shard, true)),
        Event::Synced { shard } => Some((shard, false)),
        _ => None,
    })
}

/// The same for shards that the application is cut off from.
pub(super) fn cut_off(sim: &Sim) -> Vec<Outage> {
    happenings(sim, |what| match what {
        What::Partition { shard } => Some(*shard as u16),
        _ => None,
    })
}

/// The same for what a happening of a kind lasts; the kind says to which shard it belongs.
pub(super) fn happenings(sim: &Sim, kind: fn(&What) -> Option<u16>) -> Vec<Outage> {
    let timeline = &sim.plan().scenario().timeline;
    let of = |happening: u16| kind(&timeline.get(usize::from(happening))?.what);
    spells(sim, |event| match event {
        Event::Begins { happening } => of(happening).map(|shard| (shard, true)),
        Event::Ends { happening } => of(happening).map(|shard| (shard, false)),
        _ => None,
    })
}

/// Times between events that begin something for a shard (true) and those that end it.
fn spells(sim: &Sim, of: impl Fn(Event) -> Option<(u16, bool)>) -> Vec<Outage> {
    let mut found: Vec<Outage> = Vec::new();
    for logged in sim.logged() {
        let Some((shard, begins)) = of(logged.event) else {
            continue;
        };
        let open = found
            .iter_mut()
            .find(|outage| outage.open && outage.shard == shard);
        match open {
            Some(outage) if !begins => {
                outage.until = logged.at;
                outage.open = false;
            }
            None if begins => found.push(Outage {
                shard,
                from: logged.at,
                until: sim.now(),
                open: true,
            }),
            _ => {}
        }
    }
    let warm_up = sim.plan().scenario().run.warm_up_s.micros();
    found.retain(|outage| outage.until > warm_up);
    found
}
