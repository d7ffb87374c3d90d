//! `cacheplan verify --live` against real servers, where they are installed: Debian's packages `redis-server` and
//! `memcached`. Each test starts its own on a free port of the loopback interface and ends it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

use serde_json::Value;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// A server that lives as long as this value.
struct Server {
    process: Child,
    port: u16,
}

/// Next port to try: outside the range from which the system takes those of outgoing connections, where a connection
/// to a port that nobody listens on yet may end up connected to itself.
static NEXT_PORT: AtomicU16 = AtomicU16::new(0);

fn next_port() -> u16 {
    // Another start for each process: two checkouts may be tested at once.
    let start = u16::try_from(std::process::id() % 97).unwrap() * 100;
    20_000 + (start + NEXT_PORT.fetch_add(1, Ordering::Relaxed)) % 10_000
}

impl Server {
    /// Starts a program; none when it is not installed.
    fn start(program: &str, args: &[&str]) -> Option<Self> {
        let number = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{program}-{number}.log"));
        for _ in 0..10 {
            let port = next_port();
            // A port that somebody else uses already would answer in the place of the server.
            if TcpListener::bind(("127.0.0.1", port)).is_err() {
                continue;
            }
            let process = match Self::spawn(program, port, args, &log) {
                Ok(process) => process,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    eprintln!("skipped: {program} is not installed");
                    return None;
                }
                Err(error) => panic!("{program}: {error}"),
            };
            let mut server = Self { process, port };
            if server.answers() {
                return Some(server);
            }
        }
        let said = fs::read_to_string(&log).unwrap_or_default();
        panic!("{program} does not start: {said}");
    }

    /// Starts a program on a port; what it says goes to a file.
    fn spawn(program: &str, port: u16, args: &[&str], log: &Path) -> io::Result<Child> {
        let number = port.to_string();
        let address: &[&str] = match program {
            "memcached" => &["-l", "127.0.0.1", "-U", "0", "-u", "root", "-p", &number],
            _ => &[
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--port",
                &number,
            ],
        };
        let log = fs::File::create(log)?;
        Command::new(program)
            .args(address)
            .args(args)
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
    }

    /// Waits until the server answers; false when it has ended, for want of its port.
    fn answers(&mut self) -> bool {
        for _ in 0..200 {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            // Memcached tells its version, Redis that this is no command of its.
            let mut answer = [0; 1];
            let heard = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut stream| {
                stream.set_read_timeout(Some(Duration::from_secs(1)))?;
                stream.write_all(b"version\r\n")?;
                stream.read_exact(&mut answer)
            });
            if heard.is_ok() && matches!(answer[0], b'V' | b'-') {
                return true;
            }
            sleep(Duration::from_millis(50));
        }
        false
    }

    /// The answer to a command that is sent as it stands.
    fn ask(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(command.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that has ended by itself needs no more.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn folder(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn cacheplan(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cacheplan"))
        .args(args)
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Checks by name, of an answer with `--json`.
fn check(output: &Output, name: &str) -> Value {
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", stderr(output));
    });
    let checks = answer["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["check"] == name);
    found.unwrap_or_else(|| panic!("no {name:?} in {answer}")).clone()
}

/// A run of 60,000 requests, recorded as `file` in `folder`.
fn live(url: &str, folder: &Path, file: &str, more: &[&str]) -> Output {
    let record = folder.join(file);
    let mut args = vec![
        "verify",
        "--live",
        url,
        "--json",
        "--record",
        record.to_str().unwrap(),
    ];
    args.extend(["--requests", "60000", "--rate", "20000", "--keys", "50000"]);
    args.extend(more);
    cacheplan(&args)
}

/// Measured hit ratio of the one row.
fn measured(check: &Value) -> f64 {
    assert_eq!(check["rows"], 1);
    check["points"][0]["measured"].as_f64().unwrap()
}

#[test]
fn memcached_is_as_projected() {
    for (number, (options, more)) in [
        (&["-m", "2"][..], &[][..]),
        (&["-m", "2", "-o", "no_modern"], &[]),
        (&["-m", "8", "-f", "1.5", "-C"], &["--value-size", "mixed7"]),
    ]
    .into_iter()
    .enumerate()
    {
        let Some(server) = Server::start("memcached", options) else {
            return;
        };
        let folder = folder(&format!("live-memcached-{number}"));
        let url = format!("memcached://127.0.0.1:{}", server.port);
        let output = live(&url, &folder, "c_memcached.jsonl", more);
        let ratio = check(&output, "memcached hit ratio");
        assert!((0.3..0.95).contains(&measured(&ratio)), "{ratio}");
        // Wider than the bound of long recordings: the machine of a test may be busy.
        assert!(
            ratio["worst_error"].as_f64().unwrap() < 1.0,
            "{options:?}: {ratio}"
        );
        let items = check(&output, "memcached items at the end");
        assert!(
            items["worst_error"].as_f64().unwrap() < 1.0,
            "{options:?}: {items}"
        );
        let left = server.ask("stats\r\nquit\r\n");
        assert!(
            left.contains("STAT curr_items 0\r"),
            "the keys were not deleted: {left}"
        );
        let again = cacheplan(&["verify", folder.to_str().unwrap(), "--json"]);
        assert_eq!(
            check(&again, "memcached hit ratio")["points"],
            ratio["points"],
            "the recording is another"
        );
    }
}

#[test]
fn redis_is_as_projected_and_left_empty() {
    let limit = ["--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(server) = Server::start("redis-server", &limit) else {
        return;
    };
    let folder = folder("live-redis");
    let url = format!("redis://127.0.0.1:{}", server.port);
    let output = live(&url, &folder, "a_policies.jsonl", &[]);
    let text =
        fs::read_to_string(folder.join("a_policies.jsonl")).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    let row: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&row["policy"], &row["nreqs"]),
        (&"allkeys-lru".into(), &60_000.into())
    );
    assert!(row["evicted_keys"].as_u64().unwrap() > 0 && row["dbsize"].as_u64().unwrap() > 5_000);
    assert!(row["server"].as_str().unwrap().starts_with("redis-"));
    assert_eq!(row["windows"].as_array().unwrap().len(), 10);
    let ratio = check(&output, "hit ratio, last half");
    assert!((0.6..0.95).contains(&measured(&ratio)), "{ratio}");
    // Wider than the bounds of long recordings: the machine of a test may be busy.
    assert!(ratio["worst_error"].as_f64().unwrap() < 2.0, "{ratio}");
    let resident = check(&output, "resident keys");
    assert!(resident["worst_error"].as_f64().unwrap() < 3.0, "{resident}");
    assert_eq!(server.ask("DBSIZE\r\nQUIT\r\n"), ":0\r\n+OK\r\n");
    assert_eq!(
        server.ask("CONFIG GET maxmemory\r\nQUIT\r\n").lines().nth(4),
        Some("3145728"),
        "the configuration stays"
    );
}

#[test]
fn redis_without_a_limit_is_projected_without_one() {
    let Some(server) = Server::start("redis-server", &[]) else {
        return;
    };
    let url = format!("redis://127.0.0.1:{}", server.port);
    let output = live(
        &url,
        &folder("live-redis-unlimited"),
        "a_policies.jsonl",
        &["--ttl", "ex:1"],
    );
    let ratio = check(&output, "hit ratio, last half");
    assert!((0.3..0.95).contains(&measured(&ratio)), "{ratio}");
    assert!(ratio["worst_error"].as_f64().unwrap() < 2.0, "{ratio}");
    assert!(stderr(&output).contains("no maxmemory"), "{}", stderr(&output));
}

#[test]
fn servers_with_keys_or_elsewhere_are_refused() {
    let elsewhere = cacheplan(&["verify", "--live", "redis://192.0.2.1:6379"]);
    assert_eq!(elsewhere.status.code(), Some(2));
    assert!(
        stderr(&elsewhere).contains("--allow-remote"),
        "{}",
        stderr(&elsewhere)
    );
    let odd = cacheplan(&["verify", "--live", "http://127.0.0.1:1"]);
    assert_eq!(odd.status.code(), Some(2));
    let large = cacheplan(&[
        "verify",
        "--live",
        "redis://127.0.0.1:1",
        "--keys",
        "10000000",
        "--value-size",
        "fixed:4000",
    ]);
    assert_eq!(large.status.code(), Some(2));
    assert!(stderr(&large).contains("bytes"), "{}", stderr(&large));
    let nobody = cacheplan(&["verify", "--live", "redis://127.0.0.1:1"]);
    assert_eq!(nobody.status.code(), Some(1));
    let both = cacheplan(&["verify", ".", "--live", "redis://127.0.0.1:1"]);
    assert_eq!(both.status.code(), Some(2));
    for (program, scheme, store) in [
        ("redis-server", "redis", "SET a b\r\nQUIT\r\n"),
        ("memcached", "memcached", "set a 0 0 1\r\nb\r\nquit\r\n"),
    ] {
        let Some(server) = Server::start(program, &[]) else {
            continue;
        };
        server.ask(store);
        let url = format!("{scheme}://127.0.0.1:{}", server.port);
        let refused = cacheplan(&["verify", "--live", &url, "--requests", "1000"]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains("--allow-data"), "{}", stderr(&refused));
        if scheme == "memcached" {
            let allowed = cacheplan(&["verify", "--live", &url, "--requests", "1000", "--allow-data"]);
            let answer = String::from_utf8_lossy(&allowed.stdout);
            assert!(
                answer.contains("projected") && answer.contains("memcached hit ratio"),
                "{answer}"
            );
            assert_eq!(server.ask("get a\r\nquit\r\n"), "VALUE a 0 1\r\nb\r\nEND\r\n");
        }
        let other = if scheme == "redis" { "memcached" } else { "redis" };
        let url = format!("{other}://127.0.0.1:{}", server.port);
        let confused = cacheplan(&["verify", "--live", &url, "--requests", "1000"]);
        assert_eq!(confused.status.code(), Some(1), "{}", stderr(&confused));
    }
}
