//! From text to quantity.

use super::Unit;
use cacheplan_engine::units::decimal;
use std::fmt;

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// Nothing was written.
    Empty,
    /// No number stands where one should.
    NoNumber,
    /// What follows the number is no unit of this quantity.
    UnknownUnit(String),
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Nothing entered"),
            Self::NoNumber => f.write_str("Not a number"),
            Self::UnknownUnit(unit) => {
                f.write_str("Unknown unit “")?;
                f.write_str(unit)?;
                f.write_str("”")
            }
        }
    }
}

/// Reads a quantity: `64GB`, `1.5 M/s`, `90%`, `2h30m`, `1,000,000`, `$0.175`.
///
/// # Errors
/// Says whether the text is empty, has no number, or has a unit that does not fit.
pub fn parse(text: &str, unit: Unit) -> Result<f64, QuantityError> {
    let text = text.trim().to_ascii_lowercase().replace('−', "-");
    let text = text.trim_start_matches(['$', '~', '×', '=', ' ']);
    let text = ["us$", "usd", "zipf", "x"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text)
        .trim();
    if text.is_empty() {
        return Err(QuantityError::Empty);
    }
    match unit {
        Unit::Seconds => duration(text, 1.0),
        Unit::Micros => Ok(duration(text, 1e-3)? * 1e6),
        Unit::Hour => hour(text),
        _ => {
            let (number, rest) = number(text).ok_or(QuantityError::NoNumber)?;
            let factor = match unit {
                Unit::Count => multiplier(without_words(rest, &["keys", "requests", "bytes"])),
                Unit::Bytes => bytes_factor(rest),
                Unit::PerSecond => rate_factor(rest),
                Unit::Percent => matches!(rest, "" | "%" | "percent" | "per cent").then_some(0.01),
                Unit::Usd => multiplier(without_words(rest, &["$", "usd", "dollars"])),
                _ => multiplier(rest),
            };
            factor
                .map(|factor| tidy(number * factor))
                .ok_or_else(|| QuantityError::UnknownUnit(rest.to_string()))
        }
    }
}

/// Rounds off the error that a decimal factor leaves in the last bits: 1.1 k is 1,100 and not 1,100.0000000000002.
fn tidy(value: f64) -> f64 {
    let magnitude = 10f64.powi(14 - value.abs().max(1e-9).log10().ceil() as i32);
    let rounded = (value * magnitude).round() / magnitude;
    if rounded.is_finite() { rounded } else { value }
}

/// The number at the start of a text and what follows it. Takes 1,000 and 1 000 and 1_000 as thousands, and a
/// single comma that is not followed by three digits as a decimal point.
fn number(text: &str) -> Option<(f64, &str)> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let group = |at: usize| digit(at + 1) && digit(at + 2) && digit(at + 3) && !digit(at + 4);
    let mut clean = String::new();
    let (mut at, mut point) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' => clean.push(byte as char),
            b'.' if !point => {
                point = true;
                clean.push('.');
            }
            b',' | b'_' | b'\'' | b' ' if !point && at > 0 && digit(at - 1) && group(at) => {}
            b',' if !point && digit(at + 1) => {
                point = true;
                clean.push('.');
            }
            _ => break,
        }
        at += 1;
    }
    let mut value = decimal(&clean)?;
    let mut rest = text.get(at..)?;
    if let Some((power, after)) = rest.strip_prefix('e').and_then(exponent) {
        value *= 10f64.powi(power);
        rest = after;
    }
    let value = if negative { -value } else { value };
    value.is_finite().then_some((value, rest.trim_start()))
}

/// The power of ten behind an `e`, and what follows it.
fn exponent(text: &str) -> Option<(i32, &str)> {
    let sign = usize::from(text.starts_with(['-', '+']));
    let digits = text.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    let (power, rest) = text.split_at(sign + digits);
    Some((power.parse().ok()?, rest))
}

fn without_words<'a>(rest: &'a str, words: &[&str]) -> &'a str {
    words.iter().fold(rest, |rest, word| {
        rest.strip_suffix(word).unwrap_or(rest).trim_end()
    })
}

fn multiplier(rest: &str) -> Option<f64> {
    Some(match rest {
        "" => 1.0,
        "k" | "thousand" => 1e3,
        "m" | "mio" | "million" => 1e6,
        "g" | "b" | "bn" | "billion" => 1e9,
        "t" | "tn" | "trillion" => 1e12,
        _ => return None,
    })
}

fn bytes_factor(rest: &str) -> Option<f64> {
    let rest = match rest {
        "" | "b" | "byte" | "bytes" => return Some(1.0),
        _ => rest.strip_suffix('b').unwrap_or(rest),
    };
    let (prefix, base) = match rest.strip_suffix('i') {
        Some(prefix) => (prefix, 1024f64),
        None => (rest, 1000f64),
    };
    let power = match prefix {
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    Some(base.powi(power))
}

fn rate_factor(rest: &str) -> Option<f64> {
    if let Some(prefix) = ["rps", "qps", "ops", "tps"]
        .iter()
        .find_map(|suffix| rest.strip_suffix(suffix))
    {
        return multiplier(prefix.trim());
    }
    let (count, per) = match rest.split_once('/') {
        Some((count, per)) => (count, per),
        None => rest
            .rsplit_once(' ')
            .and_then(|(count, per)| Some((count.strip_suffix("per")?, per)))
            .unwrap_or((rest, "s")),
    };
    let seconds = duration_unit(per.trim())?;
    let count = without_words(count.trim(), &["requests", "req", "queries", "reads", "ops"]);
    Some(multiplier(count)? / seconds)
}

fn duration_unit(name: &str) -> Option<f64> {
    Some(match name {
        "us" | "µs" | "μs" | "microseconds" => 1e-6,
        "ms" | "milliseconds" => 1e-3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        "y" | "year" | "years" => 31_536_000.0,
        _ => return None,
    })
}

/// Seconds of `2h30m`, `1 d 4 h`, `250 ms`; a number without a unit counts in `bare` seconds.
fn duration(text: &str, bare: f64) -> Result<f64, QuantityError> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let (value, tail) = number(rest).ok_or(QuantityError::NoNumber)?;
        let end = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let (name, tail) = tail.split_at(end);
        let factor = if name.is_empty() && rest.len() == text.len() && tail.is_empty() {
            bare
        } else {
            duration_unit(name).ok_or_else(|| QuantityError::UnknownUnit(name.to_string()))?
        };
        total += value * factor;
        rest = tail.trim_start_matches([' ', ',', '+']);
    }
    Ok(tidy(total))
}

/// Hour of `20`, `20:30`, `8 pm`, `20 h`.
fn hour(text: &str) -> Result<f64, QuantityError> {
    let (hours, rest) = number(text).ok_or(QuantityError::NoNumber)?;
    if let Some(minutes) = rest.strip_prefix(':') {
        let (minutes, rest) = number(minutes).ok_or(QuantityError::NoNumber)?;
        return match rest {
            "" => Ok(hours + minutes / 60.0),
            _ => Err(QuantityError::UnknownUnit(rest.to_string())),
        };
    }
    match rest {
        "" | "h" | "am" | "o'clock" => Ok(hours),
        "pm" => Ok(if hours < 12.0 { hours + 12.0 } else { hours }),
        _ => Err(QuantityError::UnknownUnit(rest.to_string())),
    }
}
