use super::*;

#[track_caller]
fn reads(text: &str, unit: Unit, value: f64) {
    let got = parse(text, unit).unwrap();
    assert!(
        (got - value).abs() <= value.abs() * 1e-12,
        "{text}: {got} instead of {value}"
    );
}

#[test]
fn reads_what_people_write() {
    reads("64GB", Unit::Bytes, 64e9);
    reads("64 GiB", Unit::Bytes, 64.0 * 1_073_741_824.0);
    reads("1.2 KB", Unit::Bytes, 1_200.0);
    reads("512", Unit::Bytes, 512.0);
    reads("512k", Unit::Bytes, 512_000.0);
    reads("1.5 M/s", Unit::PerSecond, 1.5e6);
    reads("48 k/s", Unit::PerSecond, 48e3);
    reads("48k rps", Unit::PerSecond, 48e3);
    reads("48k req/s", Unit::PerSecond, 48e3);
    reads("600/min", Unit::PerSecond, 10.0);
    reads("3 million per hour", Unit::PerSecond, 3e6 / 3_600.0);
    reads("90%", Unit::Percent, 0.9);
    reads("4 %", Unit::Percent, 0.04);
    reads("25", Unit::Percent, 0.25);
    reads("2h30m", Unit::Seconds, 9_000.0);
    reads("1 d 4 h", Unit::Seconds, 100_800.0);
    reads("90", Unit::Seconds, 90.0);
    reads("250 ms", Unit::Micros, 250_000.0);
    reads("300 µs", Unit::Micros, 300.0);
    reads("300us", Unit::Micros, 300.0);
    reads("9", Unit::Micros, 9_000.0);
    reads("42 M", Unit::Count, 42e6);
    reads("42 million keys", Unit::Count, 42e6);
    reads("1,000,000", Unit::Count, 1e6);
    reads("1 000 000", Unit::Count, 1e6);
    reads("1e6", Unit::Count, 1e6);
    reads("1,5 M", Unit::Count, 1.5e6);
    reads("$0.175", Unit::Usd, 0.175);
    reads("0.175 USD", Unit::Usd, 0.175);
    reads("Zipf 0.92", Unit::Number, 0.92);
    reads("×2.1", Unit::Number, 2.1);
    reads("20:30", Unit::Hour, 20.5);
    reads("8 pm", Unit::Hour, 20.0);
    reads("−3", Unit::Number, -3.0);
}

#[test]
fn says_why_a_text_is_no_quantity() {
    assert_eq!(parse("  ", Unit::Count), Err(QuantityError::Empty));
    assert_eq!(parse("many", Unit::Count), Err(QuantityError::NoNumber));
    assert_eq!(
        parse("3 h", Unit::Bytes),
        Err(QuantityError::UnknownUnit("h".into()))
    );
    assert_eq!(
        parse("3 GB", Unit::Seconds),
        Err(QuantityError::UnknownUnit("gb".into()))
    );
    assert_eq!(
        parse("1 h 3", Unit::Seconds),
        Err(QuantityError::UnknownUnit(String::new()))
    );
    assert_eq!(parse("1e999", Unit::Count), Err(QuantityError::NoNumber));
}

#[test]
fn editor_text_parses_back_to_the_value() {
    let cases = [
        (
            Unit::Count,
            vec![1.0, 999.0, 1_000.0, 42e6, 1_234_567.0, 123_456_789.0, 1e9],
        ),
        (
            Unit::Bytes,
            vec![
                1.0,
                32.0,
                1_024.0,
                1_200.0,
                1_536.0,
                64e9,
                13.07e9,
                1_073_741_825.0,
            ],
        ),
        (Unit::PerSecond, vec![0.001, 0.5, 48e3, 1.5e6, 1e8]),
        (
            Unit::Seconds,
            vec![10.0, 90.0, 3_600.0, 9_000.0, 86_400.0, 2_678_400.0, 3_661.0],
        ),
        (Unit::Micros, vec![1.0, 300.0, 9_000.0, 9_250.0, 60e6]),
        (Unit::Percent, vec![0.0, 0.04, 0.125, 0.9, 1.0]),
        (Unit::Hour, vec![0.0, 8.5, 20.0]),
        (Unit::Usd, vec![0.0, 0.1752, 10_000.0]),
        (Unit::Number, vec![0.0, 0.92, 1.0, 2.1, 1_000_000.0]),
    ];
    for (unit, values) in cases {
        for value in values {
            let shown = exact(value, unit);
            let back = parse(&shown, unit).unwrap();
            assert!(
                (back - value).abs() <= value * 1e-12,
                "{value} shows as {shown}, reads as {back}"
            );
        }
    }
}

#[test]
fn editor_text_is_short() {
    assert_eq!(exact(42e6, Unit::Count), "42 M");
    assert_eq!(exact(48e3, Unit::PerSecond), "48 k/s");
    assert_eq!(exact(12.0, Unit::PerSecond), "12/s");
    assert_eq!(exact(1_200.0, Unit::Bytes), "1.2 KB");
    assert_eq!(exact(1_024.0, Unit::Bytes), "1 KiB");
    assert_eq!(exact(9_000.0, Unit::Seconds), "2 h 30 min");
    assert_eq!(exact(300.0, Unit::Micros), "300 µs");
    assert_eq!(exact(0.1, Unit::Percent), "10 %");
    assert_eq!(exact(1_073_741_825.0, Unit::Bytes), "1,073,741,825 B");
}

#[test]
fn answers_keep_three_digits() {
    assert_eq!(text(0.91432, Unit::Percent), "91.4 %");
    assert_eq!(text(0.99874, Unit::Percent), "99.87 %");
    assert_eq!(text(0.0014, Unit::Percent), "0.14 %");
    assert_eq!(text(0.99998, Unit::Percent), "100 %");
    assert_eq!(text(4_123.0, Unit::PerSecond), "4.12 k/s");
    assert_eq!(text(640.0, Unit::PerSecond), "640/s");
    assert_eq!(text(999_960.0, Unit::Count), "1.00 M");
    assert_eq!(text(11_812.0, Unit::Micros), "11.8 ms");
    assert_eq!(text(0.0, Unit::Micros), "0 ms");
    assert_eq!(text(68_451e6, Unit::Micros), "19.0 h");
    assert_eq!(
        (percent_level(0.9997), percent_level(0.068)),
        ("100".into(), "6.8".into())
    );
    assert_eq!(text(31_568_000_000.0, Unit::Bytes), "29.4 GiB");
    assert_eq!(text(1_151.06, Unit::Usd), "$1,151");
    assert_eq!(text(-128.0, Unit::Usd), "−$128");
}

#[test]
fn clock_shows_what_matters() {
    assert_eq!(clock(0.0), "00:00");
    assert_eq!(clock(50_700.0), "14:05");
    assert_eq!(clock(50_712.0), "14:05:12");
    assert_eq!(clock(86_400.0), "24:00");
    assert_eq!(clock(90_000.0), "day 2 01:00");
}
