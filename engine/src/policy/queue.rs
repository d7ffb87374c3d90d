//! Queues of keys: doubly linked rings whose nodes lie in one array.
//!
//! Only keys that are resident, or that a policy remembers, have a node, so that the nodes stay in the processor's
//! cache when the keys of a trace do not. A node's number is its *place*. The first `QUEUES` places are the rings'
//! own: each stands between back and front of its queue and holds no key.

use super::KeyId;

/// Ends the list of free nodes: a ring's place, which is never free.
const NONE: u32 = 0;

/// The array grows by one part in so many, and not beyond what is expected: memory for no more than an eighth of the
/// keys lies idle, and none where as many keys as expected have a node.
const GROWTH: usize = 8;

#[derive(Clone, Copy, Debug)]
struct Node<T> {
    /// The node nearer to the front.
    newer: u32,
    /// The node nearer to the back; of a free node, the next free one.
    older: u32,
    key: KeyId,
    data: T,
}

/// By how much a full array of `len` elements grows where so many are expected.
pub(super) fn growth(len: usize, expected: usize) -> usize {
    let more = len / GROWTH + GROWTH;
    match expected.checked_sub(len) {
        None | Some(0) => more,
        Some(missing) => more.min(missing),
    }
}

/// `QUEUES` queues, and `T` with each key.
#[derive(Clone, Debug)]
pub(super) struct Queues<T, const QUEUES: usize> {
    nodes: Vec<Node<T>>,
    free: u32,
    /// Nodes to expect, the rings' own among them.
    expected: usize,
}

impl<T: Copy + Default, const QUEUES: usize> Queues<T, QUEUES> {
    /// Empty queues for so many keys, and more if need be.
    pub(super) fn new(keys: u64) -> Self {
        let ring = |ring| Node {
            newer: ring,
            older: ring,
            key: 0,
            data: T::default(),
        };
        Self {
            nodes: (0..QUEUES as u32).map(ring).collect(),
            free: NONE,
            expected: usize::try_from(keys).unwrap_or(usize::MAX).saturating_add(QUEUES),
        }
    }

    /// Puts a key at the front of a queue and returns its place.
    #[inline(always)]
    pub(super) fn push_front(&mut self, queue: usize, key: KeyId, data: T) -> u32 {
        let place = self.take_free();
        let node = &mut self.nodes[place as usize];
        (node.key, node.data) = (key, data);
        self.link(queue as u32, place);
        place
    }

    /// Puts a key next to another, on the newer side, and returns its place. A queue's number as the other's place
    /// puts it at the back.
    #[inline(always)]
    pub(super) fn push_before(&mut self, older: u32, key: KeyId, data: T) -> u32 {
        let place = self.take_free();
        let node = &mut self.nodes[place as usize];
        (node.key, node.data) = (key, data);
        self.link_between(self.nodes[older as usize].newer, place, older);
        place
    }

    /// Moves a node to the front of a queue, its own or another.
    #[inline(always)]
    pub(super) fn move_front(&mut self, queue: usize, place: u32) {
        self.unlink(place);
        self.link(queue as u32, place);
    }

    /// Moves a node next to another, on the newer side.
    #[inline(always)]
    pub(super) fn move_before(&mut self, older: u32, place: u32) {
        self.unlink(place);
        self.link_between(self.nodes[older as usize].newer, place, older);
    }

    /// Takes a node out of its queue and frees its place.
    #[inline(always)]
    pub(super) fn remove(&mut self, place: u32) {
        self.unlink(place);
        self.release(place);
    }

    /// The place at the back of a queue.
    #[inline(always)]
    pub(super) fn back(&self, queue: usize) -> Option<u32> {
        self.newer(queue as u32)
    }

    /// The place at the front of a queue.
    #[inline(always)]
    pub(super) fn front(&self, queue: usize) -> Option<u32> {
        let place = self.nodes[queue].older;
        (place >= QUEUES as u32).then_some(place)
    }

    /// The next place towards the front.
    #[inline(always)]
    pub(super) fn newer(&self, place: u32) -> Option<u32> {
        let place = self.nodes[place as usize].newer;
        (place >= QUEUES as u32).then_some(place)
    }

    /// The next place towards the back.
    #[inline(always)]
    pub(super) fn older(&self, place: u32) -> Option<u32> {
        let place = self.nodes[place as usize].older;
        (place >= QUEUES as u32).then_some(place)
    }

    /// The key at a place.
    #[inline(always)]
    pub(super) fn key(&self, place: u32) -> KeyId {
        self.nodes[place as usize].key
    }

    /// What is kept with the key at a place.
    #[inline(always)]
    pub(super) fn data(&self, place: u32) -> T {
        self.nodes[place as usize].data
    }

    /// What is kept with the key at a place, to change it.
    #[inline(always)]
    pub(super) fn data_mut(&mut self, place: u32) -> &mut T {
        &mut self.nodes[place as usize].data
    }

    #[inline(always)]
    fn unlink(&mut self, place: u32) {
        let Node { newer, older, .. } = self.nodes[place as usize];
        self.nodes[newer as usize].older = older;
        self.nodes[older as usize].newer = newer;
    }

    #[inline(always)]
    fn link(&mut self, ring: u32, place: u32) {
        self.link_between(ring, place, self.nodes[ring as usize].older);
    }

    #[inline(always)]
    fn link_between(&mut self, newer: u32, place: u32, older: u32) {
        let node = &mut self.nodes[place as usize];
        (node.newer, node.older) = (newer, older);
        self.nodes[older as usize].newer = place;
        self.nodes[newer as usize].older = place;
    }

    #[inline(always)]
    fn take_free(&mut self) -> u32 {
        if self.free == NONE {
            self.add_node();
        }
        let place = self.free;
        self.free = self.nodes[place as usize].older;
        place
    }

    /// Adds a node to the free ones.
    #[cold]
    fn add_node(&mut self) {
        if self.nodes.len() == self.nodes.capacity() {
            self.nodes.reserve_exact(growth(self.nodes.len(), self.expected));
        }
        let place = self.nodes.len() as u32;
        self.nodes.push(Node {
            newer: NONE,
            older: self.free,
            key: 0,
            data: T::default(),
        });
        self.free = place;
    }

    /// Takes an unlinked node out of use.
    #[inline(always)]
    fn release(&mut self, place: u32) {
        self.nodes[place as usize].older = self.free;
        self.free = place;
    }
}
