//! libCacheSim's `oracleGeneral`: packed little-endian records of `u32 time_s, u64 id, u32 size, i64 next_access`,
//! where the last is the number of the object's next request or -1.
//!
//! Source: libCacheSim, `traceReader/customizedReader/oracle/oracleGeneralBin.h`. The oracle's column is not kept,
//! since it refers to the file that the trace was cut from.

use super::Command;
use super::builder::Record;
use super::intern::Name;

/// Bytes of a record.
pub(super) const RECORD: usize = 24;

/// Largest object that counts as plausible when the format is guessed.
const PLAUSIBLE_SIZE: u32 = 1 << 30;

/// The request in a record.
pub(super) fn record(bytes: &[u8; RECORD]) -> Record<'static> {
    let (second, id, size, _) = fields(bytes);
    Record {
        second: second.into(),
        name: Name::Number(id),
        size,
        command: Command::Get,
        ttl: 0,
        key_bytes: None,
    }
}

/// Whether a file that begins like this could be one: times run forward, sizes and next accesses make sense in all
/// but a tenth of the records.
pub(super) fn plausible(head: &[u8]) -> bool {
    let (records, _) = head.as_chunks::<RECORD>();
    let mut last = 0;
    let odd = records.iter().filter(|bytes| {
        let (second, _, size, next) = fields(bytes);
        let forward = second >= last;
        last = second;
        !(forward && size <= PLAUSIBLE_SIZE && next >= -1)
    });
    let odd = odd.count();
    !records.is_empty() && odd * 10 <= records.len()
}

fn fields(bytes: &[u8; RECORD]) -> (u32, u64, u32, i64) {
    let [
        t0,
        t1,
        t2,
        t3,
        i0,
        i1,
        i2,
        i3,
        i4,
        i5,
        i6,
        i7,
        s0,
        s1,
        s2,
        s3,
        n0,
        n1,
        n2,
        n3,
        n4,
        n5,
        n6,
        n7,
    ] = *bytes;
    (
        u32::from_le_bytes([t0, t1, t2, t3]),
        u64::from_le_bytes([i0, i1, i2, i3, i4, i5, i6, i7]),
        u32::from_le_bytes([s0, s1, s2, s3]),
        i64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]),
    )
}
