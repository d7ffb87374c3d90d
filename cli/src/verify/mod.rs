//! `cacheplan verify`: the projection against what real servers did.
//!
//! A directory of recordings holds, per kind of experiment, a file whose rows tell how a server was set up, which
//! known sequence it was given and what it then reported. Each [`Suite`] reads its files, re-creates every row with
//! the engine and returns [`Check`]s: pairs of a measured and a projected figure with a bound on their difference.
//!
//! To add a check:
//! 1. write a module with `pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error>`;
//! 2. in it, read rows with [`Recordings::rows`] (a file that is missing has none), re-create them side by side with
//!    [`parallel::map`], and push the pairs into a [`Check`] with its bounds;
//! 3. list it in [`SUITES`] with the files that it reads.
//!
//! Rows are plain serde structs of the fields that the check needs; others are ignored.

mod cache_aside;
mod check;
mod expiry;
mod failover;
mod html;
mod live;
mod memcached;
mod memory;
mod parallel;
mod policies;
mod recordings;
mod replication;
mod reply_buffer;
pub(crate) mod sequence;
mod server;
mod slots;
mod stampede;

use crate::args::VerifyArgs;
use crate::error::Error;
use crate::{table, text};
use check::Check;
use recordings::Recordings;
use serde::Serialize;
use std::path::Path;

/// Checks that share files.
struct Suite {
    /// Files that it reads; a final `*` stands for any ending.
    files: &'static [&'static str],
    /// Re-creates the rows of those that are there.
    checks: fn(&Recordings) -> Result<Vec<Check>, Error>,
}

/// What is verified, in the order of the table.
const SUITES: &[Suite] = &[
    Suite {
        files: &[policies::UNTHROTTLED, policies::THROTTLED, policies::TTL],
        checks: policies::checks,
    },
    Suite {
        files: &[memory::STANDALONE, memory::CLUSTER],
        checks: memory::checks,
    },
    Suite {
        files: &[expiry::FILE],
        checks: expiry::checks,
    },
    Suite {
        files: &[memcached::RUNS, memcached::ITEMS, memcached::CLASSES],
        checks: memcached::checks,
    },
    Suite {
        files: &[slots::FILE],
        checks: slots::checks,
    },
    Suite {
        files: &[failover::FILE],
        checks: failover::checks,
    },
    Suite {
        files: &[replication::FILE],
        checks: replication::checks,
    },
    Suite {
        files: &[stampede::FILE],
        checks: stampede::checks,
    },
];

/// What `--json` prints.
#[derive(Serialize)]
struct Outcome<'a> {
    /// Whether every check is within its bounds.
    passed: bool,
    /// Files that are not there; what they would tell was not verified.
    skipped: &'a [&'static str],
    checks: Vec<check::Summary<'a>>,
}

/// The answer, and whether every check is within its bounds.
pub(crate) fn verify(args: &VerifyArgs) -> Result<(String, bool), Error> {
    let (recordings, source) = match (&args.live.live, &args.directory) {
        (Some(url), _) => (live::record(url, &args.live)?, url.clone()),
        (None, directory) => {
            let directory = directory.as_deref().unwrap_or_else(|| Path::new("."));
            (Recordings::open(directory)?, directory.display().to_string())
        }
    };
    let skipped: Vec<&'static str> = SUITES
        .iter()
        .flat_map(|suite| suite.files)
        .copied()
        .filter(|file| args.live.live.is_none() && !recordings.has(file))
        .collect();
    let mut checks = Vec::new();
    for suite in SUITES {
        if suite.files.iter().any(|file| recordings.has(file)) {
            checks.extend((suite.checks)(&recordings)?);
        }
    }
    checks.retain(|check| !check.points.is_empty());
    if checks.is_empty() {
        let known: Vec<&str> = SUITES.iter().flat_map(|suite| suite.files).copied().collect();
        return Err(Error::Input(format!(
            "{source}: no recording to verify; known files are {}",
            known.join(", ")
        )));
    }
    let passed = checks.iter().all(Check::holds);
    let answer = if args.html {
        html::page(&checks)
    } else if args.json {
        json(&Outcome {
            passed,
            skipped: &skipped,
            checks: checks.iter().map(Check::summary).collect(),
        })?
    } else if args.live.live.is_some() {
        live::table(&checks)
    } else {
        table_of(&checks, &skipped)
    };
    Ok((answer, passed))
}

fn json(outcome: &Outcome<'_>) -> Result<String, Error> {
    serde_json::to_string_pretty(outcome)
        .map(|text| text + "\n")
        .map_err(|error| Error::Failure(error.to_string()))
}

fn table_of(checks: &[Check], skipped: &[&str]) -> String {
    let rows: Vec<Vec<String>> = checks
        .iter()
        .map(|check| {
            let summary = check.summary();
            let unit = check.error.unit();
            let figure = |x: f64| format!("{x:.3}{unit}");
            let bound = |x: Option<f64>| x.map_or_else(|| "-".into(), |x| format!("{x}{unit}"));
            vec![
                check.name.into(),
                text::number(check.points.len() as u64),
                figure(summary.mean_error),
                bound(check.mean_bound),
                figure(summary.worst_error),
                bound(summary.worst_bound),
                if check.holds() { "holds" } else { "PAST BOUND" }.into(),
                summary.worst,
            ]
        })
        .collect();
    let heading = [
        "check",
        "rows",
        "mean error",
        "bound",
        "worst error",
        "bound",
        "verdict",
        "worst row",
    ];
    let mut answer = table::table(&heading, &rows);
    if !skipped.is_empty() {
        answer += &format!("not there, not verified: {}\n", skipped.join(", "));
    }
    answer
}
