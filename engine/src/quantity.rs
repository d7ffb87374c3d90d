//! Quantities as people read them: exact text for editors, rounded text for answers.
//!
//! A quantity is an `f64` in the base unit that [`Unit`] names; 53 bits hold every count and size that a scenario
//! allows exactly.

use crate::units::decimals;

/// What a number measures, and so how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A whole number of things.
    Count,
    /// Bytes. `KB` is 1,000 of them, `KiB` is 1,024.
    Bytes,
    /// Events per second.
    PerSecond,
    /// Seconds.
    Seconds,
    /// Microseconds; a number without a unit is read as milliseconds, the way latencies are spoken of.
    Micros,
    /// A part of a whole, 0 to 1, written in percent.
    Percent,
    /// Hour of the day, 0 to 24, written as a clock does.
    Hour,
    /// United States dollars.
    Usd,
    /// A pure number.
    Number,
}

const DECIMAL: [(f64, &str); 5] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
const BINARY: [(f64, &str); 5] = [
    (1_099_511_627_776.0, "TiB"),
    (1_073_741_824.0, "GiB"),
    (1_048_576.0, "MiB"),
    (1_024.0, "KiB"),
    (1.0, "B"),
];
const DECIMAL_BYTES: [(f64, &str); 5] = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB"), (1.0, "B")];
const SPANS: [(f64, &str); 7] = [
    (86_400.0, "d"),
    (3_600.0, "h"),
    (60.0, "min"),
    (1.0, "s"),
    (1e-3, "ms"),
    (1e-6, "µs"),
    (1e-9, "ns"),
];

/// The largest step of a ladder that a value reaches, else its last.
fn step(value: f64, ladder: &[(f64, &'static str)]) -> (f64, &'static str) {
    let last = ladder.last().copied().unwrap_or((1.0, ""));
    ladder
        .iter()
        .copied()
        .find(|(size, _)| value.abs() >= *size * (1.0 - 1e-12))
        .unwrap_or(last)
}

/// Text for an editor: parses back to the same value unless that takes more than seven digits.
pub fn exact(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => ladder(value, &DECIMAL),
        Unit::PerSecond => ladder(value, &DECIMAL) + "/s",
        Unit::Bytes => {
            let (binary, decimal) = (ladder(value, &BINARY), ladder(value, &DECIMAL_BYTES));
            if decimal.len() <= binary.len() {
                decimal
            } else {
                binary
            }
        }
        Unit::Seconds => span(value),
        // Beyond minutes nobody reads seconds.
        Unit::Micros if value >= 1e9 => text(value, unit),
        Unit::Micros => ladder(value / 1e6, &SPANS[3..]),
        Unit::Percent => plain(value * 100.0) + " %",
        Unit::Hour => clock(value * 3_600.0),
        Unit::Usd => "$".to_string() + &plain(value),
        Unit::Number => plain(value),
    }
}

/// With the step that gives the fewest characters, preferring the largest.
fn ladder(value: f64, ladder: &[(f64, &'static str)]) -> String {
    let (size, suffix) = step(value, ladder);
    let mut text = plain(value / size);
    let places = text.bytes().filter(u8::is_ascii_digit).count();
    if places > 7 && value.fract() == 0.0 && value.abs() < 1e15 {
        text = grouped(value);
        let unit = ladder.last().map_or("", |(_, suffix)| suffix);
        return join(text, unit);
    }
    join(text, suffix)
}

fn join(mut text: String, suffix: &str) -> String {
    if !suffix.is_empty() {
        text.push(' ');
        text.push_str(suffix);
    }
    text
}

/// `2 h 30 min`, with as many parts as it takes.
fn span(seconds: f64) -> String {
    if seconds < 1.0 || seconds.fract() != 0.0 {
        return ladder(seconds, &SPANS[3..]);
    }
    let mut left = seconds;
    let mut text = String::new();
    for (size, suffix) in SPANS.iter().take(4) {
        let count = (left / size).floor();
        if count > 0.0 {
            left -= count * size;
            if !text.is_empty() {
                text.push(' ');
            }
            text += &join(plain(count), suffix);
        }
    }
    text
}

/// At most ten significant digits, without trailing zeros.
fn plain(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let places = (9 - libm::log10(value.abs()).floor() as i32).clamp(0, 12) as usize;
    trimmed(&fixed(value, places))
}

fn trimmed(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text.into()
    }
}

/// With so many decimals, thousands grouped and a true minus sign.
pub fn fixed(value: f64, places: usize) -> String {
    let text = decimals(value.abs(), places as u32);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::with_capacity(text.len() + 4);
    if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        out.push('−');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) && whole.len() > 3 {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A whole number with its thousands grouped.
pub fn grouped(value: f64) -> String {
    fixed(value.round(), 0)
}

/// Three significant digits.
pub fn digits3(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !size.is_finite() {
        return "0".into();
    }
    // Rounding may add a digit before the point: 9.996 is 10.0.
    let places = (2 - libm::log10(size * 1.000_5).floor() as i32).clamp(0, 6) as usize;
    let text = fixed(value, places);
    if size < 100.0 && value.fract() == 0.0 {
        trimmed(&text)
    } else {
        text
    }
}

/// Number and unit of an answer, rounded to three digits: `("48.2", "k/s")`.
pub fn short(value: f64, unit: Unit) -> (String, &'static str) {
    let on = |value: f64, table: &[(f64, &'static str)]| {
        // Rounding may reach the next step: 999.96 k is 1.00 M.
        let (size, suffix) = step(value * 1.0005, table);
        (digits3(value / size), suffix)
    };
    match unit {
        Unit::Count => on(value, &DECIMAL),
        Unit::PerSecond => {
            let (number, suffix) = on(value, &DECIMAL);
            let suffix = match suffix {
                "T" => "T/s",
                "G" => "G/s",
                "M" => "M/s",
                "k" => "k/s",
                _ => "/s",
            };
            (number, suffix)
        }
        Unit::Bytes => on(value, &BINARY),
        Unit::Seconds => on(value, &SPANS[..6]),
        Unit::Micros if value == 0.0 => ("0".into(), "ms"),
        Unit::Micros => on(value / 1e6, &SPANS[1..6]),
        Unit::Percent => (percent(value), "%"),
        Unit::Hour => (clock(value * 3_600.0), ""),
        Unit::Usd => (usd(value), ""),
        Unit::Number => (digits3(value), ""),
    }
}

/// Number and unit of an answer as one text.
pub fn text(value: f64, unit: Unit) -> String {
    let (number, suffix) = short(value, unit);
    if suffix.starts_with('/') {
        number + suffix
    } else {
        join(number, suffix)
    }
}

/// Percent without its sign; two decimals near either end, where they matter, else one.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    let edge = value.abs().min((100.0 - value).abs());
    let text = fixed(value, if edge < 1.0 { 2 } else { 1 });
    trimmed_whole(text)
}

/// Without decimals that are all zero because of rounding: nearly everything reads as 100 and not as 100.00.
fn trimmed_whole(text: String) -> String {
    match text.as_str() {
        "100.00" | "100.0" => "100".into(),
        "0.00" => "0".into(),
        _ => text,
    }
}

/// Percent without its sign and, from ten on, without decimals: for levels that are read at a glance.
pub fn percent_level(share: f64) -> String {
    let value = share * 100.0;
    trimmed(&fixed(value, if value.abs() < 10.0 { 1 } else { 0 }))
}

/// Whole dollars from ten on, else cents.
pub fn usd(value: f64) -> String {
    let text = fixed(value.abs(), if value.abs() >= 10.0 { 0 } else { 2 });
    let sign = if value < 0.0 { "−$" } else { "$" };
    sign.to_string() + &text
}

/// Simulated time as a clock: `14:05`, with seconds when they matter, with the day from the second on.
pub fn clock(seconds: f64) -> String {
    let total = seconds.max(0.0).round() as u64;
    let (day, hour, minute, second) = (total / 86_400, total / 3_600 % 24, total / 60 % 60, total % 60);
    let mut text = if total == 86_400 {
        "24:00".into()
    } else {
        format!("{hour:02}:{minute:02}")
    };
    if second > 0 {
        text += &format!(":{second:02}");
    }
    if day > 0 && total != 86_400 {
        text = format!("day {} {text}", day + 1);
    }
    text
}
