//! Bounded pools of connections: a command waits for one of its process that is free, and holds it until the answer is
//! there.
//!
//! First come, first served. Where every request is simulated, so is each process's pool; where one request stands for
//! several, all are taken to be as busy as the mean, and waiting follows the M/M/c queue as in [`crate::queue`], with
//! half its wait, as round trips vary little.

use crate::queue::{Queue, Service, Turn};
use crate::random::Stream;
use crate::scenario::Pool;
use crate::units::Micros;

/// Most pools of a node that are simulated each for itself.
const MOST_POOLS: u32 = 1_000;

/// The pools of all processes to one node.
pub(crate) struct Pools {
    /// One for each process, or one for all.
    queues: Vec<Queue>,
    /// Part of the commands that each of them gets.
    share: f64,
    /// Mean time of a command that the queues were made for, microseconds.
    usual_us: f64,
    /// Commands of this window, and how long they held their connections, microseconds.
    commands: f64,
    held_us: f64,
}

impl Pools {
    /// Idle pools of so many processes, for commands that take about so many microseconds.
    pub(crate) fn new(pool: Pool, processes: u32, usual_us: f64, sampled: bool) -> Self {
        let usual_us = usual_us.max(1.0);
        let (size, seconds) = (f64::from(pool.size), usual_us * 1e-6);
        let single = !sampled && processes <= MOST_POOLS;
        let make = || {
            let queue = if single { Queue::exact } else { Queue::sampled };
            queue(size / seconds, seconds, Service::Fixed)
        };
        let count = if single { processes } else { 1 };
        Self {
            queues: (0..count).map(|_| make()).collect(),
            share: f64::from(count) / f64::from(processes.max(1)),
            usual_us,
            commands: 0.0,
            held_us: 0.0,
        }
    }

    fn of(&self, process: u32) -> usize {
        process as usize % self.queues.len().max(1)
    }

    /// What lies before a command of a process that would be sent now. It does not take a connection yet.
    pub(crate) fn turn(&self, process: u32, now: Micros, random: &mut Stream) -> Option<Turn> {
        let queue = self.queues.get(self.of(process))?;
        Some(queue.turn(now, 1.0, random))
    }

    /// So many commands hold their connections for so many microseconds each, from their turn on.
    pub(crate) fn hold(&mut self, process: u32, mut turn: Turn, microseconds: f64, weight: f64) {
        self.commands += weight;
        self.held_us += weight * microseconds;
        turn.service = microseconds;
        let (at, share) = (self.of(process), self.share);
        if let Some(queue) = self.queues.get_mut(at) {
            queue.join(turn, weight * share, 1.0);
        }
    }

    /// Ends a window of so many seconds: how long its commands took decides how the next ones wait in a sampled run.
    pub(crate) fn end_window(&mut self, seconds: f64) {
        if self.commands > 0.0 {
            let slowness = self.held_us / self.commands / self.usual_us;
            for queue in &mut self.queues {
                queue.slow_down(slowness.max(f64::MIN_POSITIVE));
            }
        }
        for queue in &mut self.queues {
            queue.end_window(seconds);
        }
        (self.commands, self.held_us) = (0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean wait in microseconds of commands that hold a connection for `hold` of a random number, at Poisson times.
    fn waits(pools: &mut Pools, processes: u32, per_s: f64, hold: impl Fn(&mut Stream) -> f64) -> f64 {
        let mut random = Stream::new(3, 3);
        let (mut now, mut window, mut all) = (0.0, 0.0, 0.0);
        let commands = 400_000;
        for _ in 0..commands {
            now += random.exponential() * 1e6 / per_s;
            while now > window {
                window += 1e6;
                pools.end_window(1.0);
            }
            let process = random.below(processes);
            let Some(turn) = pools.turn(process, Micros(now as u64), &mut random) else {
                panic!()
            };
            all += turn.wait;
            let us = hold(&mut random);
            pools.hold(process, turn, us, 1.0);
        }
        all / f64::from(commands)
    }

    #[test]
    fn commands_wait_as_in_an_m_m_c_queue_of_their_process() {
        // Five processes with two connections each, 1 ms a command, 70 % in use. Erlang's C of M/M/2 at 0.7 is
        // 2 * 0.7^2 / (1 + 0.7) = 0.5765; the wait of those who wait is 1 ms / (2 * (1 - 0.7)) = 1.667 ms.
        let pool = Pool {
            size: 2,
            ..Pool::default()
        };
        let mut pools = Pools::new(pool, 5, 1_000.0, false);
        let wait = waits(&mut pools, 5, 7_000.0, |random| 1_000.0 * random.exponential());
        assert!((wait / (0.5765 * 1_667.0) - 1.0).abs() < 0.03, "{wait}");
    }

    #[test]
    fn a_sampled_run_waits_as_long() {
        // M/D/2 at 0.7 by Allen and Cunneen: half of the M/M/2 queue's. The queues were made for commands a third as long.
        for sampled in [false, true] {
            let pool = Pool {
                size: 2,
                ..Pool::default()
            };
            let mut pools = Pools::new(pool, 5, 333.0, sampled);
            let wait = waits(&mut pools, 5, 7_000.0, |_| 1_000.0);
            assert!(
                (wait / (0.5765 * 1_667.0 / 2.0) - 1.0).abs() < 0.05,
                "{sampled}: {wait}"
            );
        }
    }
}
