//! Memcached: hit ratios of recorded runs, what items cost, slab classes.

use super::cache_aside::{self, Clock, Target, Window};
use super::check::{Check, ErrorKind};
use super::parallel;
use super::recordings::Recordings;
use super::sequence::{Sequence, Ttl, ValueSize, Zipf};
use crate::error::Error;
use cacheplan_engine::scenario::parameters::memcached::{Automove, Lru, Memcached as Options, Version};
use cacheplan_engine::store::memcached::{ClassFigures, Memcached};
use cacheplan_engine::store::{Lookup, NEVER, Value};
use cacheplan_engine::units::{Bytes, Micros, Seconds, Share};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Replays.
pub(crate) const RUNS: &str = "c_memcached.jsonl";
/// Loads of equal items.
pub(crate) const ITEMS: &str = "c_memcached_overhead.jsonl";
/// Slab classes.
pub(crate) const CLASSES: &str = "c_slab_classes_*";

/// Length of the keys of replays.
const KEY_BYTES: u32 = 16;
/// A TTL of more seconds is a time of day (`memcached.c`, `REALTIME_MAXDELTA`).
const LONGEST_TTL_S: u64 = 30 * 24 * 60 * 60;

/// `stats settings` of a server, as far as they bear on what it keeps. What is not told is the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> T {
        self.0
            .get(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        match self.0.get(name).map(String::as_str) {
            Some("yes" | "on") => true,
            Some("no" | "off") => false,
            _ => default,
        }
    }

    /// The start options that show in these settings.
    pub(crate) fn options(&self, version: Version) -> Options {
        let default = Options::modern(version);
        let percent = |name, default: Share| Share(self.number(name, default.0 * 100.0) / 100.0);
        Options {
            version,
            evictions: self.flag("evictions", default.evictions),
            cas: self.flag("cas_enabled", default.cas),
            first_chunk_bytes: self.number("chunk_size", default.first_chunk_bytes),
            growth_factor: self.number("growth_factor", default.growth_factor),
            max_chunk_bytes: Bytes(self.number("slab_chunk_max", default.max_chunk_bytes.0)),
            max_item_bytes: Bytes(self.number("item_size_max", default.max_item_bytes.0)),
            lru: if self.flag("lru_segmented", true) {
                Lru::Segmented
            } else {
                Lru::Flat
            },
            hot_share: percent("hot_lru_pct", default.hot_share),
            warm_share: percent("warm_lru_pct", default.warm_share),
            hot_age_factor: self.number("hot_max_factor", default.hot_age_factor),
            warm_age_factor: self.number("warm_max_factor", default.warm_age_factor),
            reassign: self.flag("slab_reassign", default.reassign),
            automove: match self.number("slab_automove", 1) {
                0 => Automove::Off,
                1 => Automove::ByAge,
                _ => Automove::EveryEviction,
            },
            automove_ratio: Share(self.number("slab_automove_ratio", default.automove_ratio.0)),
            automove_window_s: Seconds(self.number("slab_automove_window", default.automove_window_s.0)),
            crawler: self.flag("lru_crawler", default.crawler),
            hash_power: match self.number("hashpower_init", 0) {
                0 => default.hash_power,
                power => power,
            },
        }
    }
}

/// The version family of a server named like `memcached-1.6.18-deb`, or of a version like `1.6.45`.
pub(crate) fn version_of(name: &str) -> Option<Version> {
    let number = name.split('-').find(|part| part.contains('.'))?;
    let mut parts = number.split('.').map(str::parse::<u32>);
    match (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?) {
        (1, 6, patch) if patch < 34 => Some(Version::V160),
        (1, 6, _) => Some(Version::V1634),
        _ => None,
    }
}

fn known(file: &str, server: &str) -> Result<Version, Error> {
    version_of(server).ok_or_else(|| Error::Input(format!("{file}: no server like {server:?} is known")))
}

#[derive(Deserialize)]
struct Run {
    server: String,
    mem_mb: u64,
    #[serde(default)]
    extra_args: Vec<String>,
    #[serde(flatten)]
    sequence: Sequence,
    req_per_s: f64,
    hit_ratio: f64,
    hit_ratio_last_half: f64,
    curr_items: f64,
    evictions: f64,
    #[serde(default)]
    windows: Vec<Window>,
    #[serde(default)]
    settings: Settings,
}

/// What the engine makes of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Projection {
    pub(crate) hit_ratio: f64,
    pub(crate) hit_ratio_last_half: f64,
    pub(crate) items: u64,
    pub(crate) evictions: u64,
}

/// A simulated node that the requests of a run are put to.
struct Simulated<'a> {
    store: Memcached,
    clock: &'a Clock,
    sizes: ValueSize,
    ttl: Ttl,
}

impl Target for Simulated<'_> {
    type Error = Infallible;

    fn batch(
        &mut self,
        number: u64,
        sets: &[u32],
        gets: &[u32],
        hits: &mut Vec<bool>,
    ) -> Result<(), Infallible> {
        let now = self.clock.at(number);
        for &key in sets {
            let value = Value {
                key_bytes: KEY_BYTES,
                value_bytes: self.sizes.of(key),
                expires: expiry(self.ttl, key, now),
                keys: 1,
            };
            self.store.write(key, value, now);
        }
        hits.extend(gets.iter().map(|&key| self.store.read(key, now) == Lookup::Hit));
        Ok(())
    }
}

/// When a value expires that is stored now. The recorded driver passed the number of a TTL on whatever its unit:
/// milliseconds, too, count as seconds. A time of day lies beyond any run.
fn expiry(ttl: Ttl, key: u32, now: Micros) -> Micros {
    let number = match ttl {
        Ttl::Uniform(..) => ttl.of(key),
        _ => ttl.of(key).map(|ms| ms / 1_000),
    };
    match number {
        Some(seconds) if seconds <= LONGEST_TTL_S => Micros(now.0 + seconds * 1_000_000),
        _ => NEVER,
    }
}

/// Re-creates a run. None when its sizes or TTLs are of no known form.
pub(crate) fn project(options: &Options, limit: Bytes, run: &Sequence, clock: &Clock) -> Option<Projection> {
    let zipf = Zipf::new(run.nkeys, run.alpha);
    let mut target = Simulated {
        store: Memcached::new(options, limit, run.nkeys, run.seed),
        clock,
        sizes: ValueSize::parse(&run.value_size)?,
        ttl: Ttl::parse(&run.ttl)?,
    };
    let Ok(tally) = cache_aside::replay(run.requests(&zipf), run.nreqs, run.batch, &mut target, |_, _| {
        Ok(())
    });
    Some(Projection {
        hit_ratio: tally.hit_ratio(),
        hit_ratio_last_half: tally.hit_ratio_last_half(),
        items: target.store.keys(),
        evictions: target.store.evicted(),
    })
}

/// Hit ratios within 0.3 points; items, classes and chunks exactly.
pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let mut checks = runs(recordings)?;
    checks.extend(items(recordings)?);
    checks.push(classes(recordings)?);
    Ok(checks)
}

fn runs(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let mut late = Check::new("memcached hit ratio, last half", ErrorKind::Points, "share");
    let mut whole = Check::new("memcached hit ratio", ErrorKind::Points, "share");
    let mut resident = Check::new("memcached items at the end", ErrorKind::Percent, "items");
    let mut evictions = Check::new("memcached evictions", ErrorKind::Percent, "items");
    let rows: Vec<Run> = recordings.rows(RUNS)?;
    for row in &rows {
        known(RUNS, &row.server)?;
    }
    let projected = parallel::map(&rows, |row| {
        let mut options = row.settings.options(version_of(&row.server)?);
        options.evictions &= !row.extra_args.iter().any(|arg| arg == "-M");
        options.cas &= !row.extra_args.iter().any(|arg| arg == "-C");
        let clock = Clock::new(&row.windows, row.req_per_s);
        project(&options, Bytes::mib(row.mem_mb), &row.sequence, &clock)
    });
    for (row, projected) in rows.iter().zip(projected) {
        let run = &row.sequence;
        let label = format!(
            "{} MB {}, Zipf {}, {} keys, {}, {:.0} requests/s",
            row.mem_mb,
            row.extra_args.join(" "),
            run.alpha,
            run.nkeys,
            run.value_size,
            row.req_per_s
        );
        let projected = projected
            .ok_or_else(|| Error::Input(format!("{RUNS}: {label}: sizes or TTLs of no known form")))?;
        let pair = (row.hit_ratio_last_half, projected.hit_ratio_last_half);
        late.push(&row.server, label.clone(), pair, Some(0.3));
        whole.push(
            &row.server,
            label.clone(),
            (row.hit_ratio, projected.hit_ratio),
            Some(0.3),
        );
        let pair = (row.curr_items, projected.items as f64);
        resident.push(&row.server, label.clone(), pair, None);
        evictions.push(
            &row.server,
            label,
            (row.evictions, projected.evictions as f64),
            None,
        );
    }
    Ok(vec![late, whole, resident, evictions])
}

#[derive(Deserialize)]
struct ItemRow {
    server: String,
    extra: Vec<String>,
    key_len: u32,
    value_size: u32,
    n: u32,
    bytes_per_item: f64,
    slab_class: String,
    chunk_size: u32,
    chunks_per_page: u32,
    total_pages: u32,
}

fn items(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    /// More than any of the loads take.
    const LIMIT: Bytes = Bytes::gib(64);
    let mut bytes = Check::new("memcached item size", ErrorKind::Exact, "bytes");
    let mut class = Check::new("memcached slab class", ErrorKind::Exact, "class");
    let mut chunk = Check::new("memcached chunk size", ErrorKind::Exact, "bytes");
    let mut pages = Check::new("memcached pages of a load", ErrorKind::Exact, "pages");
    for row in recordings.rows::<ItemRow>(ITEMS)? {
        let mut options = Options::modern(known(ITEMS, &row.server)?);
        options.cas = !row.extra.iter().any(|arg| arg == "-C");
        let mut store = Memcached::new(&options, LIMIT, row.n, 0);
        for key in 0..row.n {
            let value = Value {
                key_bytes: row.key_len,
                value_bytes: row.value_size,
                expires: NEVER,
                keys: 1,
            };
            store.write(key, value, Micros(0));
        }
        let (item, number) = store.item(row.key_len, row.value_size);
        let figures = store.classes().find(|class| class.number == number);
        let measured_class: f64 = row.slab_class.parse().unwrap_or(f64::NAN);
        let label = format!(
            "key {} B, value {} B {}",
            row.key_len,
            row.value_size,
            row.extra.join(" ")
        );
        let exactly = Some(0.0);
        let figure = |of: fn(ClassFigures) -> f64| figures.map_or(f64::NAN, of);
        bytes.push(
            &row.server,
            label.clone(),
            (row.bytes_per_item, item.0 as f64),
            exactly,
        );
        class.push(
            &row.server,
            label.clone(),
            (measured_class, number.into()),
            exactly,
        );
        let pair = (row.chunk_size.into(), figure(|class| class.chunk.0 as f64));
        chunk.push(&row.server, label.clone(), pair, exactly);
        let per_page = (
            row.chunks_per_page.into(),
            figure(|class| class.chunks_per_page.into()),
        );
        pages.push(
            &row.server,
            format!("{label}, chunks per page"),
            per_page,
            exactly,
        );
        let pair = (row.total_pages.into(), figure(|class| class.pages.into()));
        pages.push(&row.server, label, pair, exactly);
    }
    Ok(vec![bytes, class, chunk, pages])
}

#[derive(Deserialize)]
struct ClassesDocument {
    server: String,
    default_slab_classes: BTreeMap<u8, ClassRow>,
    #[serde(default)]
    settings: Settings,
}

#[derive(Deserialize)]
struct ClassRow {
    chunk_size: f64,
    chunks_per_page: f64,
}

fn classes(recordings: &Recordings) -> Result<Check, Error> {
    let mut check = Check::new("memcached slab classes", ErrorKind::Exact, "");
    for name in recordings.matching(CLASSES) {
        let Some(document) = recordings.document::<ClassesDocument>(name)? else {
            continue;
        };
        let options = document.settings.options(known(name, &document.server)?);
        let store = Memcached::new(&options, Bytes::mib(64), 0, 0);
        for (number, row) in &document.default_slab_classes {
            let class = store.all_classes().find(|class| class.number == *number);
            let figure = |of: fn(ClassFigures) -> f64| class.map_or(f64::NAN, of);
            let chunk = (row.chunk_size, figure(|class| class.chunk.0 as f64));
            check.push(
                &document.server,
                format!("class {number}, bytes of a chunk"),
                chunk,
                Some(0.0),
            );
            let per_page = (row.chunks_per_page, figure(|class| class.chunks_per_page.into()));
            check.push(
                &document.server,
                format!("class {number}, chunks per page"),
                per_page,
                Some(0.0),
            );
        }
        let last = document
            .default_slab_classes
            .keys()
            .next_back()
            .copied()
            .unwrap_or(0);
        let count = (f64::from(last), store.all_classes().count() as f64);
        check.push(&document.server, "number of classes".into(), count, Some(0.0));
    }
    Ok(check)
}
