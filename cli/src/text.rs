//! Figures as people read them.

/// A whole number with thousands separated.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 line`, `2 lines`.
pub(crate) fn count(n: u64, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", number(n))
}

/// A rate or an amount: whole above a hundred, with decimals below.
pub(crate) fn amount(x: f64) -> String {
    match x.abs() {
        100.0.. => number(x.round().max(0.0) as u64),
        10.0.. => format!("{x:.1}"),
        _ => format!("{x:.2}"),
    }
}

/// A share, in percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// A number of bytes in the largest binary unit that leaves a whole part.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let (mut x, mut unit) = (n as f64, 0);
    while x >= 1_024.0 && unit + 1 < UNITS.len() {
        x /= 1_024.0;
        unit += 1;
    }
    match UNITS.get(unit) {
        Some(name) if unit > 0 => format!("{x:.2} {name}"),
        _ => format!("{n} B"),
    }
}

/// A span of time, from microseconds.
pub(crate) fn span(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{:.2} ms", us as f64 / 1e3),
        1_000_000..7_200_000_000 => format!("{:.2} s", us as f64 / 1e6),
        _ => format!("{:.2} h", us as f64 / 3.6e9),
    }
}

/// An amount of money.
pub(crate) fn usd(x: f64) -> String {
    let cents = (x.abs() * 100.0).round() as u64;
    let sign = if x < 0.0 { "-" } else { "" };
    format!("{sign}${}.{:02}", number(cents / 100), cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        assert_eq!(
            [number(7), number(1_000), number(12_345_678)],
            ["7", "1,000", "12,345,678"]
        );
        assert_eq!([count(1, "line"), count(2, "line")], ["1 line", "2 lines"]);
        assert_eq!(
            [amount(0.5), amount(12.34), amount(1_234.5)],
            ["0.50", "12.3", "1,235"]
        );
        assert_eq!(
            [bytes(1_023), bytes(1 << 20), bytes(3 << 29)],
            ["1023 B", "1.00 MiB", "1.50 GiB"]
        );
        assert_eq!(
            [span(999), span(1_500), span(90_000_000)],
            ["999 µs", "1.50 ms", "90.00 s"]
        );
        assert_eq!([usd(1_234.5), usd(-0.01)], ["$1,234.50", "-$0.01"]);
        assert_eq!(percent(0.98765), "98.77 %");
    }
}
