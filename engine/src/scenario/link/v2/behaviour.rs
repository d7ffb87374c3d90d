//! What the application does, how the database behaves, and what happens when.

use super::super::LinkError;
use super::whole;
use crate::scenario::{Client, Database, Happening, Scenario};
use serde::{Deserialize, Serialize};

/// Absent: everything as by default, but for what other parts hold.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct Behaviour {
    client: Client,
    database: Database,
    timeline: Vec<Happening>,
    warm_start: bool,
}

impl Behaviour {
    pub(super) fn write(scenario: &Scenario) -> Option<Vec<u8>> {
        let behaviour = Self {
            client: scenario.client.clone(),
            database: scenario.database.clone(),
            timeline: scenario.timeline.clone(),
            warm_start: scenario.run.warm_start,
        };
        // What the first form and the part of the servers hold of client and database.
        let usual = Self {
            client: Client {
                round_trip_us: behaviour.client.round_trip_us,
                connections: behaviour.client.connections,
                ..Client::default()
            },
            database: Database {
                latency_us: behaviour.database.latency_us,
                capacity_per_s: behaviour.database.capacity_per_s,
                usd_per_million_reads: behaviour.database.usd_per_million_reads,
                ..Database::default()
            },
            timeline: Vec::new(),
            warm_start: false,
        };
        if behaviour == usual {
            return None;
        }
        postcard::to_allocvec(&behaviour).ok()
    }

    pub(super) fn read(bytes: &[u8], scenario: &mut Scenario) -> Result<(), LinkError> {
        let behaviour: Self = whole(bytes)?;
        scenario.client = behaviour.client;
        scenario.database = behaviour.database;
        scenario.timeline = behaviour.timeline;
        scenario.run.warm_start = behaviour.warm_start;
        Ok(())
    }
}
