//! Counts what happens, by shard and interval.

use crate::cluster::capacity::Usage;
use crate::histogram::Histogram;
use crate::units::{Bytes, Micros};

/// Lengths that an interval may have, seconds: those that read well on a time axis.
const INTERVALS: [u64; 17] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400,
];

/// Most intervals of a run.
const MOST_INTERVALS: u64 = 480;

/// Defines the counts, and how two are added.
macro_rules! tally {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Weighted counts of one shard or one key class. In a run that simulates every request they are whole numbers.
        #[derive(Clone, Copy, Debug, Default)]
        pub(crate) struct Tally {
            $($(#[$doc])* pub(crate) $name: f64,)*
        }

        impl Tally {
            fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

tally! {
    /// Requests that read, the answer wherever it came from.
    reads,
    /// Requests that write or delete.
    writes,
    /// Reads that a node answered.
    hits,
    /// Of the hits, reads of values that were on an SSD.
    from_ssd,
    /// Reads that a cluster of a secondary region was asked, and of these those that it answered.
    secondary_reads,
    secondary_hits,
    /// Bytes that went to the clusters of secondary regions.
    replicated,
    /// Reads that a near cache answered.
    near_hits,
    cold,
    evicted,
    expired,
    /// Misses because the application had deleted the value.
    invalidated,
    /// Misses because a node had lost the value.
    lost,
    /// Reads that found no node to ask.
    unreachable,
    /// Commands that a Serverless cache refused because they came faster than it takes them.
    throttled,
    /// ECPUs of the commands that it ran.
    ecpu,
    /// Commands beside the reads and writes themselves: values stored after a miss, locks, looks for a value.
    extra_commands,
    /// Values not stored because they are larger than a node takes.
    refused,
    /// Values not stored because memory was full and nothing could be evicted.
    out_of_memory,
    evictions,
    expirations,
    /// Queries that the database was asked, further tries included.
    queries,
    /// Of these, further tries.
    retries,
    /// Queries that the database refused.
    queries_refused,
    /// Queries that the application gave up.
    queries_given_up,
    /// Requests that got no answer.
    failed,
    /// Requests turned away before they reached the cache.
    shed,
    /// Reads that waited for somebody else's rebuild.
    waited,
    /// Reads of a value that the database no longer held.
    stale,
    /// Of these, from near caches.
    stale_near,
    /// Of these, from secondary regions.
    stale_secondary,
    /// Ages of all of these together, seconds since the database changed.
    stale_seconds,
    /// Of the hits, those that found that the database does not have the key.
    negative_hits,
    /// Of the queries, those for a key that the database does not have.
    queries_absent,
    /// Of the queries, those that went to read replicas.
    queries_replicas,
    /// Of the queries, those of warming and prefetch.
    queries_ahead,
    /// Values stored that were out of date by then.
    stale_fills,
    /// Values loaded into an empty cache before anybody asked for them.
    warmed,
    /// Values prefetched into the cache.
    prefetched,
    /// Of these, those read before they were gone.
    prefetched_used,
    /// Of these, those gone before they were read, as far as that showed.
    prefetched_wasted,
    /// Commands that waited for a connection.
    pool_waits,
    /// Requests that did not get one in time.
    pool_timeouts,
    /// Reads of a value past its TTL, served on purpose.
    past_ttl,
    /// Acknowledged writes that a failure lost.
    lost_writes,
}

impl Tally {
    pub(crate) fn misses(&self) -> f64 {
        self.cold + self.evicted + self.expired + self.invalidated + self.lost
    }

    /// Commands that the node ran.
    pub(crate) fn operations(&self) -> f64 {
        self.hits + self.misses() + self.writes + self.extra_commands
    }
}

/// The sum of several.
#[inline(never)]
pub(crate) fn sum<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Tally {
    let mut all = Tally::default();
    for tally in tallies {
        all.add(tally);
    }
    all
}

/// State of the parts at the end of an interval.
pub(crate) struct Loads {
    pub(crate) database_wait: Micros,
    pub(crate) shards: Vec<ShardLoad>,
}

/// State of a shard at the end of an interval; evicted and expired keys since the start of the run.
pub(crate) struct ShardLoad {
    pub(crate) used: Bytes,
    pub(crate) maxmemory: Bytes,
    /// Of the memory used, what is on an SSD.
    pub(crate) on_ssd: Bytes,
    pub(crate) keys: u64,
    pub(crate) evicted: u64,
    pub(crate) expired: u64,
    /// Simple commands per second that the node can run.
    pub(crate) peak: f64,
    /// How the node's last window went.
    pub(crate) usage: Option<Usage>,
    /// Most memory that was there twice so far while a snapshot was written.
    pub(crate) copied: Bytes,
    /// How far its replicas are behind; `None` without any, or without a primary to follow.
    pub(crate) lag: Option<Micros>,
    /// Of a Serverless cache.
    pub(crate) serverless: Option<ServerlessLoad>,
}

/// State of a Serverless cache at the end of an interval.
#[derive(Clone, Copy)]
pub(crate) struct ServerlessLoad {
    /// ECPUs a second that it takes.
    pub(crate) capacity: f64,
    /// Busiest slot of the last window, and the ECPUs a second that it was asked for.
    pub(crate) busiest: (u16, f64),
}

/// Kinds of requests whose latencies are told apart.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Reads that hit.
    Hit,
    /// Reads that missed.
    Miss,
    /// Writes and deletions.
    Write,
}

/// Latencies by kind of request.
#[derive(Clone, Default)]
pub(crate) struct LatencyRecorder {
    pub(crate) hits: Histogram,
    pub(crate) misses: Histogram,
    pub(crate) writes: Histogram,
}

impl LatencyRecorder {
    fn add(&mut self, other: &Self) {
        self.hits.add(&other.hits);
        self.misses.add(&other.misses);
        self.writes.add(&other.writes);
    }

    fn clear(&mut self) {
        self.hits.clear();
        self.misses.clear();
        self.writes.clear();
    }

    /// Latencies of all requests.
    pub(crate) fn all(&self) -> Histogram {
        let mut all = self.hits.clone();
        all.add(&self.misses);
        all.add(&self.writes);
        all
    }
}

/// Groups that the sampled keys are divided into.
pub(crate) const GROUPS: usize = 10;

/// Hits and misses of each group of sampled keys: how far the groups differ tells how far the sample is from all keys.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Groups(pub(crate) [[f64; 2]; GROUPS]);

impl Groups {
    /// Half the width of the interval that holds the hit ratio of all keys 19 times in 20, as far as the choice of keys
    /// decides it; `total` are the hits and misses of all keys, those included that are simulated one by one.
    ///
    /// Groups left out one by one, in turn ("delete-a-group jackknife"). Neighbouring ranks are in different groups, so
    /// that each group is a sample of all ranks like the whole, only thinner.
    pub(crate) fn error(&self, total: [f64; 2]) -> f64 {
        /// Student's t for 95 % with a degree of freedom less than there are groups.
        const T: f64 = 2.262;
        let count = GROUPS as f64;
        let ratio = |[hits, misses]: [f64; 2]| hits / (hits + misses).max(f64::MIN_POSITIVE);
        let sampled = [0, 1].map(|kind| self.0.iter().map(|group| group[kind]).sum::<f64>());
        let without = self.0.map(|group| {
            let of = |kind: usize| {
                let rest = (sampled[kind] - group[kind]) * count / (count - 1.0);
                (total[kind] - sampled[kind] + rest).max(0.0)
            };
            ratio([of(0), of(1)])
        });
        let mean = without.iter().sum::<f64>() / count;
        let squares: f64 = without.iter().map(|one| (one - mean) * (one - mean)).sum();
        T * libm::sqrt(squares * (count - 1.0) / count)
    }
}

/// What one interval recorded.
pub(crate) struct Interval {
    /// Its length: the recorder's, but for the last one of a run.
    pub(crate) seconds: f64,
    /// Per shard.
    pub(crate) tallies: Vec<Tally>,
    /// At its end, per shard.
    pub(crate) shards: Vec<ShardLoad>,
    /// At its end.
    pub(crate) database_wait: Micros,
    /// Per key class.
    pub(crate) classes: Vec<Tally>,
    /// Median and 99th percentile of all requests, microseconds.
    pub(crate) latency: Option<[u64; 2]>,
    /// Requests answered, and those of them that took longer than the objective.
    pub(crate) answered: f64,
    pub(crate) slow: f64,
}

/// Counts what happens, by shard and interval.
pub(crate) struct Recorder {
    interval: Micros,
    end: Micros,
    started: Micros,
    /// Intervals that start before this are left out of the totals.
    warm_up: Micros,
    /// Latency beyond which a request counts as slow.
    slow_beyond: Micros,
    current: Vec<Tally>,
    current_classes: Vec<Tally>,
    current_latency: LatencyRecorder,
    /// Since the warm-up.
    groups: Groups,
    /// Evicted and expired keys per shard up to the last interval.
    before: Vec<(u64, u64)>,
    intervals: Vec<Interval>,
    totals: Vec<Tally>,
    class_totals: Vec<Tally>,
    total_latency: LatencyRecorder,
    total_seconds: f64,
}

impl Recorder {
    /// For a run that ends at `end` and is judged from `warm_up` on. Requests that take longer than `slow_beyond` count
    /// as slow.
    pub(crate) fn new(
        end: Micros,
        warm_up: Micros,
        slow_beyond: Micros,
        shards: usize,
        classes: usize,
    ) -> Self {
        let seconds = end.0.div_ceil(1_000_000);
        let interval = INTERVALS
            .iter()
            .copied()
            .find(|length| seconds.div_ceil(*length) <= MOST_INTERVALS)
            .unwrap_or(seconds.div_ceil(MOST_INTERVALS));
        Self {
            interval: Micros(interval * 1_000_000),
            end,
            started: Micros(0),
            warm_up,
            slow_beyond,
            current: vec![Tally::default(); shards],
            current_classes: vec![Tally::default(); classes],
            current_latency: LatencyRecorder::default(),
            groups: Groups::default(),
            before: vec![(0, 0); shards],
            intervals: Vec::new(),
            totals: vec![Tally::default(); shards],
            class_totals: vec![Tally::default(); classes],
            total_latency: LatencyRecorder::default(),
            total_seconds: 0.0,
        }
    }

    /// Counts so many shards from now on, if they are more than before.
    pub(crate) fn grow(&mut self, shards: usize) {
        let shards = shards.max(self.totals.len());
        self.current.resize(shards, Tally::default());
        self.totals.resize(shards, Tally::default());
        self.before.resize(shards, (0, 0));
    }

    pub(crate) fn interval(&self) -> Micros {
        self.interval
    }

    pub(crate) fn interval_end(&self) -> Micros {
        Micros(self.started.0 + self.interval.0)
    }

    /// Changes the counts of a shard and of a key class in this interval.
    pub(crate) fn count(&mut self, shard: u16, class: u8, change: impl Fn(&mut Tally)) {
        if let Some(tally) = self.current.get_mut(usize::from(shard)) {
            change(tally);
        }
        if let Some(tally) = self.current_classes.get_mut(usize::from(class)) {
            change(tally);
        }
    }

    /// Counts hits and misses of a key of this number that stands for others.
    pub(crate) fn sampled(&mut self, key: u32, hits: f64, misses: f64) {
        if let Some(group) = self.groups.0.get_mut(key as usize % GROUPS) {
            group[0] += hits;
            group[1] += misses;
        }
    }

    /// Notes the latency of requests, in microseconds.
    pub(crate) fn latency(&mut self, kind: Kind, us: f64, weight: f64) {
        let latencies = &mut self.current_latency;
        let histogram = match kind {
            Kind::Hit => &mut latencies.hits,
            Kind::Miss => &mut latencies.misses,
            Kind::Write => &mut latencies.writes,
        };
        histogram.record(Micros::whole(us).0, weight);
    }

    /// Closes the interval.
    #[inline(never)]
    pub(crate) fn end_interval(&mut self, loads: Loads) {
        let end = self.interval_end().0.min(self.end.0);
        let seconds = (end - self.started.0) as f64 / 1e6;
        for ((tally, load), before) in self.current.iter_mut().zip(&loads.shards).zip(&mut self.before) {
            tally.evictions = (load.evicted - before.0) as f64;
            tally.expirations = (load.expired - before.1) as f64;
            *before = (load.evicted, load.expired);
        }
        if self.started >= self.warm_up {
            for (total, tally) in self.totals.iter_mut().zip(&self.current) {
                total.add(tally);
            }
            for (total, tally) in self.class_totals.iter_mut().zip(&self.current_classes) {
                total.add(tally);
            }
            self.total_latency.add(&self.current_latency);
            self.total_seconds += seconds;
        } else {
            self.groups = Groups::default();
        }
        let taken = |tallies: &mut Vec<Tally>| {
            let empty = vec![Tally::default(); tallies.len()];
            core::mem::replace(tallies, empty)
        };
        let latency = self.current_latency.all();
        self.intervals.push(Interval {
            seconds,
            tallies: taken(&mut self.current),
            classes: taken(&mut self.current_classes),
            shards: loads.shards,
            database_wait: loads.database_wait,
            latency: latency.quantiles([0.5, 0.99]),
            answered: latency.total(),
            slow: latency.above(self.slow_beyond.0),
        });
        self.current_latency.clear();
        self.started = self.interval_end();
    }

    /// Closes the last interval if the run ends within one.
    pub(crate) fn finish(&mut self, loads: Loads) {
        if self.started < self.end {
            self.end_interval(loads);
        }
    }

    pub(crate) fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// Whether an interval belongs to the headline figures.
    pub(crate) fn counts(&self, interval: usize) -> bool {
        interval as u64 * self.interval.0 >= self.warm_up.0
    }

    /// Counts per shard after the warm-up.
    pub(crate) fn totals(&self) -> &[Tally] {
        &self.totals
    }

    /// Counts per key class after the warm-up.
    pub(crate) fn class_totals(&self) -> &[Tally] {
        &self.class_totals
    }

    pub(crate) fn groups(&self) -> &Groups {
        &self.groups
    }

    pub(crate) fn total_latency(&self) -> &LatencyRecorder {
        &self.total_latency
    }

    /// Time that the totals cover.
    pub(crate) fn total_seconds(&self) -> f64 {
        self.total_seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn the_stated_error_is_that_of_a_sample() {
        // Ten groups of 1,000 reads that hit with a chance of 0.8, so that the ratio has a standard deviation of
        // 0.004, and as many reads again that are all known to hit, which halves it.
        let mut random = Stream::new(1, 1);
        let mut sum = 0.0;
        for _ in 0..200 {
            let mut groups = Groups::default();
            for group in &mut groups.0 {
                for _ in 0..1_000 {
                    group[usize::from(random.unit() >= 0.8)] += 1.0;
                }
            }
            let [hits, misses] = [0, 1].map(|kind| groups.0.iter().map(|group| group[kind]).sum::<f64>());
            let alone = groups.error([hits, misses]);
            let with_others = groups.error([hits + 10_000.0, misses]);
            assert!((with_others / alone - 0.5).abs() < 1e-9);
            sum += alone / 2.262;
        }
        assert!((sum / 200.0 / 0.004 - 1.0).abs() < 0.06, "{sum}");
    }

    #[test]
    fn without_a_sample_there_is_no_error_of_one() {
        assert!(Groups::default().error([90.0, 10.0]) < 1e-12);
        assert!(Groups::default().error([0.0, 0.0]) < 1e-12);
    }
}
