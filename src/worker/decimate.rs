//! Thins series out to what a chart can show and a message should carry.

use cacheplan_engine::report::{Metric, Series};
use cacheplan_engine::units::Micros;

/// Most points of a column: as many as a wide screen has pixels to draw them.
pub const POINTS_PER_COLUMN: usize = 2_000;

/// Most points of all columns together, 4 MB: what can be copied several times a second without a stutter.
pub const POINTS_IN_ALL: usize = 500_000;

/// How neighbouring intervals become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    /// Arithmetic mean: exact for rates, which are per second.
    Mean,
    /// Largest: keeps the peaks that the metric is watched for.
    Max,
    /// Value of the last: exact for a state at the end of an interval.
    Last,
}

/// Ratios and medians are averaged without weights, so a bucket of uneven traffic may differ slightly from the
/// ratio of its sums; headline figures do not come from series.
fn fold_of(metric: Metric) -> Fold {
    match metric {
        Metric::P99Us | Metric::DatabaseWaitUs => Fold::Max,
        Metric::MemoryShare => Fold::Last,
        _ => Fold::Mean,
    }
}

/// The series with every so many neighbouring intervals joined into one, so that no column exceeds
/// [`POINTS_PER_COLUMN`] nor all of them [`POINTS_IN_ALL`]. NaN, which marks an interval without a value, stays
/// only where a whole bucket has none.
pub fn decimate(series: Series) -> Series {
    let columns = series.columns.len().max(1);
    let most = POINTS_PER_COLUMN.min(POINTS_IN_ALL / columns).max(1);
    let bucket = series.len().div_ceil(most).max(1);
    if bucket == 1 {
        return series;
    }
    let thinned = series
        .keys
        .iter()
        .zip(&series.columns)
        .map(|(key, column)| {
            column
                .chunks(bucket)
                .map(|values| fold(values, fold_of(key.metric)))
                .collect()
        })
        .collect();
    Series {
        interval: Micros(series.interval.0.saturating_mul(bucket as u64)),
        keys: series.keys,
        columns: thinned,
    }
}

fn fold(values: &[f64], how: Fold) -> f64 {
    let mut known = values.iter().copied().filter(|value| !value.is_nan());
    match how {
        // f64::max ignores the NaN it starts from.
        Fold::Max => known.fold(f64::NAN, f64::max),
        Fold::Last => known.next_back().unwrap_or(f64::NAN),
        Fold::Mean => {
            let (sum, count) = known.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
            // 0 / 0 is NaN: a bucket without values has none.
            sum / f64::from(count)
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the values pass through or are exact in binary")]
mod tests {
    use super::*;
    use cacheplan_engine::report::SeriesKey;

    fn series(metrics: &[(Metric, Vec<f64>)]) -> Series {
        Series {
            interval: Micros(1_000_000),
            keys: metrics
                .iter()
                .map(|&(metric, _)| SeriesKey { metric, shard: None })
                .collect(),
            columns: metrics.iter().map(|(_, column)| column.clone()).collect(),
        }
    }

    #[test]
    fn short_series_pass_unchanged() {
        let short = series(&[(Metric::RequestsPerS, vec![1.0; POINTS_PER_COLUMN])]);
        assert_eq!(decimate(short.clone()), short);
    }

    #[test]
    fn each_metric_keeps_what_it_is_watched_for() {
        let points = POINTS_PER_COLUMN * 3;
        let ramp: Vec<f64> = (0..points).map(|i| i as f64).collect();
        let thin = decimate(series(&[
            (Metric::RequestsPerS, ramp.clone()),
            (Metric::P99Us, ramp.clone()),
            (Metric::MemoryShare, ramp),
        ]));
        assert_eq!(thin.interval, Micros(3_000_000));
        assert_eq!(thin.len(), POINTS_PER_COLUMN);
        assert_eq!(thin.cluster(Metric::RequestsPerS).unwrap()[..2], [1.0, 4.0]);
        assert_eq!(thin.cluster(Metric::P99Us).unwrap()[..2], [2.0, 5.0]);
        assert_eq!(thin.cluster(Metric::MemoryShare).unwrap()[..2], [2.0, 5.0]);
    }

    #[test]
    fn gaps_stay_only_where_a_whole_bucket_is_one() {
        let mut column = vec![f64::NAN; POINTS_PER_COLUMN * 2];
        column[1] = 0.5;
        for metric in [Metric::HitRatio, Metric::P99Us, Metric::MemoryShare] {
            let thin = decimate(series(&[(metric, column.clone())]));
            let thin = thin.cluster(metric).unwrap();
            assert_eq!(thin[0], 0.5);
            assert!(thin[1..].iter().all(|value| value.is_nan()));
        }
    }

    #[test]
    fn many_columns_share_the_total() {
        let wide: Vec<_> = (0..1_000)
            .map(|_| (Metric::EngineCpu, vec![0.1; 1_999]))
            .collect();
        let thin = decimate(series(&wide));
        assert!(thin.len() * thin.columns.len() <= POINTS_IN_ALL);
        assert_eq!(thin.interval, Micros(4_000_000));
    }

    #[test]
    fn the_last_bucket_may_be_shorter() {
        let thin = decimate(series(&[(
            Metric::RequestsPerS,
            vec![2.0; POINTS_PER_COLUMN + 1],
        )]));
        assert_eq!(thin.len(), POINTS_PER_COLUMN.div_ceil(2) + 1);
        assert!(
            thin.cluster(Metric::RequestsPerS)
                .unwrap()
                .iter()
                .all(|&v| v == 2.0)
        );
    }
}
