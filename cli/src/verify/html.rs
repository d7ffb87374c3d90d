//! What was verified as a page: a scatter plot per check, measured against projected, and its worst rows as a table.
//!
//! The markup is a fragment that stands alone in a browser and takes on the style of a page that it is put into: it
//! has no style of its own but the current colour. The app shows one, made from the recordings of real servers.

use super::check::{Check, ErrorKind, Point};
use crate::text;
use std::fmt::Write;

/// Rows of each table: those nearest to their bound, or past it.
const ROWS: usize = 10;
/// Side of a plot without its labels, in pixels at its natural size.
const SIDE: f64 = 240.0;
/// Room for the labels to the left of a plot.
const LEFT: f64 = 44.0;
/// Room for the labels below a plot.
const BELOW: f64 = 34.0;
/// Room above and to the right of a plot, for half a label.
const EDGE: f64 = 18.0;

/// All checks, one section each.
pub(super) fn page(checks: &[Check]) -> String {
    checks.iter().map(section).collect()
}

fn section(check: &Check) -> String {
    let summary = check.summary();
    let unit = check.error.unit();
    let within =
        |bound: Option<f64>| bound.map_or_else(String::new, |bound| format!(" (at most {bound}{unit})"));
    let verdict = if check.holds() {
        "Within its bounds"
    } else {
        "Past a bound"
    };
    let mut html = format!(
        "<section class=\"check\">\n<h2>{}</h2>\n",
        escaped(&capitalised(check.name))
    );
    html += &match check.error {
        ErrorKind::Exact => {
            let equal = check.points.iter().filter(|point| point.error() < 0.5).count();
            format!(
                "<p>{verdict}: {} of {} rows equal.</p>\n",
                text::number(equal as u64),
                text::number(check.points.len() as u64),
            )
        }
        _ => format!(
            "<p>{verdict}: {} rows, mean error {:.2}{unit}{}, worst {:.2}{unit}{}.</p>\n",
            text::number(check.points.len() as u64),
            summary.mean_error,
            within(check.mean_bound),
            summary.worst_error,
            within(summary.worst_bound),
        ),
    };
    html += "<div class=\"check-parts\">\n";
    if let Some(scale) = Scale::of(&check.points).filter(|_| check.error != ErrorKind::Exact) {
        html += &plot(check, &scale);
    }
    html += &table(check);
    html + "</div>\n</section>\n"
}

/// How figures are placed along both axes, which are alike.
enum Scale {
    /// Shares: evenly from 0 to 1.
    Share,
    /// Anything else, which spans orders of magnitude: by logarithm, between two whole powers of ten.
    Decades(f64, f64),
}

impl Scale {
    /// `None` when no figure can be placed.
    fn of(points: &[Point]) -> Option<Self> {
        if points.first()?.unit == "share" {
            return Some(Self::Share);
        }
        let figures = || {
            points
                .iter()
                .flat_map(|point| [point.measured, point.projected])
                .filter(|figure| *figure > 0.0 && figure.is_finite())
        };
        let least = figures().min_by(f64::total_cmp)?.log10().floor();
        let most = figures().max_by(f64::total_cmp)?.log10().ceil();
        Some(Self::Decades(least, most.max(least + 1.0)))
    }

    /// Where a figure lies, 0 to 1.
    fn place(&self, figure: f64) -> f64 {
        match *self {
            Self::Share => figure,
            Self::Decades(least, most) => (figure.log10() - least) / (most - least),
        }
        .clamp(0.0, 1.0)
    }

    /// Figures to mark, with their labels.
    fn marks(&self) -> Vec<(f64, String)> {
        match *self {
            Self::Share => (0..=4)
                .map(|mark| (f64::from(mark) / 4.0, format!("{} %", mark * 25)))
                .collect(),
            Self::Decades(least, most) => (least as i32..=most as i32)
                .map(|decade| {
                    let figure = 10f64.powi(decade);
                    let label = match decade {
                        ..3 => format!("{figure}"),
                        3..6 => format!("{} k", figure / 1e3),
                        _ => format!("{} M", figure / 1e6),
                    };
                    (figure, label)
                })
                .collect(),
        }
    }
}

fn plot(check: &Check, scale: &Scale) -> String {
    let x = |figure: f64| LEFT + SIDE * scale.place(figure);
    let y = |figure: f64| EDGE + SIDE * (1.0 - scale.place(figure));
    let (width, height) = (LEFT + SIDE + EDGE, EDGE + SIDE + BELOW);
    let (right, bottom) = (LEFT + SIDE, EDGE + SIDE);
    let mut svg = format!(
        "<svg class=\"scatter\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-size=\"11\" role=\"img\" aria-label=\"{}: measured against projected\">\n\
         <g class=\"grid\" stroke=\"currentColor\" stroke-opacity=\".2\" fill=\"none\">",
        escaped(check.name)
    );
    let mut labels = String::new();
    for (figure, label) in scale.marks() {
        let (at_x, at_y) = (x(figure), y(figure));
        // Writing to a string does not fail.
        let _ = write!(
            svg,
            "<path d=\"M{at_x:.1} {EDGE}V{bottom}M{LEFT} {at_y:.1}H{right}\"/>"
        );
        let _ = write!(
            labels,
            "<text x=\"{at_x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            bottom + 14.0,
            LEFT - 5.0,
            at_y + 4.0,
        );
    }
    let _ = write!(
        svg,
        "<path stroke-opacity=\".6\" stroke-dasharray=\"4 3\" d=\"M{LEFT} {bottom}L{right} {EDGE}\"/></g>\n\
         <g class=\"marks\" fill=\"currentColor\">{labels}\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">Measured</text>\
         <text x=\"{}\" y=\"{:.1}\">Projected</text></g>\n\
         <path class=\"dots\" stroke=\"currentColor\" stroke-width=\"5\" stroke-linecap=\"round\" \
         stroke-opacity=\".45\" fill=\"none\" d=\"",
        LEFT + SIDE / 2.0,
        bottom + 30.0,
        LEFT + 6.0,
        EDGE + 14.0,
    );
    let mut last = String::new();
    for point in &check.points {
        let dot = format!("M{:.1} {:.1}h0", x(point.measured), y(point.projected));
        // Curves linger where nothing happens.
        if dot != last {
            svg += &dot;
            last = dot;
        }
    }
    svg + "\"/>\n</svg>\n"
}

fn table(check: &Check) -> String {
    let mut worst: Vec<&Point> = check.points.iter().collect();
    worst.sort_by(|a, b| b.strain().total_cmp(&a.strain()));
    worst.truncate(ROWS);
    let unit = check.error.unit();
    let mut html = String::from(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Rows with the largest errors\">\n<table>\n\
         <caption>Rows with the largest errors</caption>\n<thead><tr><th scope=\"col\">Server</th>\
         <th scope=\"col\">Row</th><th scope=\"col\">Measured</th><th scope=\"col\">Projected</th>\
         <th scope=\"col\">Error</th></tr></thead>\n<tbody>\n",
    );
    for point in worst {
        let error = match check.error {
            ErrorKind::Exact if point.error() < 0.5 => "none".to_string(),
            ErrorKind::Exact => "differs".to_string(),
            _ => format!("{:.2}{unit}", point.error()),
        };
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{error}</td></tr>",
            escaped(&point.server),
            escaped(&point.label),
            figure(point, point.measured),
            figure(point, point.projected),
        );
    }
    html + "</tbody>\n</table>\n</div>\n"
}

/// A figure in the unit of its point.
fn figure(point: &Point, figure: f64) -> String {
    match point.unit {
        "share" => format!("{:.2} %", figure * 100.0),
        unit if figure.fract().abs() > 0.0 => format!("{figure:.1} {unit}"),
        unit => format!("{figure} {unit}"),
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_counts_are_placed_and_told_in_their_units() {
        let mut ratios = Check::new("hit ratio", ErrorKind::Points, "share").mean_within(0.15);
        ratios.push("a<b", "row \"1\"".into(), (0.5, 0.51), Some(0.6));
        let mut counts = Check::new("evictions", ErrorKind::Percent, "keys");
        counts.push("a", "1".into(), (2_000.0, 200_000.0), Some(1.0));
        let html = page(&[ratios, counts]);
        // The middle of the plot, and a hundredth of it further up.
        assert!(html.contains(&format!("M{:.1} {:.1}h0", LEFT + 120.0, EDGE + 120.0 - 2.4)));
        assert!(html.contains("<td>50.00 %</td><td>51.00 %</td><td>1.00 pt</td>"));
        assert!(html.contains("Past a bound: 1 rows, mean error 1.00 pt (at most 0.15 pt)"));
        assert!(html.contains("a&lt;b") && html.contains("row &quot;1&quot;"));
        // From a thousand to a million, in thirds.
        assert!(html.contains(">1 k</text>") && html.contains(">1 M</text>"));
        assert!(html.contains("<td>2000 keys</td>"));
    }

    #[test]
    fn equal_figures_need_no_plot() {
        let mut slots = Check::new("key slots", ErrorKind::Exact, "slot");
        slots.push("a", "key".into(), (7.0, 7.0), Some(0.0));
        let html = page(&[slots]);
        assert!(html.contains("1 of 1 rows equal"));
        assert!(!html.contains("<svg"));
    }
}
