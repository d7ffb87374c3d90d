//! How clients of Memcached divide keys among nodes, which do not know each other (`reference/servers.md` section 6.6).

use crate::order::sort_by;
use md5::{Digest as _, Md5};

/// Digests per node; each gives four points.
const DIGESTS: u16 = 40;

/// The ring of ketama: 160 points for each node, of equal weight.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Points in ascending order, each with its node.
    points: Vec<(u32, u16)>,
}

impl Ring {
    /// The ring of nodes that are called `cache-0:11211`, `cache-1:11211` and so on. Their names decide how evenly the
    /// ring is divided: the largest part of n real nodes differs from that of these by a few per cent.
    pub fn new(nodes: u16) -> Self {
        let mut points: Vec<(u32, u16)> = (0..nodes)
            .flat_map(|node| (0..DIGESTS).map(move |digest| (node, digest)))
            .flat_map(|(node, digest)| {
                let name = format!("cache-{node}:11211-{digest}");
                words(name.as_bytes()).map(|point| (point, node))
            })
            .collect();
        sort_by(&mut points, |(point, node)| {
            u64::from(*point) << 16 | u64::from(*node)
        });
        Self { points }
    }

    /// The node of keys with this [hash]: that of the first point at or past it, around the ring.
    pub fn node_at(&self, hash: u32) -> u16 {
        let at = self.points.partition_point(|(point, _)| *point < hash);
        let point = self.points.get(at).or(self.points.first());
        point.map_or(0, |(_, node)| *node)
    }
}

/// The hash of a name: the first word of its digest.
pub fn hash(name: &[u8]) -> u32 {
    let [hash, ..] = words(name);
    hash
}

/// The four little-endian words of a text's MD5.
fn words(text: &[u8]) -> [u32; 4] {
    let digest: [u8; 16] = Md5::digest(text).into();
    let number = u128::from_le_bytes(digest);
    [0, 32, 64, 96].map(|shift| (number >> shift) as u32)
}

/// Bit by bit: keys are placed once, and a table would be a kilobyte to download.
const CRC: crc::Crc<u32, crc::NoTable> = crc::Crc::<u32, crc::NoTable>::new(&crc::CRC_32_ISO_HDLC);

/// Hashes that [`modulo_hash`] may give: up to this, itself left out.
pub const MODULO_HASHES: u32 = 0x8000;

/// The hash of clients that take it modulo the number of nodes: bits 16 to 30 of the name's CRC-32, or 1 when they are
/// zero, as in Cache::Memcached and python-memcached (`cmemcache_hash`).
pub fn modulo_hash(name: &[u8]) -> u32 {
    ((CRC.checksum(name) >> 16) & (MODULO_HASHES - 1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_and_hashes_are_the_published_ones() {
        // RFC 1321: MD5("abc") = 900150983cd24fb0d6963f7d28e17f72.
        assert_eq!(
            words(b"abc"),
            [0x9850_0190, 0xb04f_d23c, 0x7d3f_96d6, 0x727f_e128]
        );
        // CRC-32("123456789") = cbf43926.
        assert_eq!(modulo_hash(b"123456789"), 0x4bf4);
    }

    /// Largest part of the keys that a node has, relative to the mean.
    fn largest(nodes: u16) -> f64 {
        let ring = Ring::new(nodes);
        assert_eq!(ring.points.len(), usize::from(nodes) * 160);
        let mut held = vec![0u32; nodes.into()];
        for number in 0..100_000 {
            held[usize::from(ring.node_at(hash(format!("key:{number}").as_bytes())))] += 1;
        }
        f64::from(*held.iter().max().unwrap()) * f64::from(nodes) / 100_000.0
    }

    #[test]
    fn parts_are_as_uneven_as_160_points_make_them() {
        // servers.md section 6.6: mean of the largest part 1.07 of 3 nodes, 1.13 of 10, 1.19 of 50; 95 % below 1.26.
        for (nodes, mean) in [(3, 1.07), (10, 1.13), (50, 1.19)] {
            let largest = largest(nodes);
            assert!((largest - mean).abs() < 0.1, "{nodes} nodes: {largest}");
        }
    }

    #[test]
    fn a_lost_node_moves_its_own_keys_only() {
        let (before, after) = (Ring::new(10), Ring::new(9));
        for number in 0..10_000 {
            let name = format!("key:{number}");
            let node = before.node_at(hash(name.as_bytes()));
            assert!(node == 9 || after.node_at(hash(name.as_bytes())) == node);
        }
    }
}
