//! Places in a list that are used again.

/// Puts an item into a place that is free, or a new one at the end; returns its number.
pub(crate) fn put<T>(items: &mut Vec<T>, free: &mut Vec<u32>, item: T) -> u32 {
    if let Some(place) = free.pop()
        && let Some(old) = items.get_mut(place as usize)
    {
        *old = item;
        return place;
    }
    items.push(item);
    items.len() as u32 - 1
}
