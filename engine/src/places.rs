//! Places in a list that are used again.

/// Puts an item into a place that is free, or a new one at the end; returns its number.
pub(crate) fn put<T>(items: &mut Vec<T>, free: &mut Vec<u32>, item: T) -> u32 {
    let place = free.pop();
    match place.and_then(|place| items.get_mut(place as usize)) {
        Some(old) => *old = item,
        None => items.push(item),
    }
    place.unwrap_or(items.len() as u32 - 1)
}
