//! Buckets that are chains of single entries: `dict.c`.

/// No key.
const NONE: u32 = u32::MAX;
/// Not in the table.
const ABSENT: u32 = u32::MAX - 1;

/// Chains, linked by key.
#[derive(Clone)]
pub(super) struct Chains {
    /// First key of each bucket: the one stored last.
    heads: Vec<u32>,
    /// Key before ([`NONE`] at the head, [`ABSENT`] when not in the table) and after, in the same bucket.
    links: Vec<[u32; 2]>,
}

impl Chains {
    /// So many empty buckets for keys below `keys`.
    pub(super) fn new(buckets: usize, keys: u32) -> Self {
        Self {
            heads: vec![NONE; buckets],
            links: vec![[ABSENT; 2]; keys as usize],
        }
    }

    pub(super) fn buckets(&self) -> usize {
        self.heads.len()
    }

    pub(super) fn is_empty(&self, bucket: usize) -> bool {
        self.heads.get(bucket).is_none_or(|head| *head == NONE)
    }

    /// Puts a key that is not there at the head of a bucket.
    pub(super) fn insert(&mut self, key: u32, bucket: usize) {
        if key as usize >= self.links.len() {
            self.links.resize(key as usize + 1, [ABSENT; 2]);
        }
        let Some(head) = self.heads.get_mut(bucket) else {
            return;
        };
        let next = core::mem::replace(head, key);
        if let Some(link) = self.links.get_mut(next as usize) {
            link[0] = key;
        }
        if let Some(link) = self.links.get_mut(key as usize) {
            *link = [NONE, next];
        }
    }

    /// Takes a key out of its bucket; false when it is not there.
    pub(super) fn remove(&mut self, key: u32, bucket: usize) -> bool {
        let Some(link) = self.links.get_mut(key as usize) else {
            return false;
        };
        let [before, after] = core::mem::replace(link, [ABSENT; 2]);
        if before == ABSENT {
            return false;
        }
        if let Some(link) = self.links.get_mut(after as usize) {
            link[0] = before;
        }
        if before != NONE {
            if let Some(link) = self.links.get_mut(before as usize) {
                link[1] = after;
            }
        } else if let Some(head) = self.heads.get_mut(bucket) {
            *head = after;
        }
        true
    }

    /// The keys of a bucket from its head on.
    pub(super) fn keys(&self, bucket: usize) -> impl Iterator<Item = u32> {
        let mut next = self.heads.get(bucket).copied().unwrap_or(NONE);
        core::iter::from_fn(move || {
            let key = next;
            next = self.links.get(key as usize)?[1];
            Some(key)
        })
    }

    /// Moves every key to the bucket of a table of another size that `bucket_of` names.
    pub(super) fn resize(&mut self, buckets: usize, bucket_of: impl Fn(u32) -> usize) {
        let old = core::mem::replace(&mut self.heads, vec![NONE; buckets]);
        for head in old {
            let mut key = head;
            while let Some([_, next]) = self.links.get(key as usize).copied() {
                self.insert(key, bucket_of(key));
                key = next;
            }
        }
    }
}
