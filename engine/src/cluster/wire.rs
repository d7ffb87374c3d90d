//! Bytes that commands take on the network: RESP2 of Redis and Valkey, the text protocol of Memcached
//! (`reference/servers.md` section 5.4).

/// Bytes of a command and its reply, with the headers of the segments that carry them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// To the node.
    pub into: u64,
    /// From the node to the client.
    pub out: u64,
    /// From a primary to each of its replicas, whose stream packs many commands into a segment.
    pub replicated: u64,
}

/// Headers of a TCP segment over Ethernet.
const SEGMENT: u64 = 66;
/// What a segment carries.
const SEGMENT_PAYLOAD: u64 = 1_448;

/// A read of a key: `value_bytes` of the value, `None` on a miss.
pub fn read(memcached: bool, key_bytes: u32, value_bytes: Option<u32>) -> Wire {
    let key = u64::from(key_bytes);
    let value = value_bytes.map(u64::from);
    let (request, reply) = if memcached {
        // Flags are a zero.
        (6 + key, value.map_or(5, |value| 18 + key + digits(value) + value))
    } else {
        (
            18 + digits(key) + key,
            value.map_or(5, |value| 5 + digits(value) + value),
        )
    };
    Wire {
        into: framed(request),
        out: framed(reply),
        replicated: 0,
    }
}

/// A write of a value, with its TTL in seconds.
pub fn write(memcached: bool, key_bytes: u32, value_bytes: u32, ttl_s: Option<u64>) -> Wire {
    let (key, value) = (u64::from(key_bytes), u64::from(value_bytes));
    let (request, reply) = if memcached {
        let expiry = digits(ttl_s.unwrap_or(0));
        (12 + key + expiry + digits(value) + value, 8)
    } else {
        let expiry = ttl_s.map_or(0, |seconds| 14 + digits(seconds));
        (23 + digits(key) + key + digits(value) + value + expiry, 5)
    };
    Wire {
        into: framed(request),
        out: framed(reply),
        replicated: if memcached { 0 } else { request },
    }
}

/// A delete, by the client or on eviction and expiry, which primaries pass on.
pub fn delete(memcached: bool, key_bytes: u32) -> Wire {
    let key = u64::from(key_bytes);
    let (request, reply) = if memcached {
        (9 + key, 9)
    } else {
        (18 + digits(key) + key, 4)
    };
    Wire {
        into: framed(request),
        out: framed(reply),
        replicated: if memcached { 0 } else { request },
    }
}

/// A message with the headers of its segments.
fn framed(payload: u64) -> u64 {
    payload + payload.div_ceil(SEGMENT_PAYLOAD) * SEGMENT
}

/// Decimal digits of a number.
fn digits(number: u64) -> u64 {
    u64::from(number.checked_ilog10().unwrap_or(0)) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command in RESP2.
    fn resp(arguments: &[&str]) -> u64 {
        let parts: String = arguments
            .iter()
            .map(|part| format!("${}\r\n{part}\r\n", part.len()))
            .collect();
        format!("*{}\r\n{parts}", arguments.len()).len() as u64
    }

    #[test]
    fn commands_are_as_long_as_the_protocols_write_them() {
        let (key, value) = ("key:000000000001", "x".repeat(100));
        let of = |wire: Wire| (wire.into - SEGMENT, wire.out - SEGMENT);
        assert_eq!(of(read(false, 16, None)), (resp(&["GET", key]), 5));
        assert_eq!(
            of(read(false, 16, Some(100))).1,
            format!("$100\r\n{value}\r\n").len() as u64
        );
        assert_eq!(
            of(write(false, 16, 100, Some(3_600))).0,
            resp(&["SET", key, &value, "EX", "3600"])
        );
        assert_eq!(
            write(false, 16, 100, None).replicated,
            resp(&["SET", key, &value])
        );
        assert_eq!(of(delete(false, 16)).0, resp(&["DEL", key]));
        let set = format!("set {key} 0 60 100\r\n{value}\r\n");
        assert_eq!(of(write(true, 16, 100, Some(60))), (set.len() as u64, 8));
        let found = format!("VALUE {key} 0 100\r\n{value}\r\nEND\r\n");
        assert_eq!(
            of(read(true, 16, Some(100))),
            (format!("get {key}\r\n").len() as u64, found.len() as u64)
        );
        assert_eq!(of(delete(true, 16)).0, format!("delete {key}\r\n").len() as u64);
        assert_eq!(write(true, 16, 100, None).replicated, 0);
    }

    #[test]
    fn large_values_take_many_segments() {
        let wire = read(false, 10, Some(100_000));
        assert_eq!(wire.out, 100_011 + 70 * SEGMENT);
        assert_eq!([0, 9, 10, 99, 100].map(digits), [1, 1, 2, 2, 3]);
    }
}
