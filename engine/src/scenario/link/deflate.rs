//! Writes raw deflate (RFC 1951) in one block with the fixed codes of its section 3.2.6.
//!
//! Links are a few hundred bytes: the tables of codes of their own, which a block can bring along, would take more than
//! they save, and an encoder that weighs both would be the larger part of what a page loads for links.

/// How far back repetitions are looked for. The form allows 32,768; links end long before this.
const WINDOW: usize = 4_096;
/// Shortest and longest repetition that the form knows.
const REPEATED: (usize, usize) = (3, 258);

/// The bytes in raw deflate.
pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, of fixed codes.
    bits.put(1, 1);
    bits.put(1, 2);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let (length, distance) = longest(bytes, at);
        if length < REPEATED.0 {
            bits.symbol(u32::from(*byte));
            at += 1;
        } else {
            bits.length(length as u32);
            bits.distance(distance as u32);
            at += length;
        }
    }
    bits.symbol(256);
    // The rest of the last byte.
    bits.put(0, 7);
    bits.bytes
}

/// The longest repetition of something before, nearest first, and how far back it begins.
fn longest(bytes: &[u8], at: usize) -> (usize, usize) {
    let mut best = (0, 0);
    for distance in 1..=at.min(WINDOW) {
        let before = bytes.iter().skip(at - distance);
        let pairs = before.zip(bytes.iter().skip(at)).take(REPEATED.1);
        let length = pairs.take_while(|(a, b)| a == b).count();
        if length > best.0 {
            best = (length, distance);
        }
        if length == REPEATED.1 {
            break;
        }
    }
    best
}

/// Bits from the lowest of each byte on.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    /// A number of so many bits, lowest first.
    fn put(&mut self, value: u32, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// A code of so many bits, highest first.
    fn code(&mut self, value: u32, count: u32) {
        self.put(value.reverse_bits() >> (32 - count), count);
    }

    /// A literal, the end (256), or the first part of a length.
    fn symbol(&mut self, symbol: u32) {
        match symbol {
            0..144 => self.code(0x30 + symbol, 8),
            144..256 => self.code(0x190 + symbol - 144, 9),
            256..280 => self.code(symbol - 256, 7),
            _ => self.code(0xC0 + symbol - 280, 8),
        }
    }

    fn length(&mut self, length: u32) {
        let over = length - 3;
        if length == 258 {
            self.symbol(285);
        } else if over < 8 {
            self.symbol(257 + over);
        } else {
            let extra = over.ilog2() - 2;
            self.symbol(257 + 4 * extra + (over >> extra));
            self.put(over & ((1 << extra) - 1), extra);
        }
    }

    fn distance(&mut self, distance: u32) {
        let over = distance - 1;
        if over < 4 {
            self.code(over, 5);
        } else {
            let extra = over.ilog2() - 1;
            self.code(2 * extra + (over >> extra), 5);
            self.put(over & ((1 << extra) - 1), extra);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::inflate::decompress_to_vec;

    #[test]
    fn what_is_deflated_inflates_to_the_same() {
        // Every length and every distance that is looked for, bytes of all codes, and nothing at all.
        let mut stream = 1_u32;
        let mut random = move || {
            stream = stream.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (stream >> 24) as u8
        };
        let noise: Vec<u8> = (0..WINDOW + 300).map(|_| random()).collect();
        let mut texts: Vec<Vec<u8>> = vec![Vec::new(), vec![7], vec![0; 1_000], (0..=255).collect()];
        for length in 3..=270 {
            texts.push([&noise[..300], &noise[..length]].concat());
        }
        for distance in [300, 1_000, 2_049, WINDOW - 20, WINDOW, WINDOW + 1] {
            texts.push([&noise[..distance], &noise[..20]].concat());
        }
        for text in texts {
            assert_eq!(decompress_to_vec(&deflate(&text)).unwrap(), text);
        }
    }

    #[test]
    fn repetitions_take_no_room() {
        assert!(deflate(&[b'a'; 1_000]).len() < 12);
        assert!(deflate(&b"objects".repeat(20)).len() < 16);
    }
}
