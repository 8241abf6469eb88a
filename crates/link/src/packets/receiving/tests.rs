#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;
use crate::framing;

fn stream(frames: &[Vec<u8>]) -> Vec<u8> {
    frames.iter().flat_map(|f| [&framing::prefix(false, f.len())[..], f].concat()).collect()
}

#[test]
fn credit_is_granted_in_steps_and_its_excess_refused() {
    let mut receiving = Receiving::default();
    let frame = vec![1; CREDIT_STEP - PREFIX_BYTES];
    let bytes = stream(&[frame.clone(), vec![2]]);
    assert_eq!(receiving.accept(Class::Bulk, 0, &bytes), Ok(true));
    assert_eq!(receiving.due_grant(), None, "not before it is polled");
    assert_eq!(receiving.pop().unwrap().bytes, frame);
    assert_eq!(receiving.due_grant(), Some((CREDIT_BYTES + CREDIT_STEP) as u64));

    let beyond = (CREDIT_BYTES - 1) as u64;
    let refused = Err(LinkError::CreditIgnored { class: Class::Bulk });
    assert_eq!(receiving.accept(Class::Bulk, beyond, &[0; 2]), refused, "not before it is told");
    receiving.on_granted();
    assert_eq!(receiving.accept(Class::Bulk, beyond, &[0; 2]), Ok(true));
    assert_eq!(receiving.due_grant(), None);
    receiving.on_grant_lost();
    assert!(receiving.due_grant().is_some());
    assert_eq!(receiving.accept(Class::Bulk, u64::MAX, &[0; 2]), refused);
}

#[test]
fn memory_is_bounded_by_credit_and_runs() {
    let mut receiving = Receiving::default();
    let mut refused = 0;
    for offset in (10..CREDIT_BYTES as u64).step_by(7) {
        refused += usize::from(!receiving.accept(Class::Bulk, offset, &[1]).unwrap());
    }
    assert!(refused > 0);
    assert_eq!(receiving.runs.len(), RUNS);
    assert!(receiving.ahead.len() <= CREDIT_BYTES);
    assert_eq!(receiving.accept(Class::Bulk, 11, &[1; 30]), Ok(true), "what closes gaps is welcome");
    assert!(receiving.runs.len() < RUNS);
}

#[test]
fn a_frame_longer_than_allowed_is_refused() {
    let mut receiving = Receiving::default();
    let found = lamplit_types::limits::FRAME_BYTES + 1;
    let refused = receiving.accept(Class::Message, 0, &framing::prefix(false, found));
    assert_eq!(refused, Err(LinkError::FrameLength { found }));
}

proptest! {
    #[test]
    fn any_cut_and_order_gives_the_frames(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 1..6),
        pieces in prop::collection::vec((any::<prop::sample::Index>(), 1usize..50), 0..60),
    ) {
        let bytes = stream(&frames);
        let pieces = pieces.into_iter().map(|(start, len)| {
            let start = start.index(bytes.len());
            (start, (start + len).min(bytes.len()))
        });
        let mut receiving = Receiving::default();
        let mut found = Vec::new();
        for (start, end) in pieces.chain([(0, bytes.len())]) {
            prop_assert_eq!(receiving.accept(Class::Bulk, start as u64, &bytes[start..end]), Ok(true));
            found.extend(std::iter::from_fn(|| receiving.pop()).map(|unit| unit.bytes));
        }
        prop_assert_eq!(found, frames);
        prop_assert!(receiving.runs.is_empty() && receiving.ahead.is_empty());
    }
}
