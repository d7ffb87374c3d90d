//! What is known of each key's value beside what its store knows: how old it is, and whether it is still right.

use crate::units::Micros;

/// A point in time in [`Values::tick`]s.
type Tick = u32;

/// No such time, or after the end of the run.
const NEVER: Tick = Tick::MAX;

#[derive(Clone, Copy)]
struct Value {
    /// When the database was read or written for the cached value; never when nothing was cached yet.
    version: Tick,
    /// When the database last changed.
    changed: Tick,
    /// When the cached value's TTL ends, as the application counts it.
    fresh_until: Tick,
    /// Whether the application deleted the cached value.
    deleted: bool,
    /// Whether writes of it wait to be written to the database.
    dirty: bool,
    /// Whether it was prefetched and not read since.
    unread: bool,
}

/// The values of all keys.
pub(super) struct Values {
    values: Vec<Value>,
    /// Length of a tick as a power of two, microseconds: time at 32 bits, as fine as the run's length allows.
    tick: u32,
}

impl Values {
    /// Of so many keys, nothing cached or changed yet, in a run of this length.
    pub(super) fn new(keys: usize, end: Micros) -> Self {
        let bits = u64::BITS - end.0.leading_zeros();
        let none = Value {
            version: NEVER,
            changed: 0,
            fresh_until: NEVER,
            deleted: false,
            dirty: false,
            unread: false,
        };
        Self {
            values: vec![none; keys],
            tick: bits.saturating_sub(Tick::BITS - 1),
        }
    }

    fn tick(&self, at: Micros) -> Tick {
        Tick::try_from(at.0 >> self.tick).unwrap_or(NEVER)
    }

    fn time(&self, tick: Tick) -> Micros {
        if tick == NEVER {
            Micros(u64::MAX)
        } else {
            Micros(u64::from(tick) << self.tick)
        }
    }

    /// Whether the key was ever cached; brings what is known of it into the processor's cache.
    pub(super) fn glance(&self, key: u32) -> bool {
        self.values
            .get(key as usize)
            .is_some_and(|value| value.version != NEVER)
    }

    /// A value of this version is cached until then, as the application counts its TTL.
    pub(super) fn stored(&mut self, key: u32, version: Micros, fresh_until: Micros) {
        let (version, fresh_until) = (self.tick(version), self.tick(fresh_until));
        if let Some(value) = self.values.get_mut(key as usize) {
            value.version = version;
            value.fresh_until = fresh_until;
            value.deleted = false;
        }
    }

    /// The cached value's TTL was renewed: it ends then.
    pub(super) fn renewed(&mut self, key: u32, fresh_until: Micros) {
        let fresh_until = self.tick(fresh_until);
        if let Some(value) = self.values.get_mut(key as usize) {
            value.fresh_until = fresh_until;
        }
    }

    /// The cached value is what a copy had at this time. False where the copy did not have the key: what was stored later
    /// and not changed meanwhile was new.
    pub(super) fn fall_back(&mut self, key: u32, had: Micros) -> bool {
        let had = self.tick(had);
        let value = self.values.get_mut(key as usize);
        let Some(value) = value.filter(|value| value.version != NEVER && value.version > had) else {
            return true;
        };
        let rewritten = value.changed > had;
        if rewritten {
            value.version = had;
        }
        rewritten
    }

    /// Marks that a value was prefetched that nobody has read, or not; returns whether one was before.
    pub(super) fn set_unread(&mut self, key: u32, unread: bool) -> bool {
        self.values
            .get_mut(key as usize)
            .is_some_and(|value| core::mem::replace(&mut value.unread, unread))
    }

    /// The cached value was deleted.
    pub(super) fn deleted(&mut self, key: u32) {
        if let Some(value) = self.values.get_mut(key as usize) {
            value.deleted = true;
        }
    }

    /// The database changes at this time.
    pub(super) fn changes(&mut self, key: u32, at: Micros) {
        let at = self.tick(at);
        if let Some(value) = self.values.get_mut(key as usize) {
            value.changed = value.changed.max(at);
        }
    }

    /// For how many microseconds the database has held something newer than the cached value; `None` when it does not.
    pub(super) fn stale(&self, key: u32, now: Micros) -> Option<u64> {
        let value = self.values.get(key as usize)?;
        self.age(value, value.version, now)
    }

    /// The same of a copy of this version.
    pub(super) fn newer(&self, key: u32, version: Micros, now: Micros) -> Option<u64> {
        self.age(self.values.get(key as usize)?, self.tick(version), now)
    }

    /// For how many microseconds a copy that is behind by `lag` microseconds has been out of date; `None` when the key
    /// did not change meanwhile.
    pub(super) fn changed_within(&self, key: u32, lag: f64, now: Micros) -> Option<u64> {
        let changed = self.values.get(key as usize)?.changed;
        let since = now.0.checked_sub(self.time(changed).0)?;
        (changed > 0 && (since as f64) < lag).then_some(since)
    }

    fn age(&self, value: &Value, version: Tick, now: Micros) -> Option<u64> {
        let now = self.tick(now);
        (version < value.changed && value.changed <= now).then(|| u64::from(now - value.changed) << self.tick)
    }

    /// When the cached value's TTL ends, as the application counts it.
    pub(super) fn fresh_until(&self, key: u32) -> Micros {
        let fresh = self
            .values
            .get(key as usize)
            .map_or(NEVER, |value| value.fresh_until);
        self.time(fresh)
    }

    /// Version of the value cached last; `None` when there never was one.
    pub(super) fn version(&self, key: u32) -> Option<Micros> {
        let version = self.values.get(key as usize)?.version;
        (version != NEVER).then(|| self.time(version))
    }

    /// Whether the cached value was deleted by the application and not stored since.
    pub(super) fn was_deleted(&self, key: u32) -> bool {
        self.values.get(key as usize).is_some_and(|value| value.deleted)
    }

    /// Marks that writes of the key wait to be written, or no longer; returns whether they did before.
    pub(super) fn set_dirty(&mut self, key: u32, dirty: bool) -> bool {
        self.values
            .get_mut(key as usize)
            .is_some_and(|value| core::mem::replace(&mut value.dirty, dirty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_after_it_was_read_is_stale_from_then_on() {
        let mut values = Values::new(2, Micros(86_400_000_000));
        assert_eq!(values.version(1), None);
        values.stored(1, Micros(1_000_000), Micros(9_000_000));
        assert_eq!(values.stale(1, Micros(2_000_000)), None);
        values.changes(1, Micros(3_000_000));
        assert_eq!(values.stale(1, Micros(2_000_000)), None, "not yet");
        let age = values.stale(1, Micros(5_000_000));
        assert!(age.is_some_and(|age| age.abs_diff(2_000_000) < 200), "{age:?}");
        assert!(values.fresh_until(1).0.abs_diff(9_000_000) < 100);
        values.stored(1, Micros(4_000_000), Micros(u64::MAX));
        assert_eq!(values.stale(1, Micros(5_000_000)), None);
        assert_eq!(values.fresh_until(1), Micros(u64::MAX));
        assert_eq!(values.stale(0, Micros(5_000_000)), None);
    }
}
