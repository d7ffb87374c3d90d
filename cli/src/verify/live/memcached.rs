//! A Memcached server.

use super::connection::Connection;
use super::{Guard, Keys, Node, Sample, State, object};
use crate::error::Error;
use crate::verify::memcached::{RUNS, version_of};
use crate::verify::sequence::{Ttl, ValueSize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A server that was found fit for a run.
pub(super) struct Memcached {
    connection: Connection,
    name: String,
    settings: BTreeMap<String, String>,
    /// Counters before the run.
    base: BTreeMap<String, String>,
    limit: u64,
    /// Whether slab classes had pages before the run.
    used_before: bool,
}

impl Memcached {
    /// Asks the server what it is and how it is set up.
    pub(super) fn open(mut connection: Connection, guard: Guard) -> Result<Self, Error> {
        connection.put(b"version\r\n");
        connection.send()?;
        let line = connection.line()?;
        let version = line.strip_prefix("VERSION ").ok_or_else(|| {
            Error::Failure(format!("the server answers {line:?} when asked for its version"))
        })?;
        if version_of(version).is_none() {
            return Err(Error::Input(format!(
                "memcached {version}: versions other than 1.6 have no model"
            )));
        }
        let mut server = Self {
            connection,
            name: format!("memcached-{version}"),
            settings: BTreeMap::new(),
            base: BTreeMap::new(),
            limit: 0,
            used_before: false,
        };
        server.base = server.stats("")?;
        server.settings = server.stats(" settings")?;
        server.limit = number(&server.settings, "maxbytes");
        guard.check(number(&server.base, "curr_items"))?;
        server.used_before = number(&server.stats(" slabs")?, "total_malloced") > 0;
        Ok(server)
    }

    fn stats(&mut self, kind: &str) -> Result<BTreeMap<String, String>, Error> {
        self.connection.put(format!("stats{kind}\r\n").as_bytes());
        self.connection.send()?;
        let mut stats = BTreeMap::new();
        loop {
            let line = self.connection.line()?;
            if line == "END" {
                return Ok(stats);
            }
            let pair = line.strip_prefix("STAT ").and_then(|rest| rest.split_once(' '));
            let (name, value) = pair.ok_or_else(|| Error::Failure(format!("stats{kind}: {line}")))?;
            stats.insert(name.into(), value.into());
        }
    }

    /// A counter's growth since the run began.
    fn grown(&self, stats: &BTreeMap<String, String>, name: &str) -> u64 {
        number(stats, name).saturating_sub(number(&self.base, name))
    }

    fn stored(&mut self, state: &mut State) -> Result<(), Error> {
        let line = self.connection.line()?;
        match line.as_str() {
            "STORED" => Ok(()),
            line if line.starts_with("SERVER_ERROR out of memory") => {
                state.refused += 1;
                Ok(())
            }
            line => Err(Error::Failure(format!("set: {line}"))),
        }
    }

    fn found(&mut self) -> Result<bool, Error> {
        let line = self.connection.line()?;
        if line == "END" {
            return Ok(false);
        }
        let bytes = line
            .strip_prefix("VALUE ")
            .and_then(|rest| rest.rsplit_once(' '))
            .and_then(|(_, bytes)| bytes.parse().ok())
            .ok_or_else(|| Error::Failure(format!("get: {line}")))?;
        self.connection.block(bytes)?;
        self.connection.line()?;
        Ok(true)
    }
}

impl Node for Memcached {
    fn file(&self) -> &'static str {
        RUNS
    }

    fn describe(&self) -> String {
        let setting = |name: &str| self.settings.get(name).map_or("?", String::as_str);
        format!(
            "{}, {} bytes of pages, segmented LRU {}, automove {}{}",
            self.name,
            self.limit,
            setting("lru_segmented"),
            setting("slab_automove"),
            if self.used_before {
                "; its classes have pages from before, those of the projection have none yet"
            } else {
                ""
            }
        )
    }

    fn batch(
        &mut self,
        keys: &Keys,
        sets: &[u32],
        gets: &[u32],
        hits: &mut Vec<bool>,
    ) -> Result<State, Error> {
        for &key in sets {
            let value = keys.value(key);
            let seconds = keys.ttl.of(key).unwrap_or(0) / 1_000;
            let line = format!("set {} 0 {seconds} {}\r\n", keys.name(key), value.len());
            self.connection.put(line.as_bytes());
            self.connection.put(value);
            self.connection.put(b"\r\n");
        }
        for &key in gets {
            self.connection
                .put(format!("get {}\r\n", keys.name(key)).as_bytes());
        }
        self.connection.send()?;
        let mut state = State::default();
        for _ in sets {
            self.stored(&mut state)?;
        }
        for _ in gets {
            hits.push(self.found()?);
        }
        Ok(state)
    }

    fn sample(&mut self) -> Result<Sample, Error> {
        let stats = self.stats("")?;
        Ok(Sample {
            keys: number(&stats, "curr_items"),
            used_memory: number(&stats, "bytes"),
            evicted: self.grown(&stats, "evictions"),
            expired: self.grown(&stats, "crawler_reclaimed"),
        })
    }

    fn row(&mut self, _: u32) -> Result<Map<String, Value>, Error> {
        let stats = self.stats("")?;
        let slabs = self.stats(" slabs")?;
        let items = self.stats(" items")?;
        let mut row = object(json!({
            "server": self.name,
            "mem_mb": self.limit >> 20,
            "extra_args": [],
            "curr_items": number(&stats, "curr_items"),
            "bytes": number(&stats, "bytes"),
            "limit_maxbytes": number(&stats, "limit_maxbytes"),
            "hash_power_level": number(&stats, "hash_power_level"),
            "hash_bytes": number(&stats, "hash_bytes"),
            "slabs": by_class(&slabs, ""),
            "items": by_class(&items, "items:"),
            "settings": self.settings,
        }));
        for counter in [
            "evictions",
            "evicted_unfetched",
            "total_items",
            "reclaimed",
            "lru_maintainer_juggles",
            "moves_to_cold",
            "moves_to_warm",
            "moves_within_lru",
            "direct_reclaims",
            "slabs_moved",
        ] {
            row.insert(counter.into(), self.grown(&stats, counter).into());
        }
        Ok(row)
    }

    fn delete(&mut self, names: &[String]) -> Result<(), Error> {
        for name in names {
            self.connection.put(format!("delete {name}\r\n").as_bytes());
        }
        self.connection.send()?;
        for _ in names {
            let line = self.connection.line()?;
            if line != "DELETED" && line != "NOT_FOUND" {
                return Err(Error::Failure(format!("delete: {line}")));
            }
        }
        Ok(())
    }

    fn takes(&self, sizes: ValueSize, ttl: Ttl) -> bool {
        // A TTL is in whole seconds.
        let whole = match ttl {
            Ttl::None | Ttl::Half | Ttl::All | Ttl::Fixed(_) => true,
            Ttl::Uniform(..) | Ttl::At(_) => false,
        };
        whole && !matches!(sizes, ValueSize::Fixed(bytes) if bytes > 1_000_000)
    }
}

fn number(stats: &BTreeMap<String, String>, name: &str) -> u64 {
    stats.get(name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Statistics named `4:number` as an object of objects; others are fields of their own.
fn by_class(stats: &BTreeMap<String, String>, prefix: &str) -> Map<String, Value> {
    let mut classes: Map<String, Value> = Map::new();
    for (name, text) in stats {
        let name = name.strip_prefix(prefix).unwrap_or(name);
        let value = text
            .parse::<u64>()
            .map_or_else(|_| Value::from(text.as_str()), Value::from);
        match name.split_once(':') {
            None => {
                classes.insert(name.into(), value);
            }
            Some((class, field)) => {
                let class = classes.entry(class).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(fields) = class {
                    fields.insert(field.into(), value);
                }
            }
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_classes_become_objects() {
        let stats = [
            ("items:4:number", "7"),
            ("items:4:age", "2"),
            ("active_slabs", "1"),
        ];
        let stats = stats
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let classes = Value::Object(by_class(&stats, "items:"));
        assert_eq!(classes, json!({"4": {"number": 7, "age": 2}, "active_slabs": 1}));
    }
}
