use super::*;
use crate::policy;
use crate::random::Stream;
use crate::scenario::Engine;

fn store(policy: &str, maxmemory: u64) -> PolicyStore {
    let entry = policy::find(policy).expect("a registered policy");
    PolicyStore::new(
        entry,
        MemoryModel::new(Engine::Valkey81, 0),
        Bytes(maxmemory),
        1_000,
        9,
    )
}

fn value(bytes: u32, expires: Micros) -> Value {
    Value {
        key_bytes: 16,
        value_bytes: bytes,
        expires,
        keys: 1,
    }
}

#[test]
fn misses_have_their_cause() {
    let mut store = store("lru", 1_000_000);
    assert_eq!(store.read(1, Micros(0)), Lookup::Miss(Cause::Cold));
    store.write(1, value(100, Micros(50)), Micros(0));
    assert_eq!(
        store.read(1, Micros(50)),
        Lookup::Hit,
        "expired means later than its time"
    );
    assert_eq!(store.read(1, Micros(51)), Lookup::Miss(Cause::Expired));
    assert_eq!(store.expired(), 1);
    assert_eq!(store.read(1, Micros(52)), Lookup::Miss(Cause::Expired));
    store.write(1, value(100, NEVER), Micros(60));
    assert!(store.delete(1) && !store.delete(1));
    assert_eq!(store.read(1, Micros(70)), Lookup::Miss(Cause::Cold));
    for key in 0..1_000 {
        store.write(key, value(1_000, NEVER), Micros(100));
    }
    assert!(store.evicted() > 0);
    assert_eq!(store.read(0, Micros(101)), Lookup::Miss(Cause::Evicted));
    assert_eq!(store.read(999, Micros(101)), Lookup::Hit);
}

#[test]
fn what_does_not_fit_is_refused_and_the_old_value_is_gone() {
    let mut store = store("lru", 1_000_000);
    assert_eq!(store.write(1, value(10, NEVER), Micros(0)), Stored::Kept);
    assert_eq!(
        store.write(1, value(1_000_000, NEVER), Micros(1)),
        Stored::Refused
    );
    assert_eq!(store.read(1, Micros(2)), Lookup::Miss(Cause::Cold));
}

#[test]
fn the_books_balance_under_random_use() {
    for entry in policy::REGISTRY {
        for seed in 0..20 {
            let mut random = Stream::new(seed, 0);
            let limit = 960_000 + u64::from(random.below(200_000));
            let mut store = store(entry.name, limit);
            let mut now = 0;
            for _ in 0..5_000 {
                now += u64::from(random.below(1_000));
                let key = random.below(1_000);
                match random.below(10) {
                    0 => drop(store.delete(key)),
                    1..=5 => {
                        let expires = if random.below(2) == 0 {
                            NEVER
                        } else {
                            Micros(now + u64::from(random.below(100_000)))
                        };
                        let value = Value {
                            keys: 1 + random.below(3),
                            ..value(random.below(2_000), expires)
                        };
                        store.write(key, value, Micros(now));
                    }
                    _ => drop(store.read(key, Micros(now))),
                }
                let (keys, items) =
                    store
                        .residents
                        .iter()
                        .filter(|r| r.keys > 0)
                        .fold((0, 0), |(k, b), r| {
                            (
                                k + u64::from(r.keys),
                                b + u64::from(r.keys) * u64::from(r.item_bytes),
                            )
                        });
                assert_eq!(
                    (store.keys(), store.items),
                    (keys, items),
                    "{} {seed}",
                    entry.name
                );
                assert!(store.used() <= store.maxmemory(), "{} {seed}", entry.name);
                assert_eq!(
                    store.policy.len(),
                    store.residents.iter().filter(|r| r.keys > 0).count()
                );
            }
        }
    }
}
