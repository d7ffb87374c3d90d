//! stub
use super::{Access, KeyId, Policy, Setup};
/// stub
pub struct Lru;
impl Policy for Lru {
    fn new(_: Setup) -> Self {
        Self
    }
    fn touch(&mut self, _: Access) -> bool {
        false
    }
    fn insert(&mut self, _: Access) {}
    fn evict(&mut self, _: Access) -> Option<KeyId> {
        None
    }
    fn remove(&mut self, _: KeyId) -> bool {
        false
    }
    fn contains(&self, _: KeyId) -> bool {
        false
    }
    fn len(&self) -> usize {
        0
    }
}
