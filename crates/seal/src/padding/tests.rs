#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::*;

#[test]
fn a_short_text_has_one_size_and_a_text_of_200_bytes_is_small() {
    for len in 0..64 {
        assert_eq!(pad(&vec![b'x'; len]).unwrap().len(), 64);
    }
    assert_eq!(pad(&[b'x'; 64]).unwrap().len(), 96);
    assert_eq!(pad(&[b'x'; 200 + 48]).unwrap().len(), 256);
}

/// The steps that PADMÉ's definition gives, worked out by hand.
#[test]
fn long_content_is_padded_as_padme_says() {
    assert_eq!(padme_step(9), 2);
    for (needed, padded) in [(1024, 1024), (1025, 1088), (2049, 2176), (4097, 4352), (16_385, 17_408)] {
        assert_eq!(pad(&vec![1; needed - 1]).unwrap().len(), padded);
    }
}

#[test]
fn padding_costs_little_and_leaves_few_sizes() {
    let mut sizes = Vec::new();
    for len in 0..PADDED_BYTES {
        let padded = padded_len(len);
        assert!(padded > len && padded <= PADDED_BYTES);
        assert!(len < 1024 || (padded - len) * 100 <= len * 12);
        assert!(sizes.last().is_none_or(|&last| last <= padded));
        sizes.push(padded);
    }
    sizes.dedup();
    assert_eq!(sizes.last(), Some(&PADDED_BYTES));
    assert!(sizes.len() < 128, "{} sizes tell more than 7 bits", sizes.len());
}

#[test]
fn content_that_does_not_fit_is_refused() {
    assert_eq!(pad(&vec![0; PADDED_BYTES - 1]).unwrap().len(), PADDED_BYTES);
    assert_eq!(pad(&vec![0; PADDED_BYTES]), Err(TooLong { found: PADDED_BYTES, max: PADDED_BYTES - 1 }));
}

#[test]
fn what_pad_did_not_make_is_refused() {
    assert_eq!(unpad(b""), Err(PaddingError::Marker));
    assert_eq!(unpad(&[0; 64]), Err(PaddingError::Marker));
    assert_eq!(unpad(&[b'x'; 64]), Err(PaddingError::Marker));
    // Right but for its size: a zero too many or too few, or a whole step.
    let good = pad(b"hello").unwrap();
    assert_eq!(unpad(&good), Ok(b"hello".as_slice()));
    for size in [6, 63, 65, 96] {
        assert_eq!(unpad(&fill(b"hello", size)), Err(PaddingError::Size { found: size }));
    }
    let huge = fill(&vec![1; PADDED_BYTES], padded_len(PADDED_BYTES));
    assert_eq!(unpad(&huge), Err(PaddingError::Size { found: huge.len() }));
}

proptest! {
    #[test]
    fn unpad_gives_back_what_was_padded(content in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let padded = pad(&content).unwrap();
        prop_assert_eq!(unpad(&padded), Ok(content.as_slice()));
    }

    #[test]
    fn content_that_looks_like_padding_survives(len in 0_usize..300, zeros in 0_usize..300) {
        let content = [vec![0x80; len], vec![0; zeros], vec![0x80]].concat();
        let padded = pad(&content).unwrap();
        prop_assert_eq!(unpad(&padded), Ok(content.as_slice()));
    }

    #[test]
    fn whatever_unpads_is_what_pad_makes(bytes in proptest::collection::vec(prop_oneof![Just(0), Just(0x80), any::<u8>()], 0..200)) {
        if let Ok(content) = unpad(&bytes) {
            prop_assert_eq!(pad(content).unwrap().to_vec(), bytes);
        }
    }
}
