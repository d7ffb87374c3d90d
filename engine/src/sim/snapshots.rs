//! Snapshots: a fork that stops the server, and pages that it copies while the child writes.

use super::history::Event;
use super::{Due, Sim};
use crate::cluster::persistence::{Dataset, child_memory, copied, fork_pause, snapshot_time};
use crate::units::{Bytes, Micros, Seconds};

impl Sim {
    /// Notes the first snapshots of the run, if any are taken.
    pub(super) fn plan_snapshots(&mut self) {
        let cluster = &self.plan.scenario().cluster;
        if cluster.engine.is_memcached() {
            return;
        }
        if let Some(snapshots) = &cluster.persistence.snapshots {
            let first = Seconds(u64::from(snapshots.hour) * 3_600).micros();
            self.note(first, Due::Snapshot);
        }
    }

    /// A snapshot that is scheduled; the next one is noted.
    #[cold]
    pub(super) fn scheduled_snapshot(&mut self) {
        self.snapshot();
        if let Some(snapshots) = &self.plan.scenario().cluster.persistence.snapshots {
            let again = Seconds(u64::from(snapshots.every_h.max(1)) * 3_600).micros();
            self.note(Micros(self.now.0 + again.0), Due::Snapshot);
        }
    }

    /// Every shard forks and writes a snapshot: its replica where there is one, whose fork delays reads from replicas
    /// only; else its primary.
    pub(super) fn snapshot(&mut self) {
        let cluster = &self.plan.scenario().cluster;
        let persistence = &cluster.persistence;
        let (fork, speed) = (persistence.fork_ms_per_gb, persistence.rdb_mb_per_s);
        let child = child_memory(cluster.engine).0;
        self.snapshot_at = Some(self.now);
        let mean_value = self.keys.mean_value_bytes();
        for shard in self
            .shards
            .iter_mut()
            .filter(|shard| !shard.is_down() && !shard.retired)
        {
            let bytes = shard.store.used();
            let pause = fork_pause(bytes, fork).0 as f64;
            if shard.replicas == 0 {
                shard.thread.stall(self.now, pause);
            } else if let Some(readers) = &mut shard.readers {
                readers.stall(self.now, pause);
            }
            let values = Bytes((shard.store.keys() as f64 * mean_value).min(bytes.0 as f64) as u64);
            let dataset = Dataset {
                bytes,
                value_bytes: values,
            };
            let writes = shard.write_rate * snapshot_time(bytes, speed).as_secs();
            let twice = copied(&dataset, writes, mean_value).0 + child;
            shard.copied = shard.copied.max(Bytes(twice));
        }
        self.put_down(Event::Snapshot);
    }
}
