//! Names of keys to dense numbers.

use super::TraceError;
use crate::policy::KeyId;
use crate::random::mix64;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What a trace calls a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// A number, which is cheaper to look up.
    Number(u64),
    /// Any other text.
    Text(&'a [u8]),
}

impl<'a> Name<'a> {
    /// A decimal number without leading zeros is a number, so that no two texts become one.
    pub(super) fn of(text: &'a [u8]) -> Self {
        match text {
            [b'0'] => Self::Number(0),
            [b'1'..=b'9', ..] => super::csv::number(text).map_or(Self::Text(text), Self::Number),
            _ => Self::Text(text),
        }
    }
}

/// Hashes whole words with [`mix64`]. Faster than the standard library's hash, and as even.
#[derive(Clone, Copy, Debug, Default)]
struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mix64(self.0 ^ word);
    }

    fn write_usize(&mut self, length: usize) {
        self.write_u64(length as u64);
    }
}

type Table<K> = HashMap<K, KeyId, BuildHasherDefault<WordHasher>>;

/// Numbers for the names seen so far, in order of first appearance.
#[derive(Clone, Debug)]
pub(super) struct Interner {
    numbers: Table<u64>,
    texts: Table<Box<[u8]>>,
    next: KeyId,
    limit: KeyId,
}

impl Interner {
    /// Accepts up to `limit` distinct names.
    pub(super) fn new(limit: KeyId) -> Self {
        Self {
            numbers: Table::default(),
            texts: Table::default(),
            next: 0,
            limit,
        }
    }

    /// Reads what [`number`](Self::number) will look at for a name that is a number, so that several such reads from
    /// memory overlap. What it returns depends on them and means nothing.
    pub(super) fn look_ahead(&self, name: u64) -> KeyId {
        self.numbers.get(&name).copied().unwrap_or_default()
    }

    /// The name's number, which is the number of names before it when it is new.
    pub(super) fn number(&mut self, name: Name<'_>) -> Result<KeyId, TraceError> {
        let new = self.next;
        let found = match name {
            Name::Number(number) => {
                if new == self.limit {
                    self.numbers.get(&number).copied()
                } else {
                    Some(*self.numbers.entry(number).or_insert(new))
                }
            }
            Name::Text(text) => match self.texts.get(text) {
                Some(&id) => Some(id),
                None if new == self.limit => None,
                None => {
                    self.texts.insert(text.into(), new);
                    Some(new)
                }
            },
        };
        let id = found.ok_or(TraceError::TooManyObjects { limit: self.limit })?;
        if id == new {
            self.next += 1;
        }
        Ok(id)
    }
}
