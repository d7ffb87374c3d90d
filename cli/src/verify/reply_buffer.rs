//! The buffer in which a server collects the replies of one client: memory that moves while a run goes on.
//!
//! `clientsCronResizeOutputBuffer` in `server.c`, the same in Redis 7.0, 7.2 and Valkey 8.0. A run that
//! fills a small cache does so within tenths of a second, in which the buffer of 16 KiB is cut down to 2; and when the
//! server begins to refuse writes, which takes long replies, the buffer may grow again, at the expense of keys.

use cacheplan_engine::units::Micros;

/// Size at first, and at most (`PROTO_REPLY_CHUNK_BYTES`).
const MOST: u64 = 16 << 10;
/// Size at least (`PROTO_REPLY_MIN_BYTES`).
const LEAST: u64 = 1 << 10;
/// How long a peak counts (`reply-buffer-peak-reset-time`).
const PEAK_TIME: Micros = Micros(5_000_000);

/// A reply buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplyBuffer {
    bytes: u64,
    /// Most bytes of it that were in use.
    peak: u64,
    /// When the peak was last forgotten; the server's first look does so.
    reset: Option<Micros>,
}

impl ReplyBuffer {
    /// That of a new client.
    pub(crate) fn new() -> Self {
        Self {
            bytes: MOST,
            peak: MOST,
            reset: None,
        }
    }

    /// What it takes.
    pub(crate) fn bytes(self) -> u64 {
        self.bytes
    }

    /// Replies of so many bytes were sent together.
    pub(crate) fn send(&mut self, bytes: u64) {
        self.peak = self.peak.max(bytes.min(self.bytes));
    }

    /// The background task looks at it, between two batches.
    pub(crate) fn look(&mut self, now: Micros) {
        let (half, double) = (self.bytes / 2, self.bytes * 2);
        let fitting = if half >= LEAST && self.peak < half {
            (self.peak + 1).max(LEAST)
        } else if double < 2 * MOST && self.peak == self.bytes {
            double.min(MOST)
        } else {
            self.bytes
        };
        if self.reset.is_none_or(|then| now.0 - then.0 >= PEAK_TIME.0) {
            self.peak = 0;
            self.reset = Some(now);
        }
        // Four size classes per doubling.
        self.bytes = fitting.next_multiple_of((1 << fitting.ilog2()) / 4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_replies() {
        let mut buffer = ReplyBuffer::new();
        let look = |buffer: &mut ReplyBuffer, tenths: u64| {
            buffer.look(Micros(tenths * 100_000));
            buffer.bytes()
        };
        // As CLIENT LIST of Redis 7.0.15 tells under the load of a recorded run.
        buffer.send(1_351);
        assert_eq!(look(&mut buffer, 1), MOST);
        buffer.send(1_768);
        assert_eq!(look(&mut buffer, 2), 1_792);
        buffer.send(1_773);
        assert_eq!(look(&mut buffer, 3), 1_792);
        buffer.send(2_263);
        assert_eq!(look(&mut buffer, 4), 3_584, "it was full");
        buffer.send(2_115);
        assert_eq!(look(&mut buffer, 5), 3_584);
        // Long ago, the replies were longer.
        look(&mut buffer, 60);
        buffer.send(900);
        assert_eq!(look(&mut buffer, 61), LEAST);
    }
}
