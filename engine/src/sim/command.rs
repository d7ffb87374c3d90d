//! Commands on their way to a node: what the way takes, whether a connection is free, and whether anybody answers.

use super::Sim;
use super::shard::{Command, Health, REQUEST_BYTES, Shard};
use crate::queue::Turn;
use crate::workload::{Key, Request};

/// Microseconds that a new connection adds to a request: 2.82 ms against 0.21 ms with a pooled one
/// (`reference/servers.md` section 8, from ElastiCache's documentation).
const CONNECT_US: f64 = 2_610.0;

/// Work of accepting a connection on the engine's thread, in simple commands: an assumption, from about 20,000
/// connections a second without TLS where a thread runs some 180,000 commands.
const CONNECT_WORK: f64 = 8.0;

impl Sim {
    /// Microseconds of a round trip to the cache for this request; the further keys of a multi-get ride along.
    pub(super) fn round_trip(&self, request: &Request) -> f64 {
        if request.continues {
            0.0
        } else {
            f64::from(self.plan.scenario().client.round_trip_us)
        }
    }

    /// Microseconds that a round trip to the primary region takes more than one to the cache nearby.
    pub(super) fn to_primary(&self) -> f64 {
        let cluster = &self.plan.scenario().cluster;
        match cluster.global {
            Some(global) if self.remote || self.far => f64::from(global.round_trip_ms) * 1e3,
            _ => 0.0,
        }
    }

    /// Runs a command on a shard that takes so many bytes of a value there: microseconds until the application has the
    /// answer, the way there and back included.
    pub(super) fn command(
        &mut self,
        request: &Request,
        shard: u16,
        weight: f64,
        cost: f64,
        into: f64,
    ) -> f64 {
        if self.features.detours {
            return self.command_with_detours(request, shard, weight, cost, into);
        }
        let command = Command { cost, into, out: 0.0 };
        let us = match self.shards.get_mut(usize::from(shard)) {
            Some(shard) => shard.run(self.now, weight, command, &mut self.latency),
            None => 0.0,
        };
        self.round_trip(request) + us
    }

    #[inline(never)]
    fn command_with_detours(
        &mut self,
        request: &Request,
        shard: u16,
        weight: f64,
        cost: f64,
        into: f64,
    ) -> f64 {
        if self
            .shards
            .get(usize::from(shard))
            .is_some_and(|shard| shard.lost)
        {
            return f64::from(self.plan.scenario().client.timeout_ms) * 1e3;
        }
        let redirect = self.redirect(request, shard, weight);
        let round_trip = self.round_trip(request) + self.to_primary() + redirect;
        if self.serverless.is_some() {
            return round_trip + self.run_serverless(request, weight, cost, into);
        }
        if into > 0.0
            && let Some(regions) = &self.regions
        {
            let bytes = weight * (REQUEST_BYTES + into) * f64::from(regions.followers);
            let class = self.keys.get(request.key).class;
            self.recorder
                .count(shard, class, |tally| tally.replicated += bytes);
        }
        let turn = self.connection(request, shard);
        let us = match self.shards.get_mut(usize::from(shard)) {
            Some(shard) => {
                let command = Command { cost, into, out: 0.0 };
                round_trip + shard.run(self.now, weight, command, &mut self.latency)
            }
            None => round_trip,
        };
        match turn {
            Some(turn) => self.hold(request, turn, us, weight),
            None => us,
        }
    }

    /// What lies before a command that needs a connection of the caller's; `None` where there are enough for all.
    #[inline]
    fn connection(&mut self, request: &Request, shard: u16) -> Option<Turn> {
        if self.features.pools && !request.continues {
            self.turn_in_pool(shard)
        } else {
            None
        }
    }

    #[inline(never)]
    fn turn_in_pool(&mut self, shard: u16) -> Option<Turn> {
        let pools = self.shards.get(usize::from(shard))?.pools.as_ref()?;
        pools.turn(self.caller, self.now, &mut self.latency)
    }

    /// Holds a connection for as long as a command takes; microseconds with the wait for it.
    #[inline(never)]
    fn hold(&mut self, request: &Request, turn: Turn, us: f64, weight: f64) -> f64 {
        let key = self.keys.get(request.key);
        if turn.wait > 0.0 {
            self.recorder
                .count(key.shard, key.class, |tally| tally.pool_waits += weight);
        }
        if let Some(shard) = self.shards.get_mut(usize::from(key.shard))
            && let Some(pools) = &mut shard.pools
        {
            pools.hold(self.caller, turn, us, weight);
        }
        turn.wait + us
    }

    /// Looks a key up, as [`command`](Self::command), with a connection of its own where the application opens one.
    pub(super) fn look_up(&mut self, request: &Request, shard: u16, weight: f64, out: f64) -> f64 {
        if self.features.detours {
            return self.look_up_with_detours(request, shard, weight, out);
        }
        let command = Command {
            cost: f64::from(request.cost),
            into: 0.0,
            out,
        };
        let us = match self.shards.get_mut(usize::from(shard)) {
            Some(shard) => shard.run_read(self.now, weight, command, &mut self.latency),
            None => 0.0,
        };
        self.round_trip(request) + us
    }

    #[inline(never)]
    fn look_up_with_detours(&mut self, request: &Request, shard: u16, weight: f64, out: f64) -> f64 {
        let mut round_trip = self.round_trip(request) + self.redirect(request, shard, weight);
        if self.far {
            round_trip += self.to_primary();
        }
        let fresh = self.plan.scenario().client.new_connections.0;
        let connects = fresh > 0.0 && !request.continues && self.behaviour.unit() < fresh;
        let (extra, work) = if connects {
            (CONNECT_US, CONNECT_WORK)
        } else {
            (0.0, 0.0)
        };
        let command = Command {
            cost: f64::from(request.cost) + work,
            into: 0.0,
            out,
        };
        if self.serverless.is_some() {
            // Connections are the service's matter and cost no ECPUs.
            return round_trip + extra + self.run_serverless(request, weight, request.cost.into(), out);
        }
        let turn = self.connection(request, shard);
        let us = match self.shards.get_mut(usize::from(shard)) {
            Some(shard) if self.remote => {
                round_trip + extra + shard.run_secondary(self.now, weight, command, &mut self.latency)
            }
            Some(shard) => round_trip + extra + shard.run_read(self.now, weight, command, &mut self.latency),
            None => round_trip,
        };
        match turn {
            Some(turn) => self.hold(request, turn, us, weight),
            None => us,
        }
    }

    /// Microseconds that a command loses which goes to another shard than this one first: the way there, and a new
    /// connection to the right one.
    #[inline]
    fn redirect(&mut self, request: &Request, shard: u16, weight: f64) -> f64 {
        if self.conditions.redirected > 0.0 {
            self.ask_another(request, shard, weight)
        } else {
            0.0
        }
    }

    #[cold]
    fn ask_another(&mut self, request: &Request, shard: u16, weight: f64) -> f64 {
        let others = (self.active() as u32).saturating_sub(1);
        if others == 0 || request.continues || self.behaviour.unit() >= self.conditions.redirected {
            return 0.0;
        }
        let other = self.behaviour.below(others) as usize;
        let wrong = if other >= usize::from(shard) {
            other + 1
        } else {
            other
        };
        let asks = |cost| Command {
            cost,
            into: 0.0,
            out: 0.0,
        };
        let now = self.now;
        let answered = match self.shards.get_mut(wrong) {
            Some(of_shard) if of_shard.health() == Health::Up => {
                of_shard.run(now, weight, asks(1.0), &mut self.latency)
            }
            _ => 0.0,
        };
        if let Some(of_shard) = self.shards.get_mut(usize::from(shard)) {
            of_shard.run(now, weight, asks(CONNECT_WORK), &mut self.latency);
        }
        self.round_trip(request) + answered + CONNECT_US
    }

    /// Whether the caller gets a connection in time, where these are bounded.
    ///
    /// # Errors
    /// Microseconds after which it gives up.
    fn gets_connection(&mut self, key: &Key, weight: f64) -> Result<(), f64> {
        let Some(pool) = self.plan.scenario().client.pool else {
            return Ok(());
        };
        let patience = f64::from(pool.wait_ms) * 1e3;
        let turn = self.turn_in_pool(key.shard);
        if turn.is_none_or(|turn| turn.wait <= patience) {
            return Ok(());
        }
        self.recorder
            .count(key.shard, key.class, |tally| tally.pool_timeouts += weight);
        Err(patience)
    }

    /// Whether somebody answers for a key's shard.
    ///
    /// # Errors
    /// Microseconds after which the application knows that nobody does.
    #[inline]
    pub(super) fn reach(&mut self, request: &Request, key: &Key, weight: f64) -> Result<(), f64> {
        let shard = self.shards.get(usize::from(key.shard));
        if shard.is_some_and(Shard::is_well) && !self.features.detours && self.now >= self.refused_until {
            return Ok(());
        }
        self.reach_with_trouble(request, key, weight)
    }

    #[inline(never)]
    fn reach_with_trouble(&mut self, request: &Request, key: &Key, weight: f64) -> Result<(), f64> {
        let limited = self.features.pools || self.serverless.is_some() || self.conditions.refused > 0.0;
        let (refuses, connected) = if limited {
            self.get_through(request, key, weight)
        } else {
            (false, Ok(()))
        };
        let client = &self.plan.scenario().client;
        let Some(shard) = self.shards.get_mut(usize::from(key.shard)) else {
            return Ok(());
        };
        let up = shard.health() == Health::Up;
        let refuses = refuses || self.now < self.refused_until;
        if let Some(breaker) = &mut shard.breaker {
            if !breaker.allows(self.now) {
                return Err(0.0);
            }
            if up && !refuses && connected.is_ok() {
                breaker.succeeded();
            } else {
                breaker.failed(self.now, weight);
            }
        }
        connected?;
        if !up {
            Err(f64::from(client.timeout_ms) * 1e3)
        } else if refuses {
            Err(f64::from(client.round_trip_us))
        } else {
            Ok(())
        }
    }

    /// Whether the cache refuses a command, and whether the caller gets a connection for it.
    #[inline(never)]
    fn get_through(&mut self, request: &Request, key: &Key, weight: f64) -> (bool, Result<(), f64>) {
        let refuses = self.conditions.refused > 0.0 && self.behaviour.unit() < self.conditions.refused;
        let refuses = refuses || (self.serverless.is_some() && self.is_throttled(request, key, weight));
        let connected = if self.features.pools && !request.continues {
            self.gets_connection(key, weight)
        } else {
            Ok(())
        };
        (refuses, connected)
    }
}
