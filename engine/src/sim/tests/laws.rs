//! Laws that hold in every run, tested on random scenarios with random faults.
//!
//! `CACHEPLAN_LAWS=10000 cargo test -p cacheplan-engine laws` tries so many scenarios, and
//! `CACHEPLAN_LAWS=123..124` those of these seeds.

use super::dice::{Dice, UNLIMITED};
use super::run;
use crate::random::Stream;
use crate::report::Report;
use crate::scenario::{Client, Guard, OnCacheError, SERVER_POLICY, Scenario, What, Writes};
use crate::sim::{Sim, Tally, node, sum};
use core::ops::Range;

/// Scenarios tried unless told otherwise.
const SCENARIOS: u64 = 100;

/// Relative error of sums of weights that were added up in different orders.
const ROUNDING: f64 = 1e-9;

/// Bytes of a key's name, headers and rounding beside a value.
const ITEM_OVERHEAD: f64 = 200.0;

/// Bytes of a table of pointers for each key while it is moved to one of twice the size: 8 of the old one, and 16 to
/// 32 of the new one, with one in three to one in two places in use.
const TABLES: f64 = 40.0;

/// Each slab class of Memcached takes a page when it first needs one, whatever the limit.
const SLAB_CLASSES: f64 = 63.0;
const PAGE: f64 = 1_048_576.0;

fn scenario(seed: u64) -> Scenario {
    Dice(Stream::new(seed, 100)).scenario()
}

/// What is wrong with a run, in words.
#[derive(Default)]
struct Broken(Vec<String>);

impl Broken {
    fn holds(&mut self, law: &str, holds: bool, figures: &dyn core::fmt::Debug) {
        if !holds {
            self.0.push(format!("{law}: {figures:?}"));
        }
    }

    fn equal(&mut self, law: &str, a: f64, b: f64) {
        let close = (a - b).abs() <= ROUNDING * (1.0 + a.abs().max(b.abs()));
        self.holds(law, close, &(a, b));
    }

    fn at_most(&mut self, law: &str, a: f64, b: f64) {
        self.holds(law, a <= b + ROUNDING * (1.0 + b.abs()), &(a, b));
    }

    /// What holds of the counts of a shard, of a class, of all, in an interval or in the run.
    fn tally(&mut self, of: &str, tally: &Tally) {
        self.equal(
            &format!("{of}: reads = near hits + hits + misses + unreachable"),
            tally.reads,
            tally.near_hits + tally.hits + tally.misses() + tally.unreachable,
        );
        for (name, count) in counts(tally) {
            let valid = count.is_finite() && count >= -ROUNDING;
            self.holds(&format!("{of}: {name} is a count"), valid, &count);
        }
        let answered = tally.hits + tally.near_hits;
        self.at_most(&format!("{of}: stale <= answered"), tally.stale, answered);
        self.at_most(
            &format!("{of}: stale near <= stale"),
            tally.stale_near,
            tally.stale,
        );
        self.at_most(
            &format!("{of}: stale near <= near hits"),
            tally.stale_near,
            tally.near_hits,
        );
        self.at_most(&format!("{of}: past TTL <= hits"), tally.past_ttl, tally.hits);
        self.at_most(
            &format!("{of}: secondary hits <= secondary reads"),
            tally.secondary_hits,
            tally.secondary_reads,
        );
        self.at_most(
            &format!("{of}: stale secondary <= secondary hits"),
            tally.stale_secondary,
            tally.secondary_hits,
        );
        self.at_most(&format!("{of}: from SSD <= hits"), tally.from_ssd, tally.hits);
        self.at_most(&format!("{of}: waited <= misses"), tally.waited, tally.misses());
        self.at_most(
            &format!("{of}: negative hits <= hits"),
            tally.negative_hits,
            tally.hits,
        );
        self.at_most(
            &format!("{of}: queries to replicas <= queries"),
            tally.queries_replicas,
            tally.queries,
        );
        self.at_most(
            &format!("{of}: queries ahead of readers <= queries"),
            tally.queries_ahead,
            tally.queries,
        );
    }

    /// What holds of a whole run, where one interval answers what another asked.
    fn whole(&mut self, of: &str, tally: &Tally, client: &Client) {
        self.tally(of, tally);
        let bad = tally.queries_refused + tally.queries_given_up;
        self.at_most(
            &format!("{of}: refused + given up <= queries"),
            bad,
            tally.queries,
        );
        self.at_most(
            &format!("{of}: retries <= refused + given up"),
            tally.retries,
            bad,
        );
        self.at_most(
            &format!("{of}: failed <= unreachable + refused + given up"),
            tally.failed,
            tally.unreachable + bad,
        );
        // Write-behind asks the cache again once the database has what it did not take.
        let asks = match client.writes {
            Writes::Behind { .. } => 2.0,
            _ => 1.0,
        };
        self.at_most(
            &format!("{of}: throttled <= unreachable + writes"),
            tally.throttled,
            tally.unreachable + asks * tally.writes,
        );
        self.at_most(
            &format!("{of}: prefetched values that were read or wasted <= prefetched"),
            tally.prefetched_used + tally.prefetched_wasted,
            tally.prefetched,
        );
        self.at_most(
            &format!("{of}: values loaded ahead of readers <= queries for them"),
            tally.warmed + tally.prefetched,
            tally.queries_ahead,
        );
        let unreachable = match client.on_cache_error {
            OnCacheError::Database => tally.unreachable,
            OnCacheError::Fail => 0.0,
        };
        let written = match client.writes {
            Writes::Behind { .. } => 0.0,
            _ => tally.writes,
        };
        self.at_most(
            &format!("{of}: who misses and does not wait for others asks the database"),
            tally.misses() - tally.waited + unreachable + written,
            tally.queries - tally.retries,
        );
    }
}

/// The counts by their names.
fn counts(tally: &Tally) -> Vec<(String, f64)> {
    // The derived form names every field, those included that are added later.
    let text = format!("{tally:?}");
    let fields = text
        .trim_start_matches("Tally { ")
        .trim_end_matches(" }")
        .split(", ");
    fields
        .map(|field| {
            let (name, count) = field.split_once(": ").unwrap();
            (name.into(), count.parse().unwrap())
        })
        .collect()
}

/// Counts that are kept by shard alone.
fn has_no_class(name: &str) -> bool {
    matches!(name, "evictions" | "expirations" | "lost_writes")
}

/// Whether nothing happened for so long before the end that nothing can be under way.
fn is_quiet(sim: &Sim) -> bool {
    let scenario = sim.plan.scenario();
    let poll = match scenario.client.guard {
        Guard::Lock { poll_ms } => f64::from(poll_ms),
        _ => 0.0,
    };
    // Who looks for a value again and again waits for a connection however long that takes.
    let processes = 0..scenario.client.instances;
    let waits = processes.flat_map(|process| {
        let pools = sim.shards.iter().filter_map(|shard| shard.pools.as_ref());
        pools.filter_map(move |pools| pools.turn(process, sim.now, &mut Stream::new(0, 0)))
    });
    if waits.map(|turn| turn.wait).fold(0.0, f64::max) > 0.0 {
        return false;
    }
    let database = &scenario.database;
    let again = f64::from(database.timeout_ms.unwrap_or(0).max(scenario.client.timeout_ms))
        + 2.0 * f64::from(database.backoff_ms) * 2_f64.powi(database.retries as i32);
    let mut seconds = 0.0;
    for interval in sim.recorder.intervals().iter().rev() {
        let all = sum(&interval.tallies);
        if all.reads + all.writes + all.queries + all.extra_commands > 0.0 {
            break;
        }
        seconds += interval.seconds;
    }
    // A query that is tried again was first asked when its node had answered.
    let latency = sim.recorder.total_latency().all();
    let [longest] = latency.quantiles([0.999_999]).unwrap_or_default();
    seconds * 1e3 > poll.max(again) + longest as f64 * 1e-3 + 2e3
}

/// All that is wrong with the run of a scenario, and whether it came to rest.
fn broken(seed: u64, scenario: &Scenario) -> (Vec<String>, bool) {
    let sim = run(scenario, || 1_000_000);
    let mut broken = Broken::default();
    let recorder = &sim.recorder;
    for (at, interval) in recorder.intervals().iter().enumerate() {
        for (shard, tally) in interval.tallies.iter().enumerate() {
            broken.tally(&format!("interval {at}, shard {shard}"), tally);
        }
    }
    memory(&mut broken, &sim);
    // Where keys move, one shard is asked again for what another refused, and reads what was prefetched into another.
    let moves = scenario.cluster.auto_scaling.is_some()
        || (scenario.timeline.iter()).any(|happening| matches!(happening.what, What::Reshard { .. }));
    for (shard, tally) in recorder.totals().iter().enumerate() {
        if moves {
            broken.tally(&format!("shard {shard}"), tally);
        } else {
            broken.whole(&format!("shard {shard}"), tally, &scenario.client);
        }
    }
    for (class, tally) in recorder.class_totals().iter().enumerate() {
        broken.whole(&format!("class {class}"), tally, &scenario.client);
    }
    let (all, of_classes) = (sum(recorder.totals()), sum(recorder.class_totals()));
    for ((name, shards), (_, classes)) in counts(&all).into_iter().zip(counts(&of_classes)) {
        if !has_no_class(&name) {
            broken.equal(&format!("{name} of shards and of classes"), shards, classes);
        }
    }
    let intervals = sum(recorder.intervals().iter().flat_map(|interval| &interval.tallies));
    for ((name, whole), (_, parts)) in counts(&all).into_iter().zip(counts(&intervals)) {
        broken.equal(&format!("{name} of the run and of its intervals"), whole, parts);
    }
    if sim.thinning.is_none() {
        let requests = all.reads + all.writes + all.shed;
        broken.equal("requests served and counted", sim.requests as f64, requests);
    }
    let answered = recorder.total_latency().all().total();
    let requests = all.reads + all.writes;
    broken.at_most("answers <= requests", answered, requests);
    let quiet = is_quiet(&sim);
    if quiet {
        broken.equal("answers of a run at rest", answered, requests);
    }
    let whole = serde_json::to_string(&Report::of(&sim)).unwrap();
    let mut dice = Dice(Stream::new(seed, 101));
    let sliced = run(scenario, || u64::from(dice.between(1, 500)));
    let sliced = serde_json::to_string(&Report::of(&sliced)).unwrap();
    broken.holds("slices change nothing", whole == sliced, &());
    (broken.0, quiet)
}

/// Memory at the end of any interval is at most what the limit or an empty node takes, what one command and what
/// comes with it adds, and what tables take that grow after room was made.
fn memory(broken: &mut Broken, sim: &Sim) {
    let scenario = sim.plan.scenario();
    let cluster = &scenario.cluster;
    let server = cluster.policy == SERVER_POLICY && !cluster.engine.is_memcached();
    if server && cluster.redis.maxmemory_eviction_tenacity < UNLIMITED {
        return;
    }
    let deployed: f64 = scenario
        .timeline
        .iter()
        .map(|happening| match happening.what {
            What::Deploy { value_factor, .. } => value_factor.max(1.0),
            _ => 1.0,
        })
        .product();
    let items = sim.keys.iter().map(|key| {
        let bytes = f64::from(key.value_bytes) * deployed + ITEM_OVERHEAD;
        f64::from(key.keys) * bytes
    });
    let item = items.fold(0.0, f64::max);
    let stands_for = sim.keys.iter().map(|key| key.keys).max().unwrap_or(1);
    for (number, keys) in sim.keys.shards().iter().enumerate() {
        let empty = node::store(&sim.plan, &sim.topology, number, keys.simulated, sim.plan.node());
        let intervals = sim.recorder.intervals().iter();
        let loads = intervals.filter_map(|interval| interval.shards.get(number));
        let (used, resident) = loads
            .map(|load| (load.used.0, load.keys))
            .max()
            .unwrap_or_default();
        let more = if scenario.cluster.engine.is_memcached() {
            SLAB_CLASSES * PAGE
        } else {
            2.0 * item + TABLES * (resident + u64::from(stands_for)) as f64
        };
        let most = empty.maxmemory().max(empty.used()).0 as f64 + more;
        broken.at_most(&format!("shard {number}: memory"), used as f64, most);
    }
}

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("CACHEPLAN_LAWS") else {
        return 0..SCENARIOS;
    };
    let number = |text: &str| text.parse().unwrap();
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&text),
    }
}

#[test]
fn laws_hold_in_random_scenarios_with_random_faults() {
    let seeds = seeds();
    let (mut failures, mut at_rest) = (Vec::new(), 0);
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let scenario = scenario(seed);
        let run = std::panic::catch_unwind(|| broken(seed, &scenario));
        let (laws, quiet) = run.unwrap_or_else(|_| (vec!["panicked".into()], false));
        at_rest += u64::from(quiet);
        if !laws.is_empty() {
            failures.push(format!("seed {seed}: {}", laws.join("; ")));
        }
    }
    println!("{count} scenarios, {at_rest} of them at rest in the end");
    assert!(
        failures.is_empty(),
        "{} of {count} scenarios broke a law:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(count < 50 || at_rest * 10 > count, "{at_rest} runs came to rest");
}
