//! Items and the queues of their classes.

use super::slabs::CLASSES;
use crate::store::Cause;

/// No item.
pub(super) const NONE: u32 = u32::MAX;
/// Never expires, in seconds.
pub(super) const NEVER: u32 = u32::MAX;

/// A queue of a class. Flat LRU knows `Cold` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// Where items enter.
    Hot = 0,
    /// Items that were used again.
    Warm = 1,
    /// Items that are evicted next.
    Cold = 2,
}

impl Queue {
    pub(super) const ALL: [Self; 3] = [Self::Hot, Self::Warm, Self::Cold];
}

/// Whether an item is in a slot of what expires when, and which comes next there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// It is in none.
    No,
    /// It is the last of its slot.
    Last,
    /// This key comes next.
    Before(u32),
}

/// Read once since it was stored.
pub(super) const FETCHED: u8 = 1 << 2;
/// Read twice since it was stored, or again since it last moved because of that.
pub(super) const ACTIVE: u8 = 1 << 3;
/// The last chunk of a large item is one of the largest class, because none was left of the fitting one.
pub(super) const FULL_LAST: u8 = 1 << 4;
/// Resident.
const LINKED: u8 = 1 << 5;
/// The lower two bits number the queue.
const QUEUE: u8 = 0b11;

/// What is kept of one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// Neighbour towards the front of the queue.
    newer: u32,
    /// Neighbour towards the tail.
    older: u32,
    /// Second of the last use that counted.
    pub(super) time: u32,
    /// Second in which it expires; [`NEVER`] without TTL.
    pub(super) expires: u32,
    /// Bytes of the item (`ntotal`).
    pub(super) bytes: u32,
    /// Keys that it stands for.
    pub(super) keys: u32,
    /// Length of the key's name.
    pub(super) key_bytes: u16,
    /// Class whose queues it is in.
    pub(super) class: u8,
    /// Queue, and what is marked.
    state: u8,
    /// What became of it last.
    pub(super) fate: Cause,
    /// Its place among what expires; kept when the item goes.
    pub(super) listed: Listed,
}

const ABSENT: Item = Item {
    newer: NONE,
    older: NONE,
    time: 0,
    expires: NEVER,
    bytes: 0,
    keys: 0,
    key_bytes: 0,
    class: 0,
    state: 0,
    fate: Cause::Cold,
    listed: Listed::No,
};

impl Item {
    /// An item to store.
    pub(super) fn new(class: usize, bytes: u64, key_bytes: u32, keys: u32, expires: u32, now: u32) -> Self {
        Self {
            time: now,
            expires,
            bytes: bytes as u32,
            keys,
            key_bytes: key_bytes as u16,
            class: class as u8,
            ..ABSENT
        }
    }

    pub(super) fn resident(&self) -> bool {
        self.state & LINKED != 0
    }

    pub(super) fn has(&self, mark: u8) -> bool {
        self.state & mark != 0
    }

    pub(super) fn mark(&mut self, mark: u8) {
        self.state |= mark;
    }

    pub(super) fn unmark(&mut self, mark: u8) {
        self.state &= !mark;
    }

    pub(super) fn queue(&self) -> Queue {
        match self.state & QUEUE {
            0 => Queue::Hot,
            1 => Queue::Warm,
            _ => Queue::Cold,
        }
    }

    fn list(&self) -> usize {
        list(usize::from(self.class), self.queue())
    }

    /// Bytes of all keys that it stands for.
    fn weight(&self) -> u64 {
        u64::from(self.bytes) * u64::from(self.keys)
    }
}

/// What a queue holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    /// The item that came last.
    pub(super) head: u32,
    /// The item that came first.
    pub(super) tail: u32,
    /// Items, sampled keys counted once.
    pub(super) items: u32,
    /// Keys.
    pub(super) keys: u64,
    /// Bytes of them all (`sizes_bytes`).
    pub(super) bytes: u64,
}

const EMPTY: List = List {
    head: NONE,
    tail: NONE,
    items: 0,
    keys: 0,
    bytes: 0,
};

fn list(class: usize, queue: Queue) -> usize {
    class * Queue::ALL.len() + queue as usize
}

/// All items by key, and the queues of all classes through them.
#[derive(Clone, Debug)]
pub(super) struct Items {
    items: Vec<Item>,
    lists: Vec<List>,
}

impl Items {
    /// No resident item; keys are numbered below `keys`.
    pub(super) fn new(keys: u32) -> Self {
        Self {
            items: vec![ABSENT; keys as usize],
            lists: vec![EMPTY; CLASSES * Queue::ALL.len()],
        }
    }

    /// Keys that are numbered.
    pub(super) fn len(&self) -> u32 {
        self.items.len() as u32
    }

    /// Numbers keys up to this one.
    pub(super) fn reach(&mut self, key: u32) {
        if key as usize >= self.items.len() {
            self.items.resize(key as usize + 1, ABSENT);
        }
    }

    /// What is kept of a key.
    pub(super) fn item(&self, key: u32) -> Item {
        self.items.get(key as usize).copied().unwrap_or(ABSENT)
    }

    /// The same to change, when the key is resident.
    pub(super) fn resident(&mut self, key: u32) -> Option<&mut Item> {
        self.items.get_mut(key as usize).filter(|item| item.resident())
    }

    /// Changes a key's place among what expires.
    pub(super) fn set_listed(&mut self, key: u32, listed: Listed) {
        if let Some(item) = self.items.get_mut(key as usize) {
            item.listed = listed;
        }
    }

    /// The next item towards the front.
    pub(super) fn newer(&self, key: u32) -> u32 {
        self.items.get(key as usize).map_or(NONE, |item| item.newer)
    }

    /// A queue.
    pub(super) fn list(&self, class: usize, queue: Queue) -> List {
        self.lists.get(list(class, queue)).copied().unwrap_or(EMPTY)
    }

    /// Age of the queue's oldest item in seconds; 0 when it is empty.
    pub(super) fn tail_age(&self, class: usize, queue: Queue, now: u32) -> u32 {
        match self.list(class, queue).tail {
            NONE => 0,
            tail => now.saturating_sub(self.item(tail).time),
        }
    }

    /// Puts an item, whose key is not resident, at the front of a queue of its class.
    pub(super) fn insert(&mut self, key: u32, mut item: Item, queue: Queue) {
        item.state = item.state & !QUEUE | queue as u8 | LINKED;
        let Some(list) = self.lists.get_mut(item.list()) else {
            return;
        };
        item.newer = NONE;
        item.older = list.head;
        list.head = key;
        if list.tail == NONE {
            list.tail = key;
        }
        list.items += 1;
        list.keys += u64::from(item.keys);
        list.bytes += item.weight();
        if let Some(second) = self.items.get_mut(item.older as usize) {
            second.newer = key;
        }
        if let Some(slot) = self.items.get_mut(key as usize) {
            item.listed = slot.listed;
            *slot = item;
        }
    }

    /// Takes a resident item out of its queue and returns it; its key is then not resident.
    pub(super) fn remove(&mut self, key: u32, fate: Cause) -> Option<Item> {
        let slot = self.resident(key)?;
        let listed = slot.listed;
        let gone = Item {
            fate,
            listed,
            ..ABSENT
        };
        let item = core::mem::replace(slot, gone);
        let list = self.lists.get_mut(item.list())?;
        if list.head == key {
            list.head = item.older;
        }
        if list.tail == key {
            list.tail = item.newer;
        }
        list.items -= 1;
        list.keys -= u64::from(item.keys);
        list.bytes -= item.weight();
        if let Some(newer) = self.items.get_mut(item.newer as usize) {
            newer.older = item.older;
        }
        if let Some(older) = self.items.get_mut(item.older as usize) {
            older.newer = item.newer;
        }
        Some(item)
    }

    /// Moves a resident item to the front of a queue of its class.
    pub(super) fn promote(&mut self, key: u32, queue: Queue) {
        if let Some(item) = self.remove(key, Cause::Cold) {
            self.insert(key, item, queue);
        }
    }
}
