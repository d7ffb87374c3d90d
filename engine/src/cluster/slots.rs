//! Hash slots of Redis Cluster: CRC-16/XMODEM of the key, or of its hash tag, modulo 16,384
//! (`reference/servers.md` section 4.1).

/// Number of hash slots.
pub const SLOTS: u16 = 16_384;

const CRC: crc::Crc<u16, crc::Table<1>> = crc::Crc::<u16, crc::Table<1>>::new(&crc::CRC_16_XMODEM);

/// The slot of a key.
pub fn slot(key: &[u8]) -> u16 {
    CRC.checksum(tag(key)) % SLOTS
}

/// What decides the slot: the part between the first `{` and the first `}` after it unless that is empty, else
/// the whole key.
fn tag(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|b| *b == b'{') else {
        return key;
    };
    let inner = &key[open + 1..];
    match inner.iter().position(|b| *b == b'}') {
        Some(close) if close > 0 => &inner[..close],
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_slots() {
        // reference/servers.md section 4.1.
        for (key, expected) in [
            ("123456789", 12_739),
            ("", 0),
            ("foo", 12_182),
            ("bar", 5_061),
            ("hello", 866),
            ("a", 15_495),
            ("somekey", 11_058),
            ("key", 12_539),
            ("{user1000}.following", 3_443),
            ("user1000", 3_443),
            ("foo{}{bar}", 8_363),
            ("foo{{bar}}zap", 4_015),
            ("foo{bar}{zap}", 5_061),
        ] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
    }
}
