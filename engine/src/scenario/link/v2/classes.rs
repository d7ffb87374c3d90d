//! What `v1` does not hold of the key classes.

use super::super::LinkError;
use super::whole;
use crate::scenario::{Follow, Heavy, KeyClass, Popularity, Rate, Scenario, ValueSize, Workload};
use crate::units::Share;
use serde::{Deserialize, Serialize};

/// One for each class, in the order of the `v1` form, which has the rest. Absent: as [`KeyClass::default`] has it, with
/// popularity, sizes and rate as `v1` says.
///
/// The types within are those of the scenario: a published variant or field of theirs is never changed.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct Class {
    popularity: Popularity,
    churn_per_day: f64,
    drift_per_day: f64,
    value_size: ValueSize,
    rate: Rate,
    deletes: Share,
    multi_get: u32,
    heavy: Heavy,
    hash_tags: Option<u32>,
    follows: Option<Follow>,
}

impl Class {
    fn of(class: &KeyClass) -> Self {
        Self {
            popularity: class.popularity.clone(),
            churn_per_day: class.churn_per_day,
            drift_per_day: class.drift_per_day,
            value_size: class.value_size.clone(),
            rate: class.rate.clone(),
            deletes: class.deletes,
            multi_get: class.multi_get,
            heavy: class.heavy,
            hash_tags: class.hash_tags,
            follows: class.follows.clone(),
        }
    }

    /// Whether `v1` holds all of it.
    fn is_old(&self) -> bool {
        let law = matches!(self.popularity, Popularity::Zipf { .. } | Popularity::Uniform);
        let size = matches!(
            self.value_size,
            ValueSize::Fixed { .. } | ValueSize::Lognormal { .. }
        );
        let rate = matches!(self.rate, Rate::Constant { .. } | Rate::Diurnal { .. });
        // The rest, with those three as they are.
        let usual = Self {
            popularity: self.popularity.clone(),
            value_size: self.value_size.clone(),
            rate: self.rate.clone(),
            ..Self::of(&KeyClass::default())
        };
        law && size && rate && *self == usual
    }

    pub(super) fn write(scenario: &Scenario) -> Option<Vec<u8>> {
        let Workload::Synthetic { classes } = &scenario.workload else {
            return None;
        };
        let parts: Vec<Self> = classes.iter().map(Self::of).collect();
        if parts.iter().all(Self::is_old) {
            return None;
        }
        postcard::to_allocvec(&parts).ok()
    }

    pub(super) fn read(bytes: &[u8], scenario: &mut Scenario) -> Result<(), LinkError> {
        let parts: Vec<Self> = whole(bytes)?;
        match &mut scenario.workload {
            Workload::Synthetic { classes } if classes.len() == parts.len() => {
                for (class, part) in classes.iter_mut().zip(parts) {
                    part.put(class);
                }
                Ok(())
            }
            _ => Err(LinkError::Damaged),
        }
    }

    fn put(self, class: &mut KeyClass) {
        class.popularity = self.popularity;
        class.churn_per_day = self.churn_per_day;
        class.drift_per_day = self.drift_per_day;
        class.value_size = self.value_size;
        class.rate = self.rate;
        class.deletes = self.deletes;
        class.multi_get = self.multi_get;
        class.heavy = self.heavy;
        class.hash_tags = self.hash_tags;
        class.follows = self.follows;
    }
}
