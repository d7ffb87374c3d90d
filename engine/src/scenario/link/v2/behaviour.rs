//! What the application does, how the database behaves, and what happens when.

use super::super::code::Code;
use crate::scenario::{
    Breaker, Client, Database, Guard, Happening, Invalidation, Near, OnCacheError, ReadFrom, Reads, Scenario,
    ServiceTime, Users, What, Writes,
};
use crate::units::{Seconds, Share};

/// Client and database in full, the timeline, and whether the cache is warm at the start.
pub(super) fn behaviour(code: &mut Code<'_>, scenario: &mut Scenario) {
    client(code, &mut scenario.client);
    database(code, &mut scenario.database);
    // Something that is over at once, to put what is read in its place.
    let mut timeline: Vec<Option<Happening>> = scenario.timeline.drain(..).map(Some).collect();
    code.list(&mut timeline, |code, slot| {
        happening(
            code,
            slot.get_or_insert(Happening {
                at_s: Seconds(0),
                duration_s: Seconds(0),
                what: What::DatabaseDown,
            }),
        );
    });
    scenario.timeline = timeline.into_iter().flatten().collect();
    code.bool(&mut scenario.run.warm_start);
}

fn client(code: &mut Code<'_>, client: &mut Client) {
    code.u32(&mut client.round_trip_us);
    code.u32(&mut client.connections);
    code.f64(&mut client.new_connections.0);
    code.choice(&mut client.read_from, &[ReadFrom::Primaries, ReadFrom::Replicas]);
    code.u32(&mut client.instances);
    let mut users = client.users.map(|users| (users.count, users.think_ms));
    code.option(&mut users, |code, (count, think_ms)| {
        code.u32(count);
        code.u32(think_ms);
    });
    client.users = users.map(|(count, think_ms)| Users { count, think_ms });
    reads(code, &mut client.reads);
    writes(code, &mut client.writes);
    guard(code, &mut client.guard);
    code.option(&mut client.near, |code, near: &mut Near| {
        code.u64(&mut near.keys);
        code.u32(&mut near.ttl_ms);
        code.choice(
            &mut near.invalidation,
            &[
                Invalidation::None,
                Invalidation::OwnWrites,
                Invalidation::Tracking,
            ],
        );
    });
    code.u32(&mut client.timeout_ms);
    code.choice(
        &mut client.on_cache_error,
        &[OnCacheError::Database, OnCacheError::Fail],
    );
    code.option(&mut client.breaker, |code, breaker: &mut Breaker| {
        code.u32(&mut breaker.failures);
        code.u32(&mut breaker.open_ms);
    });
}

fn reads(code: &mut Code<'_>, reads: &mut Reads) {
    let kind = match reads {
        Reads::Aside => 0,
        Reads::Through => 1,
        Reads::RefreshAhead { .. } => 2,
    };
    let kind = code.one_of(kind, 3);
    if code.reads() {
        *reads = match kind {
            0 => Reads::Aside,
            1 => Reads::Through,
            _ => Reads::RefreshAhead { after: Share(0.0) },
        };
    }
    if let Reads::RefreshAhead { after } = reads {
        code.f64(&mut after.0);
    }
}

fn writes(code: &mut Code<'_>, writes: &mut Writes) {
    let kind = match writes {
        Writes::Through => 0,
        Writes::Invalidate => 1,
        Writes::Around => 2,
        Writes::Behind { .. } => 3,
    };
    let kind = code.one_of(kind, 4);
    if code.reads() {
        *writes = match kind {
            0 => Writes::Through,
            1 => Writes::Invalidate,
            2 => Writes::Around,
            _ => Writes::Behind { flush_ms: 0 },
        };
    }
    if let Writes::Behind { flush_ms } = writes {
        code.u32(flush_ms);
    }
}

fn guard(code: &mut Code<'_>, guard: &mut Guard) {
    let kind = match guard {
        Guard::None => 0,
        Guard::Lock { .. } => 1,
        Guard::Coalesce => 2,
        Guard::StaleWhileRevalidate { .. } => 3,
        Guard::Early { .. } => 4,
    };
    let kind = code.one_of(kind, 5);
    if code.reads() {
        *guard = match kind {
            0 => Guard::None,
            1 => Guard::Lock { poll_ms: 0 },
            2 => Guard::Coalesce,
            3 => Guard::StaleWhileRevalidate { grace_s: Seconds(0) },
            _ => Guard::Early { beta: 0.0 },
        };
    }
    match guard {
        Guard::Lock { poll_ms } => code.u32(poll_ms),
        Guard::StaleWhileRevalidate { grace_s } => code.u64(&mut grace_s.0),
        Guard::Early { beta } => code.f64(beta),
        Guard::None | Guard::Coalesce => {}
    }
}

fn database(code: &mut Code<'_>, database: &mut Database) {
    code.u32(&mut database.latency_us);
    let kind = match database.service {
        ServiceTime::Exponential => 0,
        ServiceTime::Fixed => 1,
        ServiceTime::Lognormal { .. } => 2,
    };
    let kind = code.one_of(kind, 3);
    if code.reads() {
        database.service = match kind {
            0 => ServiceTime::Exponential,
            1 => ServiceTime::Fixed,
            _ => ServiceTime::Lognormal { sigma: 0.0 },
        };
    }
    if let ServiceTime::Lognormal { sigma } = &mut database.service {
        code.f64(sigma);
    }
    code.f64(&mut database.capacity_per_s.0);
    code.option(&mut database.queue, Code::u32);
    code.option(&mut database.timeout_ms, Code::u32);
    code.bool(&mut database.cancels);
    code.u32(&mut database.retries);
    code.u32(&mut database.backoff_ms);
    code.option(&mut database.retry_budget, |code, share: &mut Share| {
        code.f64(&mut share.0);
    });
    code.f64(&mut database.usd_per_million_reads.0);
}

fn happening(code: &mut Code<'_>, happening: &mut Happening) {
    code.u64(&mut happening.at_s.0);
    code.u64(&mut happening.duration_s.0);
    let what = &mut happening.what;
    let kind = code.one_of(what.kind(), What::KINDS);
    if code.reads() {
        let (class, shard, factor, share) = (None, None, 0.0, Share(0.0));
        *what = match kind {
            0 => What::Load { class, factor },
            1 => What::Deploy {
                class,
                value_factor: factor,
                ttl_s: None,
            },
            2 => What::LoadShedding { share },
            3 => What::NodeFailure { shard: 0 },
            4 => What::Partition { shard: 0 },
            5 => What::SlowNode { shard, factor },
            6 => What::SlowCommand {
                shard,
                milliseconds: 0,
                every_s: Seconds(0),
            },
            7 => What::Flush { shard },
            8 => What::DatabaseSlow { factor },
            9 => What::DatabaseDown,
            10 => What::LostInvalidations { share },
            11 => What::AuthFailures { share },
            12 => What::ZoneLoss { zone: 0 },
            13 => What::ReplicaFailure { shard: 0 },
            14 => What::ReplicaPartition { shard: 0 },
            15 => What::Restart { shard },
            16 => What::Connections { count: 0 },
            17 => What::WrongShard { share },
            18 => What::Snapshot,
            19 => What::Reshard { shards: 0 },
            20 => What::Replicas { replicas: 0 },
            21 => What::NodeType {
                node_type: String::new(),
            },
            _ => What::RegionLoss {
                promotion_s: Seconds(0),
            },
        };
    }
    match what {
        What::Load { class, factor } => {
            code.option(class, Code::text);
            code.f64(factor);
        }
        What::Deploy {
            class,
            value_factor,
            ttl_s,
        } => {
            code.option(class, Code::text);
            code.f64(value_factor);
            code.option(ttl_s, |code, seconds: &mut Seconds| code.u64(&mut seconds.0));
        }
        What::NodeFailure { shard: number }
        | What::Partition { shard: number }
        | What::ReplicaFailure { shard: number }
        | What::ReplicaPartition { shard: number }
        | What::ZoneLoss { zone: number }
        | What::Connections { count: number }
        | What::Reshard { shards: number }
        | What::Replicas { replicas: number } => code.u32(number),
        What::NodeType { node_type } => code.text(node_type),
        What::SlowNode { shard, factor } => {
            code.option(shard, Code::u32);
            code.f64(factor);
        }
        What::SlowCommand {
            shard,
            milliseconds,
            every_s,
        } => {
            code.option(shard, Code::u32);
            code.u32(milliseconds);
            code.u64(&mut every_s.0);
        }
        What::Flush { shard } | What::Restart { shard } => code.option(shard, Code::u32),
        What::DatabaseSlow { factor } => code.f64(factor),
        What::LoadShedding { share }
        | What::LostInvalidations { share }
        | What::AuthFailures { share }
        | What::WrongShard { share } => {
            code.f64(&mut share.0);
        }
        What::RegionLoss { promotion_s } => code.u64(&mut promotion_s.0),
        What::DatabaseDown | What::Snapshot => {}
    }
}
