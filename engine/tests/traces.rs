//! The trace readers: formats, compression, damage, and recorded miss counts of real traces.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use cacheplan_engine::units::Micros;
use cacheplan_engine::workload::Operation;
use cacheplan_engine::workload::trace::{
    BadLines, Command, Format, Options, Reader, Reason, Trace, TraceError,
};
use proptest::prelude::*;
use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

fn read(bytes: &[u8], options: &Options) -> Result<Trace, TraceError> {
    Reader::new(bytes, options)?.finish()
}

fn read_csv(text: &str) -> Result<Trace, TraceError> {
    read(text.as_bytes(), &Options::default())
}

fn oracle(records: &[(u32, u64, u32)]) -> Vec<u8> {
    let record = |&(time, id, size): &(u32, u64, u32)| {
        [
            &time.to_le_bytes()[..],
            &id.to_le_bytes(),
            &size.to_le_bytes(),
            &(-1_i64).to_le_bytes(),
        ]
        .concat()
    };
    records.iter().flat_map(record).collect()
}

/// Compresses as two frames, with a skippable one between them.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let skippable = [0x53, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let compress = |part| compress_to_vec(part, CompressionLevel::Fastest);
    [compress(first), skippable.to_vec(), compress(second)].concat()
}

/// A source that hands out few bytes at a time, as a network does.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = out.len().min(self.1).min(self.0.len());
        let (now, rest) = self.0.split_at(n);
        out[..n].copy_from_slice(now);
        self.0 = rest;
        Ok(n)
    }
}

/// A file or folder of the recorded data beside the workspace; `None`, with a note, when it is not there.
fn shared(path: &str) -> Option<PathBuf> {
    let full = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(path);
    if !full.exists() {
        eprintln!("skipped: {} is not there", full.display());
        return None;
    }
    Some(full)
}

fn read_shared(name: &str) -> Option<Trace> {
    let file = fs::File::open(shared("traces")?.join(name)).expect("the file can be opened");
    let options = Options {
        name: name.into(),
        ..Options::default()
    };
    let mut reader = Reader::new(file, &options).expect("the format is known");
    while reader.read_some(10_000).expect("the file is sound").more() {}
    Some(reader.finish().expect("the file is sound"))
}

#[test]
fn oracle_general_plain_and_compressed() {
    let records: Vec<_> = (0..5_000_u64)
        .map(|i| ((i / 10) as u32, i * i % 997, 100 + (i % 997) as u32))
        .collect();
    let plain = oracle(&records);
    let trace = read(&plain, &Options::default()).unwrap();
    assert_eq!(trace.requests(), 5_000);
    assert_eq!(trace.keys()[..4], [0, 1, 2, 3]);
    assert_eq!(trace.duration(), Micros(500_000_000));
    assert_eq!(trace.operation(0), Operation::Read);
    assert_eq!(trace.key_bytes(), None);
    let packed = zstd(&plain);
    for step in [1, 5, 23, 4_096] {
        let mut reader = Reader::new(Trickle(&packed, step), &Options::default()).unwrap();
        assert_eq!(reader.format(), Format::OracleGeneral);
        while reader.read_some(77).unwrap().more() {}
        assert_eq!(reader.bytes_consumed(), packed.len() as u64);
        assert_eq!(reader.requests(), 5_000);
        assert_eq!(reader.finish().unwrap().fingerprint(), trace.fingerprint());
    }
}

#[test]
fn twitter_csv() {
    let text = "0,nz:u:eeW511W3dcH3de3d15ec,22,304,0,get,0\n\
                0,a,b,c,3,0,5,get,0\r\n\
                1, nz:u:eeW511W3dcH3de3d15ec ,22,304,0,gets,0\n\
                1,a,b,c,3,77,5,set,86400\n\
                2,42,2,10,1,delete,0\n\n";
    let trace = read_csv(text).unwrap();
    assert_eq!(trace.keys(), [0, 1, 0, 1, 2]);
    assert_eq!(
        trace.sizes(),
        [304, 77, 10],
        "a read that missed is logged with 0"
    );
    assert_eq!(trace.key_bytes(), Some(&[22, 3, 2][..]));
    assert_eq!(*trace.object_bytes(), [326, 80, 12]);
    assert_eq!(trace.bytes().0, 418);
    let commands: Vec<_> = (0..5).map(|i| trace.command(i)).collect();
    assert_eq!(
        commands,
        [
            Command::Get,
            Command::Get,
            Command::Gets,
            Command::Set,
            Command::Delete
        ]
    );
    assert_eq!(trace.ttl(3).map(|ttl| ttl.0), Some(86_400));
    assert_eq!(trace.ttl(0), None);
    assert_eq!(trace.problems().count(), 0);
}

#[test]
fn all_of_twitters_operations() {
    let names = [
        "get", "gets", "set", "add", "replace", "cas", "append", "prepend", "delete", "incr", "decr",
    ];
    let text: String = names.map(|name| format!("0,k,1,5,0,{name},0\n")).concat();
    let trace = read_csv(&text).unwrap();
    let of = |operation| {
        (0..names.len())
            .filter(|i| trace.operation(*i) == operation)
            .count()
    };
    assert_eq!(
        [of(Operation::Read), of(Operation::Write), of(Operation::Delete)],
        [2, 8, 1]
    );
    let bad = read_csv("0,k,1,5,0,get,0\n0,k,1,5,0,touch,0\n").unwrap();
    assert_eq!(
        bad.problems().first()[0].to_string(),
        "line 2: “touch” is no operation"
    );
}

#[test]
fn csv_in_its_varieties() {
    let plain = read_csv("time,key,size\n0,a,10\n0,b,20\n5,a,10\n").unwrap();
    for variety in [
        "# time, object, size, next_access_vtime\n0, a, 10, 3\n0, b, 20, -1\n5, a, 10, -1\n",
        "\n\r\nTIMESTAMP\tobj_id\tvalue_size\r\n0\ta\t10\r\n0\tb\t20\r\n\r\n5\ta\t10",
        "obj_size;\"id\";ts\n10;\"a\";0\n20; b ;0.9\n10;a;5.25\n",
        "\u{feff}time,key,size\n0,a,10\n0,b,20\n5,a,10\n",
    ] {
        let trace = read_csv(variety).unwrap_or_else(|error| panic!("{variety}: {error}"));
        assert_eq!(trace.problems().count(), 0, "{variety}: {:?}", trace.problems());
        assert_eq!(trace.fingerprint(), plain.fingerprint(), "{variety}");
    }
    let disk = read_csv("version,time,op,size,lbn\n1,5633898,2a,512,42932745\n1,5633899,28,1024,42932745\n")
        .unwrap();
    assert_eq!(disk.keys(), [0, 0]);
    assert_eq!(
        [disk.operation(0), disk.operation(1)],
        [Operation::Write, Operation::Read]
    );
    assert_eq!((disk.sizes(), disk.request_size(1)), (&[512][..], Some(1_024)));
    let full =
        read_csv("time,key,size,key_size,op,ttl\n0,a,1,9,SET,60\n0,a,1,9,Read,\n0,b,1,8,del,-1\n").unwrap();
    assert_eq!(full.key_bytes(), Some(&[9, 8][..]));
    assert_eq!(
        [
            full.ttl(0).map(|ttl| ttl.0),
            full.ttl(1).map(|ttl| ttl.0),
            full.ttl(2).map(|ttl| ttl.0)
        ],
        [Some(60), None, None]
    );
}

#[test]
fn numbers_and_texts_are_different_keys() {
    let keys = "time,key,size\n0,7,1\n0,07,1\n0,7,1\n0,18446744073709551615,1\n0,18446744073709551616,1\n0,0,1\n0,00,1\n";
    assert_eq!(read_csv(keys).unwrap().keys(), [0, 1, 0, 2, 3, 4, 5]);
}

#[test]
fn times_since_1970_may_be_finer_than_seconds() {
    for unit in [1, 1_000, 1_000_000, 1_000_000_000_u64] {
        let at = |second: u64| (1_700_000_000 + second) * unit;
        let trace = read_csv(&format!("time,key,size\n{},a,1\n{},b,1\n", at(0), at(3))).unwrap();
        assert_eq!(trace.start().0, 1_700_000_000);
        assert_eq!(trace.time(1), Micros(3_000_000));
    }
}

#[test]
fn times_that_go_backwards_are_moved_up_and_counted() {
    let trace = read_csv("time,key,size\n5,a,1\n3,b,1\n6,a,1\n").unwrap();
    assert_eq!(trace.clamped_times(), 1);
    let times: Vec<_> = (0..3).map(|i| trace.time(i).0).collect();
    assert_eq!(times, [0, 500_000, 1_000_000]);
}

#[test]
fn bad_lines_are_reported_by_number() {
    let long = "x".repeat(100_000);
    let text = format!(
        "time,key,size\n0,a,10\nx,a,10\n0,,10\n0,a\n0,a,-5\n0,a,99999999999\n{long}\n0,a,10,\n1,b,20\n\u{1},b,20\n"
    );
    let trace = read_csv(&text).unwrap();
    assert_eq!(trace.keys(), [0, 1]);
    assert_eq!(trace.problems().count(), 8);
    let told: Vec<_> = trace.problems().first().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 3: “x” is no time",
            "line 4: the key is missing",
            "line 5: 2 columns in place of 3",
            "line 6: “-5” is no size",
            "line 7: “99999999999” is no size",
            "line 8: longer than any line of a trace",
            "line 9: 4 columns in place of 3",
            "line 11: “\u{fffd}” is no time",
        ]
    );
    let refuse = Options {
        bad_lines: BadLines::Refuse,
        ..Options::default()
    };
    let error = read(text.as_bytes(), &refuse).unwrap_err();
    assert_eq!(error.to_string(), "line 3: “x” is no time");

    let many = format!("time,key,size\n0,a,1\n{}", "?\n".repeat(1_000));
    let trace = read_csv(&many).unwrap();
    assert_eq!(
        (trace.problems().count(), trace.problems().first().len()),
        (1_000, 20)
    );
}

#[test]
fn what_is_no_trace_says_why() {
    let error = |bytes: &[u8]| read(bytes, &Options::default()).unwrap_err();
    assert_eq!(error(b""), TraceError::Empty);
    assert_eq!(error(b" \r\n\n"), TraceError::Empty);
    assert_eq!(error(b"time,key,size\n"), TraceError::Empty);
    assert_eq!(error(b"time,size\n0,1\n"), TraceError::MissingColumn("key"));
    assert_eq!(error(b"key,size\n0,1\n"), TraceError::MissingColumn("time"));
    assert_eq!(error(b"0,1,2\n0,1,2\n"), TraceError::NoHeader("0,1,2".into()));
    assert_eq!(error(b"hello\n"), TraceError::NoHeader("hello".into()));
    assert_eq!(error(&[7; 23]), TraceError::UnknownFormat);
    assert_eq!(error(&[0xFF; 240]), TraceError::UnknownFormat);
    assert!(
        matches!(error(b"time,key,size\nx,x,x\n"), TraceError::NothingUsable(problems) if problems.count() == 1)
    );

    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let broken = Reader::new(Broken, &Options::default()).err();
    assert_eq!(
        broken,
        Some(TraceError::Io(io::ErrorKind::Other, "the disk is gone".into()))
    );
}

#[test]
fn a_record_that_was_cut_is_reported() {
    let mut bytes = oracle(&[(0, 1, 10), (1, 2, 10)]);
    bytes.truncate(40);
    let trace = read(&bytes, &Options::default()).unwrap();
    assert_eq!(trace.requests(), 1);
    assert_eq!(
        trace.problems().first()[0].reason,
        Reason::Cut { bytes: 16, of: 24 }
    );
    let refuse = Options {
        bad_lines: BadLines::Refuse,
        ..Options::default()
    };
    let error = read(&bytes, &refuse).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2: the file ends after 16 of the 24 bytes of a record"
    );
}

#[test]
fn a_compressed_file_that_was_cut_or_damaged_is_an_error() {
    let records: Vec<_> = (0..2_000_u64)
        .map(|i| (0, i.wrapping_mul(0x9E37_79B9_7F4A_7C15), 10))
        .collect();
    let packed = zstd(&oracle(&records));
    for end in [5, 100, packed.len() / 2 - 40, packed.len() - 1] {
        let error = read(&packed[..end], &Options::default()).unwrap_err();
        assert_eq!(
            error,
            TraceError::CompressedCut,
            "cut at {end} of {}",
            packed.len()
        );
    }
    let mut damaged = packed.clone();
    let end = damaged.len();
    damaged[end / 4] ^= 0x10;
    assert!(matches!(
        read(&damaged, &Options::default()),
        Err(TraceError::Compressed(_))
    ));
    let garbage = [&packed[..], b"garbage"].concat();
    assert!(matches!(
        read(&garbage, &Options::default()),
        Err(TraceError::Compressed(_))
    ));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..2_000), format in 0..4_usize, start in 0..5_usize,
    ) {
        let starts: [&[u8]; 5] =
            [b"", &[0x28, 0xB5, 0x2F, 0xFD], &[0x50, 0x2A, 0x4D, 0x18], b"time,key,size\n", b"0,k,1,5,0,get,0\n"];
        let bytes = [starts[start], &bytes].concat();
        let formats = [Format::Auto, Format::OracleGeneral, Format::TwitterCsv, Format::Csv];
        let options = Options { format: formats[format], ..Options::default() };
        if let Ok(trace) = read(&bytes, &options) {
            prop_assert!(trace.requests() > 0 && trace.objects() <= trace.requests());
            prop_assert!(trace.keys().iter().all(|key| (*key as usize) < trace.objects()));
            let times: Vec<_> = (0..trace.requests()).map(|i| trace.time(i).0).collect();
            prop_assert!(times.is_sorted());
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in "[0-9a-z,.;\t\" \r\n#-]{0,400}", start in 0..3_usize) {
        let start = ["", "time,key,size,op,ttl\n", "0,k,1,5,0,get,0\n"][start];
        let whole = read_csv(&format!("{start}{text}"));
        let trickled = Reader::new(Trickle(format!("{start}{text}").as_bytes(), 3), &Options::default())
            .and_then(Reader::finish);
        prop_assert_eq!(whole.map(|trace| trace.fingerprint()), trickled.map(|trace| trace.fingerprint()));
    }
}

#[test]
fn the_real_traces_are_what_their_readme_says() {
    let Some(binary) = read_shared("twitter_cluster52_1m.oracleGeneral.zst") else {
        return;
    };
    assert_eq!((binary.requests(), binary.objects()), (1_000_000, 143_542));
    let csv = read_shared("twitter_cluster52.csv.zst").expect("it lies beside the other");
    assert!(csv.keys() == binary.keys() && csv.sizes() == binary.sizes());
    assert_eq!(csv.fingerprint(), binary.fingerprint());
    assert_eq!(
        binary.fingerprint(),
        10_527_743_124_480_064_468,
        "links refer to it, from any target"
    );

    let binary = read_shared("cloudPhysicsIO.oracleGeneral.bin").expect("it lies beside the other");
    assert_eq!((binary.requests(), binary.objects()), (113_872, 48_974));
    let csv = read_shared("cloudPhysicsIO.csv.zst").expect("it lies beside the other");
    assert!(csv.keys() == binary.keys() && csv.sizes() == binary.sizes());
    let mut last = csv.sizes().to_vec();
    let changed = |i: &usize| {
        let (key, size) = (csv.keys()[*i] as usize, csv.request_size(*i).expect("sizes vary"));
        std::mem::replace(&mut last[key], size) != size
    };
    assert_eq!((0..csv.requests()).filter(changed).count(), 16_469);
    for trace in [binary, csv] {
        assert_eq!((trace.problems().count(), trace.clamped_times()), (0, 0));
    }
}
