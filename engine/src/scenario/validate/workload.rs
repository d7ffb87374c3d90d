//! Checks key classes and traces.

use super::{Bounds, Checks, Integer, Number, Quoted};
use crate::scenario::{
    Follow, KeyClass, Popularity, Rate, TraceWorkload, Ttl, ValueSize, Workload, accesses_per_s, limits,
};
use crate::units::Seconds;

impl Checks {
    pub(super) fn classes(&mut self, classes: &[KeyClass], seconds: f64) {
        self.integer("workload.classes", classes.len() as u64, &limits::CLASSES);
        for (index, class) in classes.iter().enumerate() {
            let path = |field: &str| format!("workload.classes[{index}].{field}");
            self.length(&path("name"), &class.name, &limits::CLASS_NAME_LENGTH);
            let twin = classes.iter().position(|other| other.name == class.name);
            if let Some(twin) = twin.filter(|twin| *twin < index) {
                let bounds = format!("different from workload.classes[{twin}].name");
                self.report(&path("name"), Quoted(&class.name), Bounds::Rule(bounds));
            }
            self.integer(&path("keys"), class.keys, &limits::KEYS);
            self.integer(&path("key_bytes"), class.key_bytes.into(), &limits::KEY_BYTES);
            match class.popularity {
                Popularity::Zipf { exponent } | Popularity::Latest { exponent } => {
                    self.number(&path("popularity.exponent"), exponent, &limits::ZIPF_EXPONENT);
                }
                Popularity::HotSet { keys, traffic } => {
                    self.number(&path("popularity.keys"), keys.0, &limits::HOT_KEYS);
                    self.number(&path("popularity.traffic"), traffic.0, &limits::HOT_TRAFFIC);
                }
                Popularity::Uniform | Popularity::Scan => {}
            }
            self.number(
                &path("churn_per_day"),
                class.churn_per_day,
                &limits::CHURN_PER_DAY,
            );
            let born: f64 = classes
                .iter()
                .take(index + 1)
                .map(|class| class.born(seconds))
                .sum();
            if born > limits::KEYS_BORN && born - class.born(seconds) <= limits::KEYS_BORN {
                let bounds = format!(
                    "less, as up to this class {} keys are born in the run and it may have {}",
                    Number(libm::round(born)),
                    Number(limits::KEYS_BORN)
                );
                self.report(
                    &path("churn_per_day"),
                    Number(class.churn_per_day),
                    Bounds::Rule(bounds),
                );
            }
            self.number(
                &path("drift_per_day"),
                class.drift_per_day,
                &limits::DRIFT_PER_DAY,
            );
            self.value_size(&path("value_size"), &class.value_size);
            self.rate(&path("rate"), &class.rate);
            self.number(&path("writes"), class.writes.0, &limits::WRITES);
            self.number(&path("deletes"), class.deletes.0, &limits::DELETES);
            // Decimals such as 0.7 and 0.3 need not sum to exactly 1.
            if class.writes.0 + class.deletes.0 > 1.0 + 1e-9
                && limits::WRITES.contains(class.writes.0)
                && limits::DELETES.contains(class.deletes.0)
            {
                let bounds = format!(
                    "at most {}, what the writes leave of all requests",
                    Number(1.0 - class.writes.0)
                );
                self.report(&path("deletes"), Number(class.deletes.0), Bounds::Rule(bounds));
            }
            self.integer(&path("multi_get"), class.multi_get.into(), &limits::MULTI_GET);
            self.number(&path("heavy.share"), class.heavy.share.0, &limits::HEAVY_SHARE);
            self.number(&path("heavy.cost"), class.heavy.cost, &limits::HEAVY_COST);
            if let Some(tags) = class.hash_tags {
                self.integer(&path("hash_tags"), tags.into(), &limits::HASH_TAGS);
            }
            if let Some(follow) = &class.follows {
                self.follow(&path("follows"), follow, index, classes);
            }
            self.ttl(&path("ttl"), class.ttl);
            self.number(&path("absent"), class.absent.0, &limits::SHARE);
        }
    }

    fn value_size(&mut self, path: &str, size: &ValueSize) {
        match size {
            ValueSize::Fixed { bytes } => {
                self.integer(&format!("{path}.bytes"), bytes.0, &limits::VALUE_BYTES);
            }
            ValueSize::Lognormal { median_bytes, sigma } => {
                self.integer(
                    &format!("{path}.median_bytes"),
                    median_bytes.0,
                    &limits::MEDIAN_BYTES,
                );
                self.number(&format!("{path}.sigma"), *sigma, &limits::SIGMA);
            }
            ValueSize::Choice { sizes } => {
                let path = format!("{path}.sizes");
                self.integer(&path, sizes.len() as u64, &limits::SIZES);
                for (index, size) in sizes.iter().enumerate() {
                    self.integer(
                        &format!("{path}[{index}].bytes"),
                        size.bytes.0,
                        &limits::VALUE_BYTES,
                    );
                    self.number(
                        &format!("{path}[{index}].share"),
                        size.share.0,
                        &limits::SIZE_SHARE,
                    );
                }
                if !sizes.is_empty() && sizes.iter().all(|size| size.share.0 == 0.0) {
                    let bounds = Bounds::Rule("above 0 for one size at least".into());
                    self.report(&format!("{path}[0].share"), Number(0.0), bounds);
                }
            }
        }
    }

    fn rate(&mut self, path: &str, rate: &Rate) {
        let field = |name: &str| format!("{path}.{name}");
        match rate {
            Rate::Constant { per_s } => self.number(&field("per_s"), per_s.0, &limits::RATE_PER_S),
            Rate::Diurnal {
                mean_per_s,
                peak_to_mean,
                peak_hour,
            } => {
                self.number(&field("mean_per_s"), mean_per_s.0, &limits::RATE_PER_S);
                self.number(&field("peak_to_mean"), *peak_to_mean, &limits::PEAK_TO_MEAN);
                self.number(&field("peak_hour"), *peak_hour, &limits::PEAK_HOUR);
            }
            Rate::Ramp {
                from_per_s,
                to_per_s,
                start_s,
                duration_s,
            } => {
                self.number(&field("from_per_s"), from_per_s.0, &limits::CURVE_PER_S);
                self.number(&field("to_per_s"), to_per_s.0, &limits::CURVE_PER_S);
                if from_per_s.0 == 0.0 && to_per_s.0 == 0.0 {
                    let bounds = Bounds::Rule("above 0, as the rate is 0 before".into());
                    self.report(&field("to_per_s"), Number(0.0), bounds);
                }
                self.integer(&field("start_s"), start_s.0, &limits::CURVE_S);
                self.integer(&field("duration_s"), duration_s.0, &limits::CURVE_S);
            }
            Rate::Curve { points } => {
                let path = field("points");
                self.integer(&path, points.len() as u64, &limits::CURVE_POINTS);
                let mut before: Option<Seconds> = None;
                for (index, point) in points.iter().enumerate() {
                    let at = format!("{path}[{index}].at_s");
                    self.integer(&at, point.at_s.0, &limits::CURVE_S);
                    if let Some(before) = before.filter(|before| *before >= point.at_s) {
                        let bounds = format!("after the point before, {} s", Integer(before.0));
                        self.report(&at, Integer(point.at_s.0), Bounds::Rule(bounds));
                    }
                    before = Some(point.at_s);
                    self.number(
                        &format!("{path}[{index}].per_s"),
                        point.per_s.0,
                        &limits::CURVE_PER_S,
                    );
                }
                if !points.is_empty() && points.iter().all(|point| point.per_s.0 == 0.0) {
                    let bounds = Bounds::Rule("above 0 at one point at least".into());
                    self.report(&format!("{path}[0].per_s"), Number(0.0), bounds);
                }
            }
        }
    }

    fn follow(&mut self, path: &str, follow: &Follow, index: usize, classes: &[KeyClass]) {
        let class = format!("{path}.class");
        let leader = classes.get(index).and_then(|class| class.leader(classes));
        // Whom one comes to by following: itself, where the classes follow each other in a circle.
        let mut met = leader;
        for _ in classes {
            if met == Some(index) {
                break;
            }
            met = met.and_then(|at| classes.get(at)?.leader(classes));
        }
        if leader.is_none() {
            let others = classes.iter().enumerate().filter(|(at, _)| *at != index);
            self.one_of(
                &class,
                &follow.class,
                others.map(|(_, class)| class.name.as_str()),
            );
        } else if met == Some(index) {
            let bounds = Bounds::Rule("a class that does not follow this one in turn".into());
            self.report(&class, Quoted(&follow.class), bounds);
        }
        self.number(
            &format!("{path}.probability"),
            follow.probability.0,
            &limits::FOLLOW_PROBABILITY,
        );
        self.integer(
            &format!("{path}.delay_ms"),
            follow.delay_ms.into(),
            &limits::FOLLOW_DELAY_MS,
        );
    }

    pub(super) fn trace(&mut self, trace: &TraceWorkload) {
        self.length("workload.name", &trace.name, &limits::TRACE_NAME_LENGTH);
        self.integer("workload.key_bytes", trace.key_bytes.into(), &limits::KEY_BYTES);
        self.number("workload.speed", trace.speed, &limits::TRACE_SPEED);
        self.ttl("workload.ttl", trace.ttl);
    }

    fn ttl(&mut self, path: &str, ttl: Ttl) {
        if let Some(seconds) = ttl.seconds() {
            self.integer(&format!("{path}.seconds"), seconds.0, &limits::TTL_S);
        }
        if let Ttl::Fixed { jitter, .. } = ttl {
            self.number(&format!("{path}.jitter"), jitter.0, &limits::TTL_JITTER);
        }
    }
}

impl Workload {
    /// Mean accesses to keys per second over the run; 0 for a trace, which is replayed whole.
    pub(super) fn mean_rate(&self, seconds: f64) -> f64 {
        match self {
            Self::Synthetic { classes } => accesses_per_s(classes, seconds).iter().sum(),
            Self::Trace(_) => 0.0,
        }
    }
}
