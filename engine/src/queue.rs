//! Queues in front of parallel servers: the database behind the cache, the thread that runs a node's commands.
//!
//! Service times are exponential. Waiting follows the M/M/c queue at the load measured in the last window; what
//! arrives beyond capacity piles up as a backlog that later queries have to wait for. Such a fluid backlog with
//! Erlang's waiting probability works at any thinning of the requests, where a queue of single queries would not.

use crate::random::Stream;
use crate::units::Micros;

/// Standard deviations of a sampled run's arrivals that do not yet count as overload. Without sampling one query
/// stands for one, the excess is zero, and every query counts.
const CHANCE: f64 = 2.0;

/// Utilisation at which waiting by chance is taken to stand when the load measured is higher: what exceeds
/// capacity shows as backlog.
const SATURATED: f64 = 0.99;

/// Servers beyond which the chance to wait below saturation is not worth computing.
const MANY_SERVERS: u32 = 5_000;

/// A queue in front of identical parallel servers.
pub struct Queue {
    servers: u32,
    /// Queries per second that all servers complete.
    capacity: f64,
    /// Mean service time, seconds.
    service: f64,
    /// Queries of this window so far.
    arrived: f64,
    /// By how much the variance of `arrived` exceeds that of single Poisson queries, because one stands for many.
    excess: f64,
    /// Queries that wait because more arrived than could be served, and the excess variance of that number.
    piled: f64,
    piled_excess: f64,
    /// `piled` less what may be chance.
    backlog: f64,
    /// Chance to wait, and mean of the wait in seconds of those who do.
    waiting: (f64, f64),
}

impl Queue {
    /// An idle one that completes at most `capacity` queries per second, each in `service` seconds on average
    /// when nobody waits. The servers are as many as that takes, and at least one.
    pub fn new(capacity: f64, service: f64) -> Self {
        let servers = libm::round(capacity * service).max(1.0).min(f64::from(u32::MAX)) as u32;
        Self {
            servers,
            capacity,
            service: service.min(f64::from(servers) / capacity),
            arrived: 0.0,
            excess: 0.0,
            piled: 0.0,
            piled_excess: 0.0,
            backlog: 0.0,
            waiting: (0.0, 0.0),
        }
    }

    /// Takes a query that stands for `weight` queries; returns its time from arrival to completion.
    pub fn query(&mut self, weight: f64, random: &mut Stream) -> Micros {
        self.load(weight);
        let mut seconds = self.backlog / self.capacity + self.service * random.exponential();
        let (chance, mean) = self.waiting;
        if chance > 0.0 && random.unit() < chance {
            seconds += mean * random.exponential();
        }
        Micros((seconds * 1e6) as u64)
    }

    fn load(&mut self, weight: f64) {
        self.arrived += weight;
        self.excess += weight * (weight - 1.0);
    }

    /// Ends a window of so many seconds: its arrivals decide how the next one waits.
    pub fn end_window(&mut self, seconds: f64) {
        let rate = self.arrived / seconds;
        self.piled += self.arrived - self.capacity * seconds;
        self.piled_excess += self.excess;
        if self.piled <= 0.0 {
            self.piled = 0.0;
            self.piled_excess = 0.0;
        }
        self.backlog = (self.piled - CHANCE * libm::sqrt(self.piled_excess.max(0.0))).max(0.0);
        self.waiting = waiting(rate, self.capacity, self.servers);
        self.arrived = 0.0;
        self.excess = 0.0;
    }

    /// Time that a query arriving now has to wait for those piled up before it.
    pub fn backlog_wait(&self) -> Micros {
        Micros((self.backlog / self.capacity * 1e6) as u64)
    }
}

/// Chance to wait in an M/M/c queue (Erlang's C formula) and mean wait of those who do, in seconds.
fn waiting(rate: f64, capacity: f64, servers: u32) -> (f64, f64) {
    if rate <= 0.0 || servers > MANY_SERVERS {
        return (0.0, 0.0);
    }
    let utilisation = (rate / capacity).min(SATURATED);
    let offered = utilisation * f64::from(servers);
    // Erlang's B by its recursion, then C from B.
    let blocked = (1..=servers).fold(1.0, |b, n| offered * b / (f64::from(n) + offered * b));
    let chance = blocked / (1.0 - utilisation * (1.0 - blocked));
    (chance, 1.0 / (capacity * (1.0 - utilisation)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erlang_c() {
        // M/M/1: the chance to wait is the utilisation. M/M/2 at 0.75: 2 * 0.75^2 / (1 + 0.75) = 9/14.
        assert!((waiting(0.5, 1.0, 1).0 - 0.5).abs() < 1e-12);
        assert!((waiting(1.5, 2.0, 2).0 - 9.0 / 14.0).abs() < 1e-12);
        assert!((waiting(1.5, 2.0, 2).1 - 2.0).abs() < 1e-12);
    }

    #[test]
    fn mean_time_is_that_of_the_queue() {
        // 54 servers of 9 ms at 80 %.
        let mut queue = Queue::new(6_000.0, 0.009);
        (0..4_800).for_each(|_| queue.load(1.0));
        queue.end_window(1.0);
        let mut random = Stream::new(5, 5);
        let n = 200_000u32;
        let sum: u64 = (0..n).map(|_| queue.query(0.0, &mut random).0).sum();
        let (chance, wait) = waiting(4_800.0, 6_000.0, 54);
        let expected = (0.009 + chance * wait) * 1e6;
        assert!(
            (sum as f64 / f64::from(n) / expected - 1.0).abs() < 0.01,
            "{sum} {expected}"
        );
    }

    #[test]
    fn overload_piles_up_and_drains() {
        let mut queue = Queue::new(100.0, 0.010);
        for _ in 0..10 {
            (0..150).for_each(|_| queue.load(1.0));
            queue.end_window(1.0);
        }
        assert_eq!(queue.backlog_wait(), Micros(5_000_000));
        for _ in 0..5 {
            queue.end_window(1.0);
        }
        assert_eq!(queue.backlog_wait(), Micros(0));
    }

    #[test]
    fn chance_in_a_sampled_run_is_no_overload() {
        // 95 % load; one query stands for 100, so that a window holds about 57 of them.
        let mut queue = Queue::new(6_000.0, 0.009);
        let mut random = Stream::new(8, 8);
        let mut worst = Micros(0);
        for _ in 0..1_000 {
            let mut left = 57.0;
            loop {
                left -= random.exponential();
                if left < 0.0 {
                    break;
                }
                queue.load(100.0);
            }
            queue.end_window(1.0);
            worst = worst.max(queue.backlog_wait());
        }
        assert!(worst < Micros(300_000), "{worst:?}");
    }
}
