#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;

use super::{Bytes, List, TooMany};

/// Small enough to be overrun.
type Two = List<u16, 2>;

#[test]
fn a_list_holds_up_to_its_limit() {
    let mut list = Two::new();
    list.push(1).unwrap();
    list.push(2).unwrap();
    assert_eq!(list.push(3), Err(TooMany { limit: 2, found: 3 }));
    assert_eq!(&*list, [1, 2]);
    assert_eq!(Two::try_from(vec![1, 2, 3]), Err(TooMany { limit: 2, found: 3 }));
    assert_eq!(list.iter().sum::<u16>(), 3);
}

#[test]
fn a_list_is_made_of_another() {
    let list = List::<u16, 3>::try_from(vec![1, 2, 3]).unwrap();
    let halves = |item: &u16| if item.is_multiple_of(2) { Ok(Some(item / 2)) } else { Ok::<_, TooMany>(None) };
    assert_eq!(list.try_filter_map(halves), Ok(List::one(1)));
    let error = TooMany { limit: 0, found: 1 };
    assert_eq!(list.try_filter_map(|&item| if item < 3 { Ok(Some(item)) } else { Err(error) }), Err(error));
}

#[test]
fn a_list_is_written_as_a_vector_is() {
    let list = Two::try_from(vec![7, 300]).unwrap();
    assert_eq!(postcard::to_allocvec(&list).unwrap(), postcard::to_allocvec(&vec![7u16, 300]).unwrap());
}

#[test]
fn a_longer_list_is_not_read() {
    let wire = postcard::to_allocvec(&vec![1u16, 2, 3]).unwrap();
    assert!(postcard::from_bytes::<Two>(&wire).is_err());
    assert!(postcard::from_bytes::<List<u16, 3>>(&wire).is_ok());
}

#[test]
fn a_huge_announced_length_costs_nothing() {
    // A varint of 2^60, then nothing. Reserving that much would abort the test.
    let wire = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
    assert!(postcard::from_bytes::<List<u64, 16>>(&wire).is_err());
    assert!(postcard::from_bytes::<List<u64, { usize::MAX }>>(&wire).is_err());
    assert!(postcard::from_bytes::<Bytes<{ usize::MAX }>>(&wire).is_err());
}

#[test]
fn bytes_hold_up_to_their_limit_and_are_never_shown() {
    let wire = postcard::to_allocvec(&Bytes::<4>::try_from(vec![0xAA; 4]).unwrap()).unwrap();
    assert_eq!(wire, [4, 0xAA, 0xAA, 0xAA, 0xAA]);
    assert!(postcard::from_bytes::<Bytes<3>>(&wire).is_err());
    let back: Bytes<4> = postcard::from_bytes(&wire).unwrap();
    assert_eq!(&*back, [0xAA; 4]);
    assert_eq!(format!("{back:?}"), "Bytes(4 of at most 4)");
    assert_eq!(Bytes::<3>::try_from(vec![0; 4]), Err(TooMany { limit: 3, found: 4 }));
}

proptest! {
    #[test]
    fn whatever_is_read_is_within_the_limit(wire: Vec<u8>) {
        if let Ok(list) = postcard::from_bytes::<List<u8, 5>>(&wire) {
            prop_assert!(list.len() <= 5);
        }
        if let Ok(bytes) = postcard::from_bytes::<Bytes<5>>(&wire) {
            prop_assert!(bytes.len() <= 5);
        }
    }
}
