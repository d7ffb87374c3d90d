//! The trace that the browser's bench replays, the same that `cacheplan bench` generates for itself: 20 million
//! requests, Zipf-distributed over a million objects.
//!
//! Fully determined by the constants below, down to the last byte, so that speeds and miss counts can be compared
//! with those that others measured on the same file.

use crate::process::say;
use crate::{paths, sources};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const REQUESTS: usize = 20_000_000;
const OBJECTS: usize = 1_000_000;
const EXPONENT: f64 = 1.0;
const SEED: u64 = 42;
const REQUESTS_PER_SECOND: u64 = 1_000;

/// The SHA-256 of the whole file.
const FINGERPRINT: &str = "dd93be50baedaeea828f93743cd7904e30933eff1ee0c99c8a07dcb489ce76fa";

/// Bytes of a request in libCacheSim's oracleGeneral layout, little-endian and without padding: time in seconds
/// (u32), object (u64), size in bytes (u32), number of the next request of this object, from 1, or -1 (i64).
const RECORD: usize = 24;

/// The increment of the SplitMix64 generator: 2^64 divided by the golden ratio.
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The trace in the target folder, generated unless it is there.
pub(super) fn ensure() -> Result<PathBuf> {
    let folder = paths::target()?.join("bench");
    let file = folder.join("zipf-1.0-20m.oracleGeneral.bin");
    if fs::metadata(&file).is_ok_and(|metadata| metadata.len() == (REQUESTS * RECORD) as u64) {
        return Ok(file);
    }
    say(&format!(
        "Generating a Zipf trace of {REQUESTS} requests (480 MB) into {}",
        file.display()
    ));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    // Under another name until it is known to be right, so that a half-written trace is never taken for one.
    let draft = folder.join("draft");
    let fingerprint = write(&draft).with_context(|| format!("cannot write {}", draft.display()))?;
    if fingerprint != FINGERPRINT {
        bail!("the generated trace has SHA-256 {fingerprint}, not {FINGERPRINT}: the generator is at fault");
    }
    fs::rename(&draft, &file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Writes the trace and gives its SHA-256.
fn write(path: &Path) -> std::io::Result<String> {
    let ranks = ranks();
    let next = next_accesses(&ranks);
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut hash = Sha256::new();
    let mut record = Vec::with_capacity(RECORD);
    for ((number, &rank), next) in (0_u64..).zip(&ranks).zip(next) {
        // Objects are numbered from 1, the most popular first, and scrambled so that ids tell nothing.
        let object = u64::from(rank) + 1;
        let time = 1 + (number / REQUESTS_PER_SECOND) as u32;
        let id = split_mix(object.wrapping_add(SEED.wrapping_mul(GOLDEN_GAMMA))) >> 1;
        let size = 64 + (split_mix(object ^ 0xABCD) % 1985) as u32;
        record.clear();
        record.extend_from_slice(&time.to_le_bytes());
        record.extend_from_slice(&id.to_le_bytes());
        record.extend_from_slice(&size.to_le_bytes());
        record.extend_from_slice(&next.to_le_bytes());
        hash.update(&record);
        file.write_all(&record)?;
    }
    file.flush()?;
    Ok(sources::hex(&hash.finalize()))
}

/// The popularity rank of the object of each request, from 0, drawn by inverting the cumulative distribution.
fn ranks() -> Vec<u32> {
    let mut total = 0.0;
    let cumulative: Vec<f64> = (1..=OBJECTS)
        .map(|rank| {
            total += (rank as f64).powf(-EXPONENT);
            total
        })
        .collect();
    let mut state = SEED;
    let mut draw = || {
        let bits = split_mix(state);
        state = state.wrapping_add(GOLDEN_GAMMA);
        let uniform = (bits >> 11) as f64 * (1.0 / (1_u64 << 53) as f64) * total;
        cumulative
            .partition_point(|&share| share <= uniform)
            .min(OBJECTS - 1) as u32
    };
    (0..REQUESTS).map(|_| draw()).collect()
}

/// For each request, the number (from 1) of the next one for the same object, or -1.
fn next_accesses(ranks: &[u32]) -> Vec<i64> {
    let mut seen = vec![-1_i64; OBJECTS];
    let mut next = vec![-1_i64; ranks.len()];
    for (index, &rank) in ranks.iter().enumerate().rev() {
        next[index] = seen[rank as usize];
        seen[rank as usize] = index as i64 + 1;
    }
    next
}

/// SplitMix64: the step that follows state `z`, mixed.
fn split_mix(z: u64) -> u64 {
    let z = z.wrapping_add(GOLDEN_GAMMA);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_first_number() {
        assert_eq!(split_mix(0), 0xE220_A839_7B1D_CDAF);
    }
}
