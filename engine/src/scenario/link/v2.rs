//! The frozen form behind `s2.`: that of `s1.`, then numbered parts for what came later.
//!
//! postcard of the `v1` form and a list of (number, bytes of the part). A part is there when it says something else than
//! its absence does, so that most links stay short. Numbers and parts are never changed again, only added: a number
//! that is not known here is of a newer version. The types within the parts are those of the scenario: a published
//! variant or field of theirs is never changed, and new variants come last.

mod access;
mod behaviour;
mod classes;
mod global;
mod nodes;
mod objectives;
mod scaling;
mod serverless;
mod servers;

use super::LinkError;
use super::code::{Code, Fault, bytes_of, read_into};
use super::v1;
use crate::scenario::Scenario;

/// [`FORM`](super::FORM) of the version that adds the next part.
const NEXT: u32 = 3;

/// The parts by their numbers from 1 on: what each holds of a scenario. Absent, that is as the `v1` form and the parts
/// before have it, and by default where none of them does.
const PARTS: [fn(&mut Code<'_>, &mut Scenario); 9] = [
    servers::servers,
    classes::classes,
    nodes::nodes,
    behaviour::behaviour,
    serverless::serverless,
    global::global,
    access::access,
    objectives::objectives,
    scaling::auto_scaling,
];

type Parts = Vec<(u32, Vec<u8>)>;

/// The scenario as the `v1` form has it, and the parts.
fn form(code: &mut Code<'_>, (base, parts): &mut (Scenario, Parts)) {
    v1::scenario_of(code, base);
    code.list(parts, |code, (number, bytes)| {
        code.u32(number);
        code.bytes(bytes);
    });
}

/// The bytes of a scenario; `None` when `v1` holds all of it.
pub(super) fn write(scenario: &Scenario) -> Option<Vec<u8>> {
    let base = v1::read(&v1::write(scenario))?;
    let (mut wanted, mut held) = (scenario.clone(), base.clone());
    let mut parts = Parts::new();
    for (number, part) in (1..).zip(PARTS) {
        let bytes = bytes_of(&mut wanted, part);
        if bytes != bytes_of(&mut held, part) {
            let _ = read_into(&bytes, &mut held, part);
            parts.push((number, bytes));
        }
    }
    (!parts.is_empty()).then(|| bytes_of(&mut (base, parts), form))
}

/// The scenario of the bytes.
///
/// # Errors
/// [`LinkError::Newer`] for an unknown part or variant, [`LinkError::Damaged`] for bytes that are not exactly one scenario.
pub(super) fn read(bytes: &[u8]) -> Result<Scenario, LinkError> {
    let mut read = (Scenario::default(), Parts::new());
    read_into(bytes, &mut read, form)?;
    let (mut scenario, parts) = read;
    for (number, bytes) in parts {
        let part = (number as usize).checked_sub(1).and_then(|at| PARTS.get(at));
        read_into(&bytes, &mut scenario, *part.ok_or(LinkError::Newer(NEXT))?)?;
    }
    Ok(scenario)
}

impl From<Fault> for LinkError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged => Self::Damaged,
            Fault::Newer => Self::Newer(NEXT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_part_is_of_a_newer_version() {
        let mut scenario = Scenario::default();
        scenario.cluster.redis.hz = 50;
        let bytes = write(&scenario).unwrap();
        assert_eq!(read(&bytes), Ok(scenario));
        let mut read_form = (Scenario::default(), Parts::new());
        assert_eq!(read_into(&bytes, &mut read_form, form), Ok(()));
        read_form.1.push((99, vec![1, 2, 3]));
        let newer = bytes_of(&mut read_form, form);
        assert_eq!(read(&newer), Err(LinkError::Newer(NEXT)));
        assert_eq!(read(&newer[..newer.len() - 1]), Err(LinkError::Damaged));
    }

    #[test]
    fn what_the_first_form_holds_needs_no_second() {
        assert_eq!(write(&Scenario::default()), None);
    }

    #[test]
    fn parts_are_what_postcard_makes_of_their_types() {
        let scenario = &mut Scenario::default();
        scenario.timeline = serde_json::from_str(
            r#"[{"at_s": 5, "what": {"deploy": {"class": "a", "value_factor": 2.0, "ttl_s": 9}}},
                {"at_s": 6, "duration_s": 300, "what": {"slow_command": {"milliseconds": 200, "every_s": 3}}},
                {"at_s": 7, "what": "database_down"}]"#,
        )
        .unwrap();
        scenario.client.near = Some(Default::default());
        scenario.client.breaker = Some(Default::default());
        scenario.database.queue = Some(1_000);
        let of = |part: usize, scenario: &mut Scenario| bytes_of(scenario, PARTS[part]);
        let (client, database) = (scenario.client.clone(), scenario.database.clone());
        // What came later is in parts of its own.
        let client = (
            (
                client.round_trip_us,
                client.connections,
                client.new_connections,
                client.read_from,
            ),
            (
                client.instances,
                client.users,
                client.reads,
                client.writes,
                client.guard,
            ),
            (
                client.near,
                client.timeout_ms,
                client.on_cache_error,
                client.breaker,
            ),
        );
        let database = (
            (database.latency_us, database.service, database.capacity_per_s),
            (database.queue, database.timeout_ms, database.cancels),
            (database.retries, database.backoff_ms, database.retry_budget),
            database.usd_per_million_reads,
        );
        let behaviour = (
            client,
            database,
            &scenario.timeline.clone(),
            scenario.run.warm_start,
        );
        assert_eq!(of(3, scenario), postcard::to_allocvec(&behaviour).unwrap());
        let (redis, memcached) = (scenario.cluster.redis.clone(), scenario.cluster.memcached.clone());
        let servers = (false, redis, memcached, scenario.client.connections);
        assert_eq!(
            of(7, scenario),
            postcard::to_allocvec(&scenario.objectives).unwrap()
        );
        assert_eq!(of(0, scenario), postcard::to_allocvec(&servers).unwrap());
    }
}
