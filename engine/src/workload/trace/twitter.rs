//! The CSV of Twitter's cache traces: `timestamp, anonymised key, key size, value size, client id, operation, TTL`,
//! without a header.
//!
//! Source: Yang et al., "A large scale analysis of hundreds of in-memory cache clusters at Twitter", OSDI 2020;
//! <https://github.com/twitter/cache-trace>. The value size of a read that missed is 0 there.

use super::builder::Record;
use super::csv::{bytes, fields, operation, ttl_seconds, whole_part};
use super::error::Reason;
use super::intern::Name;

/// Number of columns.
const COLUMNS: usize = 7;

/// The request in a line. Keys may contain commas: columns before the key count from the left, those after it from
/// the right.
pub(super) fn record(line: &[u8]) -> Result<Record<'_>, Reason> {
    let mut right = line.rsplitn(COLUMNS - 1, |byte| *byte == b',');
    let columns = [
        right.next(),
        right.next(),
        right.next(),
        right.next(),
        right.next(),
    ];
    let left = right.next().and_then(|rest| {
        let comma = memchr::memchr(b',', rest)?;
        Some(rest.split_at(comma))
    });
    let ([Some(ttl), Some(op), Some(_), Some(value), Some(length)], Some((time, key))) = (columns, left)
    else {
        return Err(Reason::Columns {
            found: fields(line, b',').count(),
            expected: COLUMNS,
        });
    };
    let (time, op, ttl) = (time.trim_ascii(), op.trim_ascii(), ttl.trim_ascii());
    let key = key.get(1..).unwrap_or_default().trim_ascii();
    if key.is_empty() {
        return Err(Reason::column("key", key));
    }
    Ok(Record {
        second: whole_part(time).ok_or_else(|| Reason::column("time", time))?,
        name: Name::of(key),
        size: bytes("value size", value.trim_ascii())?,
        command: Some(op)
            .filter(|op| !op.is_empty())
            .and_then(operation)
            .ok_or_else(|| Reason::column("operation", op))?,
        ttl: ttl_seconds(ttl).ok_or_else(|| Reason::column("TTL", ttl))?,
        key_bytes: Some(bytes("key size", length.trim_ascii())?),
    })
}
