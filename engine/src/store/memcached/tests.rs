use super::*;
use crate::units::{Seconds, Share};
use proptest::prelude::*;

const MIB: u64 = 1 << 20;

fn node(options: &Options, mib: u64) -> Memcached {
    Memcached::new(options, Bytes::mib(mib), 1_000, 1)
}

fn value(value_bytes: u32) -> Value {
    Value {
        key_bytes: 16,
        value_bytes,
        expires: NEVER,
        keys: 1,
    }
}

fn at(seconds: f64) -> Micros {
    Micros((seconds * 1e6) as u64)
}

/// The class of items with a value of 100 bytes: chunks of 192 bytes, 5,461 to the page.
const HUNDRED: usize = 4;

fn queue_of(store: &Memcached, key: u32) -> Option<Queue> {
    let item = store.items.item(key);
    item.resident().then(|| item.queue())
}

/// Walks all queues: every resident item is in the queue that it says, sums are right, chunks add up.
fn check(store: &Memcached) {
    let mut seen = 0;
    let mut chunks = [0; CLASSES];
    for class in 1..=store.slabs.largest() {
        for queue in Queue::ALL {
            let list = store.items.list(class, queue);
            let (mut key, mut keys, mut bytes, mut items) = (list.tail, 0, 0, 0);
            while key != queues::NONE {
                let item = store.items.item(key);
                assert!(item.resident() && item.queue() == queue && usize::from(item.class) == class);
                keys += u64::from(item.keys);
                bytes += u64::from(item.bytes) * u64::from(item.keys);
                items += 1;
                if u64::from(item.bytes) <= store.slabs.max_chunk() {
                    chunks[class] += u64::from(item.keys);
                } else {
                    let chain = store.chain(&item);
                    let largest = store.slabs.largest();
                    chunks[chain.head] += u64::from(item.keys);
                    chunks[largest] += u64::from(chain.full * item.keys);
                    let last = if item.has(FULL_LAST) { largest } else { chain.last };
                    chunks[last] += if chain.last > 0 { u64::from(item.keys) } else { 0 };
                }
                key = store.items.newer(key);
            }
            assert_eq!((keys, bytes, items), (list.keys, list.bytes, list.items));
            seen += keys;
        }
    }
    assert_eq!(seen, store.keys());
    let mut pages = u64::from(store.slabs.class(0).pages);
    for figures in store.all_classes() {
        assert_eq!(figures.used_chunks, chunks[usize::from(figures.number)]);
        assert_eq!(
            figures.chunks,
            u64::from(figures.pages) * u64::from(figures.chunks_per_page)
        );
        pages += u64::from(figures.pages);
    }
    assert!(store.used() <= store.allocated());
    let owners = store.classes().count() as u64;
    assert!(store.allocated().0 <= store.maxmemory().0 + owners * MIB);
    assert!(store.allocated().0 <= pages * MIB);
}

#[test]
fn default_classes_are_those_of_the_server() {
    // `reference/servers.md` section 6.2.
    let expected = "96/10922 120/8738 152/6898 192/5461 240/4369 304/3449 384/2730 480/2184 600/1747 752/1394 944/1110 \
         1184/885 1480/708 1856/564 2320/451 2904/361 3632/288 4544/230 5680/184 7104/147 8880/118 11104/94 13880/75 \
         17352/60 21696/48 27120/38 33904/30 42384/24 52984/19 66232/15 82792/12 103496/10 129376/8 161720/6 202152/5 \
         252696/4 315872/3 394840/2 524288/2";
    let classes: Vec<String> = node(&Options::open_source(), 64)
        .all_classes()
        .map(|class| format!("{}/{}", class.chunk.0, class.chunks_per_page))
        .collect();
    assert_eq!(classes.join(" "), expected);
}

#[test]
fn no_modern_has_a_class_of_whole_pages() {
    let classes: Vec<ClassFigures> = node(&Options::no_modern(Version::V160), 64)
        .all_classes()
        .collect();
    assert_eq!(classes.len(), 42);
    assert_eq!(classes[40].chunk, Bytes(771_184));
    assert_eq!(
        (classes[41].chunk, classes[41].chunks_per_page),
        (Bytes::mib(1), 1)
    );
}

#[test]
fn odd_options_make_classes_all_the_same() {
    for (growth_factor, max_chunk_bytes, first_chunk_bytes) in [
        (1.0, 1 << 19, 48),
        (f64::NAN, 1 << 19, 48),
        (1.25, 0, 48),
        (1.25, 1 << 40, 1 << 30),
        (1e300, 512, 1),
    ] {
        let options = Options {
            growth_factor,
            max_chunk_bytes: Bytes(max_chunk_bytes),
            first_chunk_bytes,
            ..Options::open_source()
        };
        let mut store = node(&options, 8);
        for key in 0..200 {
            store.write(key, value(key * key * 10), Micros(u64::from(key) * 10_000));
        }
        assert!(store.keys() > 0);
        check(&store);
    }
}

#[test]
fn items_have_the_bytes_of_the_server() {
    let store = node(&Options::open_source(), 64);
    assert_eq!(store.item(16, 100), (Bytes(175), 4));
    assert_eq!(store.item(16, 45), (Bytes(120), 2));
    assert_eq!(store.item(64, 65_536), (Bytes(65_659), 30));
    let no_cas = Options {
        cas: false,
        ..Options::open_source()
    };
    assert_eq!(node(&no_cas, 64).item(16, 100), (Bytes(167), 4));
}

#[test]
fn pages_fill_the_limit_and_then_items_leave() {
    let mut store = node(&Options::open_source(), 64);
    for key in 0..400_000 {
        assert_eq!(
            store.write(key, value(100), Micros(u64::from(key) * 10)),
            Stored::Kept
        );
    }
    assert_eq!(store.allocated(), Bytes::mib(64));
    assert_eq!(store.keys(), 64 * 5_461);
    assert_eq!(store.evicted(), 400_000 - 64 * 5_461);
    assert_eq!(store.used(), Bytes(175 * 64 * 5_461));
    assert_eq!(store.hash_table(), Bytes(8 << 18));
    check(&store);
    assert_eq!(
        store.read(0, at(4.0)),
        Lookup::Miss(Cause::Evicted),
        "nobody read it, and it came first"
    );
}

#[test]
fn a_page_without_reassignment_is_as_long_as_its_chunks() {
    let mut store = node(&Options::no_modern(Version::V160), 64);
    store.write(1, value(100), Micros(0));
    assert_eq!(store.allocated(), Bytes(192 * 5_461));
}

#[test]
fn each_class_evicts_its_own_and_gets_its_first_page_anyway() {
    let mut store = node(&Options::no_modern(Version::V160), 1);
    for key in 0..5_461 {
        store.write(key, value(100), Micros(0));
    }
    assert_eq!(store.evicted(), 0);
    store.write(900_000, value(1_000), Micros(0));
    assert_eq!((store.evicted(), store.classes().count()), (0, 2));
    for key in 0..884 {
        store.write(900_001 + key, value(1_000), Micros(0));
    }
    assert_eq!(store.evicted(), 0);
    store.write(800_000, value(1_000), Micros(0));
    let evicted: Vec<u64> = store.classes().map(|class| class.evicted).collect();
    assert_eq!(evicted, [0, 1]);
    assert_eq!(store.read(900_000, Micros(0)), Lookup::Miss(Cause::Evicted));
    check(&store);
}

#[test]
fn a_new_value_takes_its_chunk_before_the_old_one_is_freed() {
    let mut store = node(&Options::no_modern(Version::V160), 1);
    for key in 0..5_461 {
        store.write(key, value(100), Micros(0));
    }
    store.write(3_000, value(101), Micros(0));
    assert_eq!(store.read(0, Micros(0)), Lookup::Miss(Cause::Evicted));
    assert_eq!((store.keys(), store.evicted()), (5_460, 1));
    check(&store);
}

#[test]
fn without_evictions_a_full_class_refuses() {
    let options = Options {
        evictions: false,
        ..Options::open_source()
    };
    let mut store = node(&options, 1);
    for key in 0..5_461 {
        assert_eq!(store.write(key, value(100), Micros(0)), Stored::Kept);
    }
    assert_eq!(store.write(7_000, value(100), at(5.0)), Stored::Refused);
    assert_eq!(
        store.write(3, value(100), at(5.0)),
        Stored::Refused,
        "even in place of an older value"
    );
    assert_eq!(
        store.read(3, at(5.0)),
        Lookup::Miss(Cause::Cold),
        "which is gone then"
    );
    assert_eq!(store.write(7_000, value(100), at(5.0)), Stored::Kept);
    let refused: u64 = store.classes().map(|class| class.out_of_memory).sum();
    assert_eq!(refused, 2);
    check(&store);
}

#[test]
fn large_items_are_chains_of_chunks() {
    let mut store = node(&Options::open_source(), 64);
    let chunks = |store: &Memcached| -> Vec<(u8, u64)> {
        store
            .classes()
            .map(|class| (class.number, class.used_chunks))
            .collect()
    };
    store.write(1, value(700_000), Micros(0));
    // Head of 48 + 8 + 17 + 48 = 121 bytes; 524,240 of the 700,002 bytes in a full chunk; 175,762 + 48 in the last.
    assert_eq!(chunks(&store), [(3, 1), (35, 1), (39, 1)]);
    check(&store);
    store.write(1, value(100), Micros(0));
    assert_eq!(chunks(&store), [(3, 0), (4, 1), (35, 0), (39, 0)]);
    // The header counts towards the largest item.
    assert_eq!(store.write(2, value(1_048_501), Micros(0)), Stored::Kept);
    assert_eq!(store.write(2, value(1_048_502), Micros(0)), Stored::Refused);
    assert_eq!(store.read(2, Micros(0)), Lookup::Miss(Cause::Cold));
    let long = Value {
        key_bytes: 251,
        ..value(1)
    };
    assert_eq!(store.write(3, long, Micros(0)), Stored::Refused);
    check(&store);
}

#[test]
fn a_full_node_of_large_items_evicts_whole_chains() {
    let mut store = node(&Options::open_source(), 16);
    for key in 0..200 {
        store.write(
            key,
            value(600_000 + key * 1_000),
            Micros(u64::from(key) * 100_000),
        );
        check(&store);
    }
    assert!(store.evicted() > 100 && store.keys() > 5);
}

#[test]
fn hot_drains_to_cold_and_active_items_end_in_warm() {
    let mut store = node(&Options::open_source(), 64);
    // Within a second of its first page the maintainer knows the class.
    store.write(5_000, value(100), Micros(0));
    for key in 0..1_000 {
        store.write(key, value(100), at(1.5));
    }
    store.read(999, at(1.5));
    // Still in the same second, so that ages play no part: 20 % of the bytes stay in HOT.
    store.read(999, at(1.95));
    let hot = store.items.list(HUNDRED, Queue::Hot).items;
    assert_eq!(hot, 200);
    assert_eq!(queue_of(&store, 0), Some(Queue::Cold));
    assert_eq!(
        queue_of(&store, 999),
        Some(Queue::Hot),
        "reads do not move items of HOT"
    );
    store.read(0, at(1.95));
    store.read(998, at(3.9));
    assert_eq!(queue_of(&store, 0), Some(Queue::Cold), "one read is not enough");
    store.read(0, at(4.0));
    store.read(998, at(6.0));
    assert_eq!(queue_of(&store, 0), Some(Queue::Warm), "the second read moves it");
    for key in 1_000..3_000 {
        store.write(key, value(100), at(7.0));
    }
    store.read(1, at(10.0));
    assert_eq!(
        queue_of(&store, 999),
        Some(Queue::Warm),
        "active at the tail of HOT"
    );
    store.write(0, value(100), at(10.0));
    assert_eq!(
        queue_of(&store, 0),
        Some(Queue::Hot),
        "an overwrite is a new item"
    );
    assert!(!store.items.item(0).has(FETCHED | ACTIVE));
    check(&store);
}

#[test]
fn warm_drains_by_size_and_by_age() {
    let mut store = node(&Options::open_source(), 64);
    for key in 0..1_000 {
        store.write(key, value(100), Micros(0));
    }
    for round in 1..=2 {
        for key in 0..800 {
            store.read(key, at(f64::from(round)));
        }
    }
    store.read(999, at(10.0));
    let warm = store.items.list(HUNDRED, Queue::Warm);
    assert!(
        (395..=400).contains(&warm.items),
        "40 % of the bytes stay in WARM: {}",
        warm.items
    );
    check(&store);
}

#[test]
fn flat_lru_moves_an_item_at_most_once_a_minute() {
    let mut store = node(&Options::managed(), 64);
    store.write(1, value(100), Micros(0));
    store.write(2, value(100), Micros(0));
    store.read(1, at(60.9));
    assert_eq!(store.items.list(HUNDRED, Queue::Cold).tail, 1);
    store.read(1, at(61.0));
    assert_eq!(store.items.list(HUNDRED, Queue::Cold).tail, 2);
    assert_eq!(store.items.item(1).time, 61);
    check(&store);
}

#[test]
fn values_expire_on_a_clock_of_seconds() {
    let mut store = node(&Options::managed(), 64);
    let ttl = |seconds| Value {
        expires: at(seconds),
        ..value(100)
    };
    store.write(1, ttl(2.7), at(0.7));
    assert_eq!(store.read(1, at(1.99)), Lookup::Hit);
    assert_eq!(store.read(1, at(2.0)), Lookup::Miss(Cause::Expired));
    assert_eq!((store.keys(), store.expired()), (0, 1));
    assert_eq!(store.read(1, at(2.0)), Lookup::Miss(Cause::Expired));
    store.write(1, value(100), at(2.0));
    assert!(store.delete(1) && !store.delete(1));
    assert_eq!(store.read(1, at(2.0)), Lookup::Miss(Cause::Cold));
}

#[test]
fn the_crawler_frees_what_nobody_reads() {
    let fill = |options: &Options| {
        let mut store = node(options, 64);
        for key in 0..1_000u32 {
            let expires = at(f64::from(key % 2) * 1e9 + 30.0);
            store.write(
                key,
                Value {
                    expires,
                    ..value(100)
                },
                Micros(0),
            );
        }
        store.read(1, at(240.0));
        check(&store);
        (store.keys(), store.expired())
    };
    assert_eq!(fill(&Options::open_source()), (500, 500));
    let without = Options {
        crawler: false,
        // The maintainer, too, frees the expired at the tails that it looks at: keep items where they are.
        hot_share: Share(0.79),
        hot_age_factor: 100.0,
        ..Options::open_source()
    };
    assert!(fill(&without).0 > 500);
}

#[test]
fn expired_items_stay_a_few_seconds_when_many_expire() {
    let mut store = node(&Options::open_source(), 64);
    for step in 0..100_000u32 {
        let now = at(f64::from(step) / 100.0);
        let expires = Micros(now.0 + 200 * SECOND);
        // Nobody reads; no key comes twice within its life.
        store.write(
            step % 50_000,
            Value {
                expires,
                ..value(100)
            },
            now,
        );
    }
    assert!(
        (20_000..=20_600).contains(&store.keys()),
        "200 s of 100 items, and at most 6 s of expired ones: {}",
        store.keys()
    );
    check(&store);
}

#[test]
fn a_key_with_a_new_ttl_is_found_by_that_one() {
    let mut store = node(&Options::open_source(), 64);
    let ttl = |seconds| Value {
        expires: at(seconds),
        ..value(100)
    };
    store.write(1, ttl(100.0), Micros(0));
    store.write(1, ttl(20_000.0), at(50.0));
    store.write(2, ttl(90.0), at(50.0));
    store.write(2, value(100), at(60.0));
    store.pass_time(at(19_900.0));
    assert_eq!((store.keys(), store.expired()), (2, 0));
    store.pass_time(at(24_000.0));
    assert_eq!((store.keys(), store.expired()), (1, 1));
    store.write(1, ttl(1e6), at(24_001.0));
    store.pass_time(at(1e6 + 4_000.0));
    assert_eq!((store.keys(), store.expired()), (1, 2));
    check(&store);
}

/// Fills a node with small items, then writes large ones for a while.
fn shift(options: &Options, seconds: u32) -> Memcached {
    let mut store = node(options, 8);
    for key in 0..60_000 {
        store.write(key, value(100), Micros(u64::from(key) * 100));
    }
    for step in 0..seconds * 100 {
        let now = at(7.0 + f64::from(step) / 100.0);
        store.write(100_000 + step % 5_000, value(4_000), now);
        store.read(100_000 + (step * 7) % 5_000, now);
    }
    check(&store);
    store
}

#[test]
fn pages_follow_the_items() {
    for version in [Version::V160, Version::V1634] {
        let moving = shift(&Options::modern(version), 60);
        assert!(moving.pages_moved() >= 4, "{version:?}: {}", moving.pages_moved());
        assert!(moving.pages_moved() <= 60, "at most one a second");
        let still = Options {
            automove: Automove::Off,
            ..Options::modern(version)
        };
        assert_eq!(shift(&still, 60).pages_moved(), 0);
    }
    let early = shift(&Options::modern(Version::V160), 20);
    assert_eq!(early.pages_moved(), 0, "the window has not been filled");
    let eager = Options {
        automove: Automove::EveryEviction,
        ..Options::open_source()
    };
    let eager = shift(&eager, 5);
    assert!(eager.pages_moved() >= 4, "{}", eager.pages_moved());
}

#[test]
fn a_sampled_key_takes_the_chunks_of_all_it_stands_for() {
    let mut store = node(&Options::open_source(), 64);
    for key in 0..100_000 {
        let value = Value {
            keys: 10,
            ..value(100)
        };
        store.write(key, value, Micros(u64::from(key) * 100));
    }
    assert_eq!(store.allocated(), Bytes::mib(64));
    assert!((64 * 5_461 - 10..=64 * 5_461).contains(&store.keys()));
    assert_eq!(store.keys() + store.evicted(), 1_000_000);
    assert_eq!(store.used().0, store.keys() * 175);
    check(&store);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Read(u32),
    Write(u32, u32, Option<u32>),
    Delete(u32),
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..3_000u32;
    let size = prop_oneof![Just(100u32), Just(1_000), 1..20_000u32, 400_000..1_100_000u32];
    prop_oneof![
        4 => key().prop_map(Step::Read),
        6 => (key(), size, proptest::option::of(1..90u32)).prop_map(|(key, size, ttl)| Step::Write(key, size, ttl)),
        1 => key().prop_map(Step::Delete),
        1 => (0..3_000_000u32).prop_map(Step::Wait),
    ]
}

fn options() -> impl Strategy<Value = Options> {
    let version = prop_oneof![Just(Version::V160), Just(Version::V1634)];
    let automove = prop_oneof![
        Just(Automove::Off),
        Just(Automove::ByAge),
        Just(Automove::EveryEviction)
    ];
    (version, automove, any::<bool>(), any::<bool>()).prop_map(|(version, automove, flat, cas)| {
        let options = if flat {
            Options::no_modern(version)
        } else {
            Options::modern(version)
        };
        Options {
            automove,
            reassign: !flat || automove != Automove::Off,
            automove_window_s: Seconds(3),
            cas,
            ..options
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn books_balance_whatever_happens(
        options in options(),
        mib in 2..12u64,
        keys in prop_oneof![Just(1u32), Just(3)],
        steps in proptest::collection::vec(step(), 1..600),
    ) {
        let run = || {
            let mut store = Memcached::new(&options, Bytes::mib(mib), 16, 9);
            let mut now = 0u64;
            let mut hits = 0;
            for (number, step) in steps.iter().enumerate() {
                now += 50;
                match *step {
                    Step::Read(key) => hits += u32::from(store.read(key, Micros(now)) == Lookup::Hit),
                    Step::Write(key, value_bytes, ttl) => {
                        let expires = ttl.map_or(NEVER, |s| Micros(now + u64::from(s) * SECOND));
                        let value = Value { key_bytes: 16, value_bytes, expires, keys };
                        let kept = store.write(key, value, Micros(now)) == Stored::Kept;
                        assert_eq!(kept, store.glance(key));
                    }
                    Step::Delete(key) => {
                        store.delete(key);
                        assert!(!store.glance(key));
                    }
                    Step::Wait(us) => now += u64::from(us),
                }
                if number % 16 == 0 {
                    check(&store);
                }
            }
            check(&store);
            (hits, store.keys(), store.used(), store.allocated(), store.evicted(), store.expired(), store.pages_moved())
        };
        prop_assert_eq!(run(), run());
    }
}
