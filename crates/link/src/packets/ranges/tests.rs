#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn behaves_as_a_set(steps in prop::collection::vec((any::<bool>(), 0u64..60, 0u64..20), 1..40)) {
        let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
        for (is_insert, start, len) in steps {
            if is_insert {
                ranges.insert(start, start + len);
                set.extend(start..start + len);
            } else {
                ranges.remove(start, start + len);
                set.retain(|n| !(start..start + len).contains(n));
            }
            let listed: Vec<u64> = ranges.0.iter().flat_map(|(&a, &b)| a..b).collect();
            prop_assert_eq!(&listed, &set.iter().copied().collect::<Vec<_>>());
            let edges = set.iter().filter(|&&n| n == 0 || !set.contains(&(n - 1))).count();
            prop_assert_eq!(ranges.len(), edges, "neighbours are one range");
            prop_assert_eq!(ranges.is_empty(), set.is_empty());
            prop_assert_eq!(ranges.first().map(|(a, _)| a), set.first().copied());
            let around = start.saturating_sub(1)..=start + len;
            prop_assert_eq!(ranges.touches(start, start + len), set.iter().any(|n| around.contains(n)));
        }
    }
}

#[test]
fn takes_out_what_another_holds() {
    let (mut all, mut some) = (Ranges::default(), Ranges::default());
    all.insert(0, 100);
    some.insert(10, 20);
    some.insert(90, 120);
    all.remove_all(&some);
    assert_eq!(all.0.into_iter().collect::<Vec<_>>(), [(0, 10), (20, 90)]);
}
