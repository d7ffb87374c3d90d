//! How nodes divide keys, follow each other, fail over and write to disk.

use super::super::code::Code;
use crate::scenario::{Aof, ClusterMode, Distribution, Persistence, Replication, Scenario, Snapshots};
use crate::units::Seconds;

/// What the `v1` form does not hold of the cluster.
pub(super) fn nodes(code: &mut Code<'_>, scenario: &mut Scenario) {
    let cluster = &mut scenario.cluster;
    code.choice(
        &mut cluster.cluster_mode,
        &[ClusterMode::Auto, ClusterMode::Enabled, ClusterMode::Disabled],
    );
    code.choice(&mut cluster.distribution, &Distribution::ALL);
    code.option(&mut cluster.slots, |code, weights: &mut Vec<u32>| {
        code.list(weights, Code::u32);
    });
    code.u32(&mut cluster.zones);
    code.bool(&mut cluster.tls);
    code.u32(&mut cluster.node_timeout_ms);
    code.bool(&mut cluster.require_full_coverage);
    code.option(&mut cluster.service_failover_s, |code, seconds: &mut Seconds| {
        code.u64(&mut seconds.0);
    });
    replication(code, &mut cluster.replication);
    persistence(code, &mut cluster.persistence);
}

fn replication(code: &mut Code<'_>, replication: &mut Replication) {
    code.u32(&mut replication.one_way_us);
    code.u32(&mut replication.cross_zone_one_way_us);
    code.u64(&mut replication.diskless_delay_s.0);
    code.bool(&mut replication.diskless_load);
    code.bool(&mut replication.dual_channel);
    code.u64(&mut replication.output_limit_bytes.0);
    code.u64(&mut replication.output_soft_limit_bytes.0);
    code.u64(&mut replication.output_soft_s.0);
}

fn persistence(code: &mut Code<'_>, persistence: &mut Persistence) {
    let mut snapshots = persistence.snapshots.take().map(|s| (s.hour, s.every_h));
    code.option(&mut snapshots, |code, (hour, every_h)| {
        code.u32(hour);
        code.u32(every_h);
    });
    persistence.snapshots = snapshots.map(|(hour, every_h)| Snapshots { hour, every_h });
    code.choice(&mut persistence.aof, &Aof::ALL);
    code.f64(&mut persistence.fork_ms_per_gb);
    code.f64(&mut persistence.rdb_mb_per_s);
    code.f64(&mut persistence.load_mb_per_s);
    code.f64(&mut persistence.rdb_compressed.0);
    code.u32(&mut persistence.fsync_us);
}
