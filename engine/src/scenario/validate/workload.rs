//! Checks key classes and traces.

use super::{Bounds, Checks, Quoted};
use crate::scenario::{KeyClass, Popularity, Rate, TraceWorkload, Ttl, ValueSize, Workload, limits};

impl Checks {
    pub(super) fn classes(&mut self, classes: &[KeyClass]) {
        self.integer("workload.classes", classes.len() as u64, limits::CLASSES);
        for (index, class) in classes.iter().enumerate() {
            let path = |field: &str| format!("workload.classes[{index}].{field}");
            self.length(&path("name"), &class.name, limits::CLASS_NAME_LENGTH);
            let twin = classes.iter().position(|other| other.name == class.name);
            if let Some(twin) = twin.filter(|twin| *twin < index) {
                let bounds = format!("different from workload.classes[{twin}].name");
                self.report(&path("name"), Quoted(&class.name), Bounds::Rule(bounds));
            }
            self.integer(&path("keys"), class.keys, limits::KEYS);
            self.integer(&path("key_bytes"), class.key_bytes.into(), limits::KEY_BYTES);
            if let Popularity::Zipf { exponent } = class.popularity {
                self.number(&path("popularity.exponent"), exponent, limits::ZIPF_EXPONENT);
            }
            match class.value_size {
                ValueSize::Fixed { bytes } => {
                    self.integer(&path("value_size.bytes"), bytes.0, limits::VALUE_BYTES);
                }
                ValueSize::Lognormal { median_bytes, sigma } => {
                    self.integer(
                        &path("value_size.median_bytes"),
                        median_bytes.0,
                        limits::MEDIAN_BYTES,
                    );
                    self.number(&path("value_size.sigma"), sigma, limits::SIGMA);
                }
            }
            match class.rate {
                Rate::Constant { per_s } => self.number(&path("rate.per_s"), per_s.0, limits::RATE_PER_S),
                Rate::Diurnal {
                    mean_per_s,
                    peak_to_mean,
                    peak_hour,
                } => {
                    self.number(&path("rate.mean_per_s"), mean_per_s.0, limits::RATE_PER_S);
                    self.number(&path("rate.peak_to_mean"), peak_to_mean, limits::PEAK_TO_MEAN);
                    self.number(&path("rate.peak_hour"), peak_hour, limits::PEAK_HOUR);
                }
            }
            self.number(&path("writes"), class.writes.0, limits::WRITES);
            self.ttl(&path("ttl"), class.ttl);
        }
    }

    pub(super) fn trace(&mut self, trace: &TraceWorkload) {
        self.length("workload.name", &trace.name, limits::TRACE_NAME_LENGTH);
        self.integer("workload.key_bytes", trace.key_bytes.into(), limits::KEY_BYTES);
        self.number("workload.speed", trace.speed, limits::TRACE_SPEED);
        self.ttl("workload.ttl", trace.ttl);
    }

    fn ttl(&mut self, path: &str, ttl: Ttl) {
        if let Ttl::Fixed { seconds, jitter } = ttl {
            self.integer(&format!("{path}.seconds"), seconds.0, limits::TTL_S);
            self.number(&format!("{path}.jitter"), jitter.0, limits::TTL_JITTER);
        }
    }
}

impl Workload {
    /// Mean requests per second over the run; 0 for a trace, which is replayed whole.
    pub(super) fn mean_rate(&self) -> f64 {
        match self {
            Self::Synthetic { classes } => classes.iter().map(|class| class.rate.mean_per_s()).sum(),
            Self::Trace(_) => 0.0,
        }
    }
}

impl Rate {
    fn mean_per_s(self) -> f64 {
        match self {
            Self::Constant { per_s } => per_s.0,
            Self::Diurnal { mean_per_s, .. } => mean_per_s.0,
        }
    }
}
