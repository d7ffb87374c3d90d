//! The frozen form behind `s2.`: that of `s1.`, then numbered parts for what came later.
//!
//! postcard of the `v1` form and a list of (number, bytes of the part). A part is there when it says something else than
//! its absence does, so that most links stay short. Numbers and parts are never changed again, only added: a number
//! that is not known here is of a newer version.

mod behaviour;
mod classes;
mod nodes;

use super::LinkError;
use super::v1;
use crate::scenario::parameters::memcached::Memcached;
use crate::scenario::parameters::redis::Redis;
use crate::scenario::{Client, Cluster, Engine, Scenario};
use behaviour::Behaviour;
use classes::Class;
use nodes::Nodes;
use serde::{Deserialize, Serialize};

/// [`FORM`](super::FORM) of the version that adds the next part.
const NEXT: u32 = 3;

#[derive(Serialize, Deserialize)]
struct Form {
    base: v1::Scenario,
    parts: Vec<(u32, Vec<u8>)>,
}

/// What is set on the servers. Absent: as [`Cluster::default`] and [`Client::default`] have it, on Redis or Valkey.
#[derive(Serialize, Deserialize)]
struct Servers {
    /// Whether they run Memcached, whatever the `v1` form says.
    memcached: bool,
    redis: Redis,
    memcached_options: Memcached,
    connections: u32,
}

/// One numbered part.
struct Part {
    number: u32,
    /// Its bytes; `None` when its absence says the same.
    write: fn(&Scenario) -> Option<Vec<u8>>,
    /// Puts what the bytes say into the scenario.
    read: fn(&[u8], &mut Scenario) -> Result<(), LinkError>,
}

const PARTS: &[Part] = &[
    Part {
        number: 1,
        write: Servers::write,
        read: Servers::read,
    },
    Part {
        number: 2,
        write: Class::write,
        read: Class::read,
    },
    Part {
        number: 3,
        write: Nodes::write,
        read: Nodes::read,
    },
    Part {
        number: 4,
        write: Behaviour::write,
        read: Behaviour::read,
    },
];

/// The bytes of a scenario; `None` when `v1` holds all of it.
pub(super) fn write(scenario: &Scenario) -> Option<Vec<u8>> {
    let parts: Vec<(u32, Vec<u8>)> = PARTS
        .iter()
        .filter_map(|part| Some((part.number, (part.write)(scenario)?)))
        .collect();
    if parts.is_empty() {
        return None;
    }
    let base = v1::Scenario::from(scenario);
    // Growing memory is the only sink and the types hold only what postcard can write: this does not fail.
    postcard::to_allocvec(&Form { base, parts }).ok()
}

impl Servers {
    fn write(scenario: &Scenario) -> Option<Vec<u8>> {
        let cluster = &scenario.cluster;
        let usual = Cluster::default();
        let connections = scenario.client.connections;
        if !cluster.engine.is_memcached()
            && cluster.redis == usual.redis
            && cluster.memcached == usual.memcached
            && connections == Client::default().connections
        {
            return None;
        }
        let servers = Self {
            memcached: cluster.engine.is_memcached(),
            redis: cluster.redis.clone(),
            memcached_options: cluster.memcached.clone(),
            connections,
        };
        postcard::to_allocvec(&servers).ok()
    }

    fn read(bytes: &[u8], scenario: &mut Scenario) -> Result<(), LinkError> {
        let servers: Self = whole(bytes)?;
        if servers.memcached {
            scenario.cluster.engine = Engine::Memcached16;
        }
        scenario.cluster.redis = servers.redis;
        scenario.cluster.memcached = servers.memcached_options;
        scenario.client.connections = servers.connections;
        Ok(())
    }
}

/// The scenario of the bytes.
///
/// # Errors
/// [`LinkError::Newer`] for an unknown part, [`LinkError::Damaged`] for bytes that are not exactly one scenario.
pub(super) fn read(bytes: &[u8]) -> Result<Scenario, LinkError> {
    let form: Form = whole(bytes)?;
    let mut scenario = Scenario::from(form.base);
    for (number, bytes) in form.parts {
        let known = PARTS.iter().find(|part| part.number == number);
        (known.ok_or(LinkError::Newer(NEXT))?.read)(&bytes, &mut scenario)?;
    }
    Ok(scenario)
}

/// What the bytes hold, all of them.
fn whole<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, LinkError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(LinkError::Damaged),
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
        let mut form: Form = whole(&bytes).unwrap();
        form.parts.push((99, vec![1, 2, 3]));
        let newer = postcard::to_allocvec(&form).unwrap();
        assert_eq!(read(&newer), Err(LinkError::Newer(NEXT)));
        assert_eq!(read(&newer[..newer.len() - 1]), Err(LinkError::Damaged));
    }

    #[test]
    fn what_the_first_form_holds_needs_no_second() {
        assert_eq!(write(&Scenario::default()), None);
    }
}
