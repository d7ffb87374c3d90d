//! Hash slots of keys, as the servers tell them.

use super::check::{Check, ErrorKind};
use super::recordings::Recordings;
use crate::error::Error;
use cacheplan_engine::cluster::slots::slot;
use serde::Deserialize;

/// Keys with the answers to `CLUSTER KEYSLOT`.
pub(crate) const FILE: &str = "e_keyslots.json";

#[derive(Deserialize)]
struct Recorded {
    server: String,
    keys: Vec<(String, u16)>,
}

/// Every slot is exact.
pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let mut check = Check::new("key slots", ErrorKind::Exact, "slot");
    if let Some(recorded) = recordings.document::<Recorded>(FILE)? {
        for (key, measured) in recorded.keys {
            let pair = (f64::from(measured), f64::from(slot(key.as_bytes())));
            check.push(&recorded.server, format!("{key:?}"), pair, Some(0.0));
        }
    }
    Ok(vec![check])
}
