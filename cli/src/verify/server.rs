//! What a recording calls the servers.

use cacheplan_engine::cluster::slots::SLOTS;
use cacheplan_engine::scenario::Engine;

/// A Redis or Valkey server as a recording names it: `valkey-8.1.1`, `redis-7.0.15-deb`, `valkey-8.0.1+cluster`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) engine: Engine,
    /// Hash slots that the node owns; 0 with cluster mode disabled.
    pub(crate) slots: u32,
}

impl Server {
    /// Reads a name; nothing when it is no Redis or Valkey.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (name, mode) = name.split_once('+').unwrap_or((name, ""));
        let mut parts = name.split('-');
        let product = parts.next()?;
        let mut numbers = parts.next()?.split('.').map(str::parse::<u32>);
        let version = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        let engine = match (product, version) {
            ("redis", _) => Engine::RedisOss7,
            ("valkey", (..=7, _)) => Engine::Valkey72,
            ("valkey", (8, 0)) => Engine::Valkey80,
            ("valkey", (8, _)) => Engine::Valkey81,
            ("valkey", (9, 0)) => Engine::Valkey90,
            ("valkey", _) => Engine::Valkey91,
            _ => return None,
        };
        let slots = if mode == "cluster" { u32::from(SLOTS) } else { 0 };
        Some(Self { engine, slots })
    }
}
