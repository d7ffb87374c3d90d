//! A Redis or Valkey server.

use super::connection::Connection;
use super::{Guard, Keys, Node, Sample, State, object};
use crate::error::Error;
use crate::verify::policies::UNTHROTTLED;
use crate::verify::sequence::{Ttl, ValueSize};
use serde_json::{Map, Value, json};
use std::thread;
use std::time::Duration;

/// An answer, as far as a run needs to know it.
enum Reply {
    Text(String),
    Nothing,
    Error(String),
    List(Vec<Reply>),
}

impl Reply {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Error(text) => text,
            Self::Nothing | Self::List(_) => "",
        }
    }
}

/// A server that was found fit for a run.
pub(super) struct Redis {
    connection: Connection,
    name: String,
    policy: String,
    samples: u64,
    maxmemory: u64,
    /// Values of counters before the run.
    base: Counters,
    base_used_memory: u64,
    /// Whether it has carried out other commands than those of opening.
    used_before: bool,
}

/// Time for a server to notice that a client has gone.
const CLIENT_GOES: Duration = Duration::from_millis(100);
/// Commands that come before the first INFO: three CONFIG GET and one MEMORY MALLOC-STATS.
const OPENING_COMMANDS: u64 = 4;

#[derive(Clone, Copy, Default)]
struct Counters {
    evicted: u64,
    expired: u64,
    hits: u64,
    misses: u64,
}

impl Redis {
    /// Asks the server what it is and how it is set up.
    ///
    /// A server keeps 25 KB of statistics for each command that it has seen, which counts against `maxmemory`. The
    /// memory before the run is therefore read like that of the recordings: with a fresh client, by the first INFO.
    pub(super) fn open(connect: &dyn Fn() -> Result<Connection, Error>, guard: Guard) -> Result<Self, Error> {
        let mut server = Self {
            connection: connect()?,
            name: String::new(),
            policy: String::new(),
            samples: 0,
            maxmemory: 0,
            base: Counters::default(),
            base_used_memory: 0,
            used_before: false,
        };
        server.policy = server.config("maxmemory-policy")?;
        server.samples = server.config("maxmemory-samples")?.parse().unwrap_or(0);
        server.maxmemory = server.config("maxmemory")?.parse().unwrap_or(0);
        // Packages of distributions use the system's jemalloc, whose classes are 16 bytes apart.
        let allocator = server.ask(&["MEMORY", "MALLOC-STATS"])?;
        let packaged = allocator.text().lines().any(|line| {
            line.strip_prefix("Quantum size:")
                .is_some_and(|size| size.trim() == "16")
        });
        server.connection = connect()?;
        thread::sleep(CLIENT_GOES);
        let info = server.info()?;
        let text = |field: &str| field_of(&info, field).unwrap_or("").to_owned();
        let (product, version) = match field_of(&info, "valkey_version") {
            Some(version) => ("valkey", version.to_owned()),
            None => ("redis", text("redis_version")),
        };
        let major: u32 = version
            .split('.')
            .next()
            .and_then(|part| part.parse().ok())
            .unwrap_or(0);
        if major < 7 {
            return Err(Error::Input(format!(
                "{product} {version}: versions before 7 have no model"
            )));
        }
        if text("cluster_enabled") == "1" || text("role") != "master" {
            return Err(Error::Input(
                "the server is part of a cluster or a replica; a live check wants one on its own".into(),
            ));
        }
        // Lines like `db0:keys=1,expires=0,avg_ttl=0` tell of databases that hold keys.
        let databases = info
            .lines()
            .filter(|line| line.starts_with("db") && line.contains(":keys="));
        guard.check(databases.count() as u64)?;
        server.name = format!("{product}-{version}{}", if packaged { "-deb" } else { "" });
        server.base = counters(&info);
        server.base_used_memory = number(&info, "used_memory");
        server.used_before = number(&info, "total_commands_processed") > OPENING_COMMANDS;
        Ok(server)
    }

    fn put(&mut self, words: &[&[u8]]) {
        self.connection.put(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            self.connection.put(format!("${}\r\n", word.len()).as_bytes());
            self.connection.put(word);
            self.connection.put(b"\r\n");
        }
    }

    fn reply(&mut self) -> Result<Reply, Error> {
        let line = self.connection.line()?;
        let strange = || Error::Failure(format!("the server sent {line:?}, which is not RESP"));
        let rest = line.get(1..).ok_or_else(strange)?;
        match line.as_bytes().first() {
            Some(b'+' | b':') => Ok(Reply::Text(rest.into())),
            Some(b'-') => Ok(Reply::Error(rest.into())),
            Some(b'$') => match rest.parse::<i64>().map_err(|_| strange())? {
                length @ 0.. => {
                    let bytes = self.connection.block(length as usize)?;
                    Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
                }
                _ => Ok(Reply::Nothing),
            },
            Some(b'*') => {
                let length = rest.parse::<i64>().map_err(|_| strange())?;
                (0..length)
                    .map(|_| self.reply())
                    .collect::<Result<_, _>>()
                    .map(Reply::List)
            }
            _ => Err(strange()),
        }
    }

    fn ask(&mut self, words: &[&str]) -> Result<Reply, Error> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.put(&words);
        self.connection.send()?;
        self.reply()
    }

    fn info(&mut self) -> Result<String, Error> {
        match self.ask(&["INFO"])? {
            Reply::Text(text) => Ok(text),
            Reply::Error(error) => Err(Error::Failure(format!("INFO: {error}"))),
            Reply::Nothing | Reply::List(_) => Err(Error::Failure("INFO: no text".into())),
        }
    }

    fn integer(&mut self, what: &str, words: &[&str]) -> Result<u64, Error> {
        let reply = self.ask(words)?;
        let text = reply.text();
        text.parse()
            .map_err(|_| Error::Failure(format!("{what}: {text}")))
    }

    fn config(&mut self, directive: &str) -> Result<String, Error> {
        match self.ask(&["CONFIG", "GET", directive])? {
            Reply::List(pair) => Ok(pair.get(1).map_or("", Reply::text).to_owned()),
            other => Err(Error::Failure(format!(
                "CONFIG GET {directive}: {}",
                other.text()
            ))),
        }
    }
}

impl Node for Redis {
    fn file(&self) -> &'static str {
        UNTHROTTLED
    }

    fn describe(&self) -> String {
        let limit = match self.maxmemory {
            0 => "no maxmemory: nothing is evicted, and it stays so".to_owned(),
            bytes => format!("maxmemory {bytes}, {}", self.policy),
        };
        let before = if self.used_before {
            "; it was used before, the projection is that of a fresh one"
        } else {
            ""
        };
        format!("{}, {limit}{before}", self.name)
    }

    fn batch(
        &mut self,
        keys: &Keys,
        sets: &[u32],
        gets: &[u32],
        hits: &mut Vec<bool>,
    ) -> Result<State, Error> {
        for &key in sets {
            let name = keys.name(key);
            let value = keys.value(key);
            match keys.ttl {
                Ttl::None => self.put(&[b"SET", name.as_bytes(), value]),
                ttl => match ttl.of(key) {
                    Some(ms) => self.put(&[b"SET", name.as_bytes(), value, b"PX", ms.to_string().as_bytes()]),
                    None => self.put(&[b"SET", name.as_bytes(), value]),
                },
            }
        }
        for &key in gets {
            self.put(&[b"GET", keys.name(key).as_bytes()]);
        }
        self.connection.send()?;
        let mut state = State::default();
        for _ in sets {
            match self.reply()? {
                Reply::Error(error) if error.starts_with("OOM") => state.refused += 1,
                Reply::Error(error) => return Err(Error::Failure(format!("SET: {error}"))),
                _ => {}
            }
        }
        for _ in gets {
            match self.reply()? {
                Reply::Error(error) => return Err(Error::Failure(format!("GET: {error}"))),
                reply => hits.push(matches!(reply, Reply::Text(_))),
            }
        }
        Ok(state)
    }

    fn sample(&mut self) -> Result<Sample, Error> {
        let keys = self.integer("DBSIZE", &["DBSIZE"])?;
        let info = self.info()?;
        let now = counters(&info);
        Ok(Sample {
            keys,
            used_memory: number(&info, "used_memory"),
            evicted: now.evicted.saturating_sub(self.base.evicted),
            expired: now.expired.saturating_sub(self.base.expired),
        })
    }

    fn row(&mut self, nkeys: u32) -> Result<Map<String, Value>, Error> {
        let end = self.sample()?;
        let info = self.info()?;
        let now = counters(&info);
        let hits = now.hits.saturating_sub(self.base.hits);
        let misses = now.misses.saturating_sub(self.base.misses);
        // The recordings measured what all keys take in a server of its own; here it follows from those resident.
        let taken = end.used_memory.saturating_sub(self.base_used_memory);
        let full = taken as f64 / end.keys.max(1) as f64 * f64::from(nkeys);
        let room = self.maxmemory.saturating_sub(self.base_used_memory);
        let mut row = object(json!({
            "exp": "live",
            "server": self.name,
            "policy": self.policy,
            "maxmemory_samples": self.samples,
            "server_extra_args": [],
            "base_used_memory": self.base_used_memory,
            "full_dataset_delta": full.round(),
            "cache_pct": (room as f64 / full.max(1.0) * 100.0).round(),
            "maxmemory": self.maxmemory,
            "rep": 0,
            "dbsize": end.keys,
            "used_memory": end.used_memory,
            "evicted_keys": end.evicted,
            "expired_keys": end.expired,
            "keyspace_hits": hits,
            "keyspace_misses": misses,
            "server_hit_ratio": hits as f64 / (hits + misses).max(1) as f64,
        }));
        for field in [
            "used_memory_dataset",
            "used_memory_overhead",
            "used_memory_startup",
            "used_memory_rss",
            "mem_clients_normal",
            "mem_not_counted_for_evict",
        ] {
            row.insert(field.into(), number(&info, field).into());
        }
        Ok(row)
    }

    fn delete(&mut self, names: &[String]) -> Result<(), Error> {
        let words: Vec<&[u8]> = [b"DEL".as_slice()]
            .into_iter()
            .chain(names.iter().map(String::as_bytes))
            .collect();
        self.put(&words);
        self.connection.send()?;
        match self.reply()? {
            Reply::Error(error) => Err(Error::Failure(format!("DEL: {error}"))),
            _ => Ok(()),
        }
    }

    fn takes(&self, _: ValueSize, ttl: Ttl) -> bool {
        // A time of day is nothing that a sequence of its own clock can wait for.
        !matches!(ttl, Ttl::At(_))
    }
}

fn field_of<'a>(info: &'a str, field: &str) -> Option<&'a str> {
    info.lines()
        .find_map(|line| line.trim_end().strip_prefix(field)?.strip_prefix(':'))
}

fn number(info: &str, field: &str) -> u64 {
    field_of(info, field)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn counters(info: &str) -> Counters {
    Counters {
        evicted: number(info, "evicted_keys"),
        expired: number(info, "expired_keys"),
        hits: number(info, "keyspace_hits"),
        misses: number(info, "keyspace_misses"),
    }
}
