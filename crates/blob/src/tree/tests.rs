#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::FileSize;

use super::*;
use crate::PIECE_BYTES;

fn file(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at / 7 + at / 4096) as u8).collect()
}

fn tree_of(file: &[u8]) -> Tree {
    let layout = Layout::new(FileSize::new(file.len() as u64).unwrap());
    let mut tree = TreeBuilder::new(layout);
    if file.is_empty() {
        tree.push(&[]);
    }
    file.chunks(PIECE_BYTES).for_each(|piece| tree.push(piece));
    tree.finish().unwrap()
}

#[test]
fn the_root_is_the_hash_of_the_file() {
    for pieces in [0, 1, 2, 3, 4, 5, 7, 8, 9, 13] {
        for more in [0, 1, 1024, PIECE_BYTES - 1] {
            let file = file(pieces * PIECE_BYTES + more);
            assert_eq!(tree_of(&file).root(), *blake3::hash(&file).as_bytes(), "{pieces} pieces and {more} bytes");
        }
    }
}

#[test]
fn each_piece_is_proved_alone() {
    let file = file(5 * PIECE_BYTES + 9);
    let tree = tree_of(&file);
    for (index, piece) in file.chunks(PIECE_BYTES).enumerate() {
        let index = index as u32;
        assert!(tree.proves(index, piece));
        assert!(!tree.proves(index + 1, piece), "at another place it is another piece");
        let mut lie = piece.to_vec();
        *lie.last_mut().unwrap() ^= 1;
        assert!(!tree.proves(index, &lie));
        assert!(!tree.proves(index, &piece[1..]));
    }
    assert!(!tree.proves(u32::MAX, &[]));
}

#[test]
fn a_tree_is_read_back_and_a_lie_in_it_is_found() {
    let tree = tree_of(&file(3 * PIECE_BYTES));
    let bytes = tree.to_bytes();
    assert_eq!(Tree::parse(tree.layout(), &bytes, &tree.root()), Ok(tree.clone()));
    for at in [0, 40, bytes.len() - 1] {
        let mut lie = bytes.clone();
        lie[at] ^= 1;
        assert_eq!(Tree::parse(tree.layout(), &lie, &tree.root()), Err(TreeError::Root));
    }
    assert_eq!(Tree::parse(tree.layout(), &bytes[1..], &tree.root()), Err(TreeError::Size));
    assert_eq!(Tree::parse(tree.layout(), &[], &tree.root()), Err(TreeError::Size));
}

#[test]
fn a_file_that_grew_or_shrank_is_noticed() {
    let layout = Layout::new(FileSize::new(PIECE_BYTES as u64 + 1).unwrap());
    let whole = file(PIECE_BYTES);
    for pieces in
        [vec![&whole[..]], vec![&whole, &whole[..2]], vec![&whole, &whole[..1], &[]], vec![&whole[1..], &whole[..1]]]
    {
        let mut tree = TreeBuilder::new(layout);
        pieces.into_iter().for_each(|piece| tree.push(piece));
        assert_eq!(tree.finish(), Err(TreeError::Size));
    }
}
