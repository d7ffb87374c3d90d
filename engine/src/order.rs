//! Sorting that is compiled once: the standard library's is compiled anew, to some 7 KB, for every kind of item, which is
//! most of what a worker that is sent to browsers would hold of it.

/// Sorts by a whole number; items of the same stay in the order in which they are.
pub(crate) fn sort_by<T>(items: &mut Vec<T>, number: impl Fn(&T) -> u64) {
    let mut order: Vec<(u64, usize)> = items.iter().map(number).zip(0..).collect();
    sort(&mut order);
    let mut unsorted: Vec<Option<T>> = core::mem::take(items).into_iter().map(Some).collect();
    items.extend(
        order
            .into_iter()
            .filter_map(|(_, at)| unsorted.get_mut(at)?.take()),
    );
}

#[inline(never)]
fn sort(order: &mut [(u64, usize)]) {
    order.sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_by_their_numbers_and_equal_ones_as_they_were() {
        let mut items = vec![(3, 'a'), (1, 'b'), (u64::MAX, 'c'), (1, 'd'), (0, 'e'), (3, 'f')];
        let mut expected = items.clone();
        expected.sort_by_key(|(number, _)| *number);
        sort_by(&mut items, |(number, _)| *number);
        assert_eq!(items, expected);
    }
}
