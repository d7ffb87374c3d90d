//! Queues in front of parallel servers: the database behind the cache, the thread that runs a node's commands.
//!
//! Where every request is simulated, so is every query: first come, first served ([`Queue::exact`]). Where one
//! simulated query stands for several, a queue of single queries would be wrong, and waiting follows the M/M/c queue at
//! the load measured in the last window instead; what arrives beyond capacity piles up as a backlog that later queries
//! have to wait for ([`Queue::sampled`]).

use crate::random::Stream;
use crate::units::Micros;

/// Standard deviations of a sampled run's arrivals that do not yet count as overload: waiting by chance is that of the
/// M/M/c queue already.
const CHANCE: f64 = 2.0;

/// Utilisation at which waiting by chance is taken to stand when the load measured is higher: what exceeds
/// capacity shows as backlog.
const SATURATED: f64 = 0.99;

/// Servers beyond which the chance to wait below saturation is not worth computing.
const MANY_SERVERS: u32 = 5_000;

/// How service times vary about their mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Service {
    /// Exponential.
    Exponential,
    /// All alike.
    Fixed,
    /// Lognormal with this standard deviation of the logarithm.
    Lognormal(f64),
}

impl Service {
    /// A service time over its mean.
    fn draw(self, random: &mut Stream) -> f64 {
        match self {
            Self::Exponential => random.exponential(),
            Self::Fixed => 1.0,
            Self::Lognormal(sigma) => lognormal(sigma, random),
        }
    }

    /// Squared coefficient of variation.
    fn variation(self) -> f64 {
        match self {
            Self::Exponential => 1.0,
            Self::Fixed => 0.0,
            Self::Lognormal(sigma) => libm::expm1(sigma * sigma),
        }
    }
}

/// A draw from the lognormal law of mean 1, by Box and Muller's transform.
#[inline(never)]
fn lognormal(sigma: f64, random: &mut Stream) -> f64 {
    let radius = libm::sqrt(2.0 * random.exponential());
    let normal = radius * libm::cos(random.unit() * core::f64::consts::TAU);
    libm::exp(sigma * normal - sigma * sigma / 2.0)
}

/// What lies before a query that arrives now, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// When it arrives.
    at: f64,
    /// Until a server takes it.
    pub wait: f64,
    /// Until it is done with it then.
    pub service: f64,
}

impl Turn {
    /// From arrival to completion.
    pub fn sojourn(self) -> f64 {
        self.wait + self.service
    }
}

/// A queue in front of identical parallel servers.
pub struct Queue {
    servers: u32,
    /// Queries per second that all servers complete at their usual speed.
    capacity: f64,
    /// Mean service time at the usual speed, seconds.
    mean: f64,
    service: Service,
    /// How many times as long everything takes as usual.
    slowness: f64,
    line: Line,
}

enum Line {
    /// When the one server is free again, microseconds since the start.
    Single(f64),
    /// When each server is free again, the earliest first: a binary heap.
    Exact(Vec<f64>),
    Sampled(Backlog),
}

#[derive(Default)]
struct Backlog {
    /// Queries of this window so far.
    arrived: f64,
    /// Variance of `arrived`, as one stands for many.
    variance: f64,
    /// Queries that wait because more arrived than could be served, and the variance of that number.
    piled: f64,
    piled_variance: f64,
    /// `piled` less what may be chance.
    backlog: f64,
    /// Chance to wait, and mean of the wait in seconds of those who do.
    waiting: (f64, f64),
}

impl Queue {
    /// An idle one that completes at most `capacity` queries per second, each in `mean` seconds on average
    /// when nobody waits. The servers are as many as that takes, and at least one.
    pub fn exact(capacity: f64, mean: f64, service: Service) -> Self {
        let mut queue = Self::new(capacity, mean, service);
        if queue.servers == 1 {
            queue.line = Line::Single(0.0);
        } else if queue.servers <= MANY_SERVERS {
            queue.line = Line::Exact(vec![0.0; queue.servers as usize]);
        }
        queue
    }

    /// The same for a run in which one query may stand for several.
    pub fn sampled(capacity: f64, mean: f64, service: Service) -> Self {
        Self::new(capacity, mean, service)
    }

    fn new(capacity: f64, mean: f64, service: Service) -> Self {
        let servers = libm::round(capacity * mean).max(1.0).min(f64::from(u32::MAX)) as u32;
        Self {
            servers,
            capacity,
            mean: mean.min(f64::from(servers) / capacity),
            service,
            slowness: 1.0,
            line: Line::Sampled(Backlog::default()),
        }
    }

    /// What lies before a query that arrives now, of so many times the usual work. It does not join the queue yet.
    // Called, it would return the turn through memory, which each request that reaches a node would wait for; the same goes
    // for `join` and `query`.
    #[inline(always)]
    pub fn turn(&self, now: Micros, work: f64, random: &mut Stream) -> Turn {
        let service = self.mean * 1e6 * self.slowness * work * self.service.draw(random);
        let at = now.as_micros();
        let free = match &self.line {
            Line::Single(free) => *free,
            Line::Exact(free) => free.first().copied().unwrap_or_default(),
            Line::Sampled(line) => {
                let wait = self.sampled_wait(line, random);
                return Turn { at, wait, service };
            }
        };
        // Time is in whole microseconds, of which a fast node serves a command in five: somewhere within.
        let at = at + random.unit();
        let wait = (free - at).max(0.0);
        Turn { at, wait, service }
    }

    #[inline(never)]
    fn sampled_wait(&self, line: &Backlog, random: &mut Stream) -> f64 {
        let (chance, mean) = line.waiting;
        let by_chance = if chance > 0.0 && random.unit() < chance {
            mean * random.exponential()
        } else {
            0.0
        };
        (line.backlog / self.rate() + by_chance) * 1e6
    }

    /// Lets `weight` queries join that occupy a server as their turn says.
    #[inline(always)]
    pub fn join(&mut self, turn: Turn, weight: f64, work: f64) {
        let done = turn.at + turn.sojourn();
        match &mut self.line {
            Line::Single(free) => *free = done,
            Line::Exact(free) => replace_first(free, done),
            Line::Sampled(line) => line.load(weight * work),
        }
    }

    /// Takes `weight` queries of so many times the usual work; returns the time from arrival to completion in
    /// microseconds.
    #[inline(always)]
    pub fn query(&mut self, now: Micros, weight: f64, work: f64, random: &mut Stream) -> f64 {
        let turn = self.turn(now, work, random);
        self.join(turn, weight, work);
        turn.sojourn()
    }

    /// Keeps all servers busy with something else for so many microseconds from now.
    pub fn stall(&mut self, now: Micros, microseconds: f64) {
        let lost = self.rate() * microseconds / 1e6;
        for at in self.line.servers() {
            *at = at.max(now.0 as f64) + microseconds;
        }
        if let Line::Sampled(line) = &mut self.line {
            line.piled += lost;
            line.backlog += lost;
        }
    }

    /// Makes everything that begins from now on take so many times as long as usual.
    pub fn slow_down(&mut self, slowness: f64) {
        self.slowness = slowness;
    }

    /// [`slow_down`](Self::slow_down), and what waits or is worked on from now on takes as much longer or shorter, as
    /// far as later queries have to wait for it.
    pub fn change_speed(&mut self, now: Micros, slowness: f64) {
        let change = slowness / core::mem::replace(&mut self.slowness, slowness);
        let now = now.0 as f64;
        // Those that are free already stay so, and the order of the others is the same.
        for at in self.line.servers().iter_mut().filter(|at| **at > now) {
            *at = now + (*at - now) * change;
        }
    }

    /// Ends a window of so many seconds: its arrivals decide how the next one waits in a sampled run.
    pub fn end_window(&mut self, seconds: f64) {
        let (rate, servers, variation) = (self.rate(), self.servers, self.service.variation());
        if let Line::Sampled(line) = &mut self.line {
            line.end_window(seconds, rate, servers, variation);
        }
    }

    /// Time that a query arriving now has to wait for those piled up before it.
    pub fn backlog_wait(&self, now: Micros) -> Micros {
        let first = match &self.line {
            Line::Single(free) => *free,
            Line::Exact(free) => free.first().copied().unwrap_or_default(),
            Line::Sampled(line) => return Micros((line.backlog / self.rate() * 1e6) as u64),
        };
        Micros((first as u64).saturating_sub(now.0))
    }

    /// Queries per second that all servers complete at their present speed.
    pub fn rate(&self) -> f64 {
        self.capacity / self.slowness
    }
}

impl Line {
    /// When each server is free again, where these are told apart.
    fn servers(&mut self) -> &mut [f64] {
        match self {
            Self::Single(free) => core::slice::from_mut(free),
            Self::Exact(free) => free,
            Self::Sampled(_) => &mut [],
        }
    }
}

impl Backlog {
    fn load(&mut self, weight: f64) {
        self.arrived += weight;
        self.variance += weight * weight;
    }

    fn end_window(&mut self, seconds: f64, capacity: f64, servers: u32, variation: f64) {
        let rate = self.arrived / seconds;
        self.piled += self.arrived - capacity * seconds;
        self.piled_variance += self.variance;
        if self.piled <= 0.0 {
            self.piled = 0.0;
            self.piled_variance = 0.0;
        }
        self.backlog = (self.piled - CHANCE * libm::sqrt(self.piled_variance.max(0.0))).max(0.0);
        let (chance, wait) = waiting(rate, capacity, servers);
        // Allen and Cunneen's approximation of M/G/c by M/M/c.
        self.waiting = (chance, wait * (1.0 + variation) / 2.0);
        self.arrived = 0.0;
        self.variance = 0.0;
    }
}

/// Puts a value in the place of the first of a binary heap.
///
/// All the way down along the smaller children, then up from there. Few values belong higher: when servers are idle, who
/// takes one is done last, and a walk that stops where the value belongs would stop where it cannot be foreseen.
fn replace_first(heap: &mut [f64], value: f64) {
    let mut at = 0;
    while let Some(&[first, second]) = heap.get(2 * at + 1..2 * at + 3) {
        // Chosen without a jump: which of the two is smaller cannot be foreseen either.
        let of_second = second < first;
        put(heap, at, if of_second { second } else { first });
        at = 2 * at + 1 + usize::from(of_second);
    }
    if let Some(&only) = heap.get(2 * at + 1) {
        put(heap, at, only);
        at = 2 * at + 1;
    }
    while at > 0
        && let Some(&above) = heap.get((at - 1) / 2)
        && above > value
    {
        put(heap, at, above);
        at = (at - 1) / 2;
    }
    put(heap, at, value);
}

fn put(heap: &mut [f64], at: usize, value: f64) {
    if let Some(place) = heap.get_mut(at) {
        *place = value;
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

    /// Mean and 99th percentile of the sojourn, seconds, of Poisson arrivals at this utilisation, one for `weight`.
    fn measure(queue: &mut Queue, utilisation: f64, arrivals: usize, weight: f64) -> (f64, f64) {
        let mut random = Stream::new(5, 5);
        let (mut now, mut window) = (0.0, 0.0);
        let mut times = Vec::with_capacity(arrivals);
        for number in 0..arrivals + arrivals / 10 {
            now += random.exponential() * weight * 1e6 / (utilisation * queue.capacity);
            while now > window {
                window += 1e6;
                queue.end_window(1.0);
            }
            let sojourn = queue.query(Micros(now as u64), weight, 1.0, &mut random);
            if number >= arrivals / 10 {
                times.push(sojourn / 1e6);
            }
        }
        times.sort_by(f64::total_cmp);
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        (mean, times[times.len() * 99 / 100])
    }

    /// The same of the M/M/c queue; the percentile by bisection of the known tail.
    fn theory(queue: &Queue, utilisation: f64) -> (f64, f64) {
        let (chance, wait) = waiting(utilisation * queue.capacity, queue.capacity, queue.servers);
        let (service, waits) = (1.0 / queue.mean, 1.0 / wait);
        // Service is exponential; with the chance to wait an independent exponential wait precedes it.
        let tail = |t: f64| {
            let alone = libm::exp(-service * t);
            let both = if (service - waits).abs() < 1e-9 * service {
                (1.0 + service * t) * alone
            } else {
                (service * libm::exp(-waits * t) - waits * alone) / (service - waits)
            };
            (1.0 - chance) * alone + chance * both
        };
        let (mut low, mut high) = (0.0, 1e3 * (queue.mean + wait));
        for _ in 0..100 {
            let middle = (low + high) / 2.0;
            if tail(middle) > 0.01 {
                low = middle;
            } else {
                high = middle;
            }
        }
        (queue.mean + chance * wait, high)
    }

    #[test]
    fn exponential_service_is_an_m_m_c_queue() {
        for (capacity, mean) in [(6_000.0, 0.009), (180_000.0, 1.0 / 180_000.0), (400.0, 0.05)] {
            for (utilisation, arrivals) in [(0.5, 400_000), (0.8, 1_000_000), (0.95, 6_000_000)] {
                let mut queue = Queue::exact(capacity, mean, Service::Exponential);
                let expected = theory(&queue, utilisation);
                let found = measure(&mut queue, utilisation, arrivals, 1.0);
                let off = |found: f64, expected: f64| (found / expected - 1.0).abs();
                assert!(
                    off(found.0, expected.0) < 0.03 && off(found.1, expected.1) < 0.03,
                    "{capacity} {utilisation}: {found:?} {expected:?}"
                );
            }
        }
    }

    #[test]
    fn sampled_waits_are_those_of_the_exact_queue() {
        for service in [Service::Exponential, Service::Fixed, Service::Lognormal(0.8)] {
            let mut exact = Queue::exact(1_000.0, 0.01, service);
            let mut sampled = Queue::sampled(1_000.0, 0.01, service);
            let (exact, sampled) = (
                measure(&mut exact, 0.8, 400_000, 1.0),
                measure(&mut sampled, 0.8, 200_000, 4.0),
            );
            assert!(
                (sampled.0 / exact.0 - 1.0).abs() < 0.1,
                "{service:?}: {sampled:?} {exact:?}"
            );
        }
    }

    #[test]
    fn overload_piles_up_and_drains() {
        let mut random = Stream::new(1, 1);
        let mut sampled = Queue::sampled(100.0, 0.010, Service::Fixed);
        let mut exact = Queue::exact(100.0, 0.010, Service::Fixed);
        for second in 0..10 {
            for number in 0..150 {
                let now = Micros(second * 1_000_000 + number * 6_666);
                sampled.query(now, 1.0, 1.0, &mut random);
                exact.query(now, 1.0, 1.0, &mut random);
            }
            sampled.end_window(1.0);
        }
        let end = Micros(10_000_000);
        // Less what may be chance.
        assert!((4_000_000..5_000_000).contains(&sampled.backlog_wait(end).0));
        assert!(exact.backlog_wait(end).0.abs_diff(5_000_000) < 10_000);
        for _ in 0..5 {
            sampled.end_window(1.0);
        }
        assert_eq!(sampled.backlog_wait(end), Micros(0));
        assert_eq!(exact.backlog_wait(Micros(15_100_000)), Micros(0));
    }

    #[test]
    fn a_line_moves_on_faster_when_the_servers_do() {
        let mut random = Stream::new(1, 1);
        for mut queue in [
            Queue::exact(1_000.0, 0.001, Service::Fixed),
            Queue::sampled(1_000.0, 0.001, Service::Fixed),
        ] {
            queue.change_speed(Micros(0), 10.0);
            for _ in 0..200 {
                queue.query(Micros(0), 1.0, 1.0, &mut random);
            }
            queue.end_window(1.0);
            // 200 queries of 10 ms take 2 s. After one of them, what is left goes ten times as fast.
            let (before, after) = (
                queue.backlog_wait(Micros(1_000_000)).0,
                queue.backlog_wait(Micros(1_000_000)).0 / 10,
            );
            queue.change_speed(Micros(1_000_000), 1.0);
            assert!(before > 700_000, "{before}");
            assert!(queue.backlog_wait(Micros(1_000_000)).0.abs_diff(after) < 2);
        }
    }

    #[test]
    fn a_stall_delays_all_that_comes() {
        let mut random = Stream::new(1, 1);
        for mut queue in [
            Queue::exact(1_000.0, 0.001, Service::Fixed),
            Queue::sampled(1_000.0, 0.001, Service::Fixed),
        ] {
            queue.stall(Micros(500), 40_000.0);
            let sojourn = queue.query(Micros(500), 1.0, 1.0, &mut random);
            assert!((sojourn - 41_000.0).abs() < 1.5, "{sojourn}");
        }
    }

    #[test]
    fn chance_in_a_sampled_run_is_no_overload() {
        // 95 % load; one query stands for 100, so that a window holds about 57 of them.
        let mut queue = Queue::sampled(6_000.0, 0.009, Service::Exponential);
        let mut random = Stream::new(8, 8);
        let mut worst = Micros(0);
        for _ in 0..1_000 {
            let mut left = 57.0;
            loop {
                left -= random.exponential();
                if left < 0.0 {
                    break;
                }
                queue.query(Micros(0), 100.0, 1.0, &mut random);
            }
            queue.end_window(1.0);
            worst = worst.max(queue.backlog_wait(Micros(0)));
        }
        assert!(worst < Micros(300_000), "{worst:?}");
    }
}
