//! Measurements, printed and never asserted: machines differ, so speeds are given as ratios to a probe that
//! `cacheplan bench` measures in turn with them.

mod browser;
mod native;
mod trace;

use crate::process::{cargo, run, say};
use anyhow::Result;

/// Which benches to run.
#[derive(Clone, Copy)]
pub(crate) struct Selection {
    native: bool,
    browser: bool,
    cluster: bool,
    open: bool,
}

impl Selection {
    /// The benches that were named; all when none was.
    pub(crate) fn new(native: bool, browser: bool, cluster: bool, open: bool) -> Self {
        let all = !(native || browser || cluster || open);
        Selection {
            native: native || all,
            browser: browser || all,
            cluster: cluster || all,
            open: open || all,
        }
    }

    fn flags(self) -> impl Iterator<Item = &'static str> {
        let flags = [
            (self.native, "--native"),
            (self.browser, "--browser"),
            (self.cluster, "--cluster"),
            (self.open, "--open"),
        ];
        flags
            .into_iter()
            .filter_map(|(wanted, flag)| wanted.then_some(flag))
    }
}

/// Objects that the caches of the browser's bench hold, as many as those of `cacheplan bench`.
const CAPACITY: u32 = 100_000;

/// How often each contestant runs, in turn with the others.
const ROUNDS: usize = 5;

/// Runs the benches.
pub(crate) fn bench(selection: Selection) -> Result<()> {
    if cfg!(debug_assertions) {
        say("Building the bench with optimisation: the trace generator is part of it");
        return run(cargo()
            .args(["run", "--quiet", "--release", "--package", "xtask", "--", "bench"])
            .args(selection.flags()));
    }
    if selection.native {
        native::bench()?;
    }
    if selection.browser {
        browser::replay(&trace::ensure()?)?;
    }
    if selection.cluster {
        browser::cluster()?;
    }
    if selection.open {
        browser::open()?;
    }
    Ok(())
}

/// The middle value, or the mean of the two middle ones; zero when there are none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle.wrapping_sub(1)), values.get(middle)) {
        (Some(below), Some(above)) if values.len().is_multiple_of(2) => (below + above) / 2.0,
        (_, Some(value)) => *value,
        _ => 0.0,
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "halves of small whole numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(vec![7.0]), 7.0);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
