//! What came later of how the application gets at values: TTLs that reads renew, keys that nobody has, pools, warming,
//! prefetch, and the database's replicas.

use super::super::code::Code;
use crate::scenario::{Client, Pool, Prefetch, Scenario, Ttl, Warming, Workload};
use crate::units::{PerSecond, Seconds};

/// Of each class, or of the trace: whether its TTL is sliding, and of a class the keys that are absent. Then what is new
/// of client and database.
pub(super) fn access(code: &mut Code<'_>, scenario: &mut Scenario) {
    match &mut scenario.workload {
        Workload::Synthetic { classes } => {
            if code.length(classes.len()) != classes.len() {
                return code.fail();
            }
            for class in classes {
                sliding(code, &mut class.ttl);
                code.f64(&mut class.absent.0);
            }
        }
        Workload::Trace(trace) => sliding(code, &mut trace.ttl),
    }
    client(code, &mut scenario.client);
    code.u32(&mut scenario.database.replicas);
    code.u32(&mut scenario.database.replica_lag_ms);
}

/// The `v1` form has a sliding TTL as a fixed one.
fn sliding(code: &mut Code<'_>, ttl: &mut Ttl) {
    let mut sliding = matches!(ttl, Ttl::Sliding { .. });
    code.bool(&mut sliding);
    if code.reads() && sliding {
        match ttl.seconds() {
            Some(seconds) => *ttl = Ttl::Sliding { seconds },
            None => code.fail(),
        }
    }
}

fn client(code: &mut Code<'_>, client: &mut Client) {
    code.option(&mut client.pool, |code, pool: &mut Pool| {
        code.u32(&mut pool.size);
        code.u32(&mut pool.wait_ms);
    });
    code.option(&mut client.negative_ttl_s, |code, seconds: &mut Seconds| {
        code.u64(&mut seconds.0);
    });
    let kind = match client.warming {
        Warming::None => 0,
        Warming::Throttled { .. } => 1,
        Warming::Greedy => 2,
    };
    let kind = code.one_of(kind, 3);
    if code.reads() {
        let keys_per_s = PerSecond(0.0);
        client.warming = match kind {
            0 => Warming::None,
            1 => Warming::Throttled { keys_per_s },
            _ => Warming::Greedy,
        };
    }
    if let Warming::Throttled { keys_per_s } = &mut client.warming {
        code.f64(&mut keys_per_s.0);
    }
    code.option(&mut client.prefetch, |code, prefetch: &mut Prefetch| {
        code.f64(&mut prefetch.accuracy.0);
        code.u32(&mut prefetch.depth);
    });
}
