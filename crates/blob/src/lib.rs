//! Files on their way: how one is cut, proved and sealed, and what two devices say to each other about it.
//!
//! A file is cut into pieces ([`Layout`]). The BLAKE3 hashes over its pieces make a [`Tree`] whose root is the plain
//! BLAKE3 hash of the file, so each piece can be judged as it comes, in any order, on any lane, after any restart.
//! Tree and pieces travel sealed under the file's own key ([`Seal`]); whoever carries them learns the size.
//!
//! On a lane, a stream of bytes beside a link's frames, one side sends an [`Ask`] and the other a [`Reply`], then the sealed tree,
//! if it was asked for, and the sealed pieces from the one asked for to the last. All lengths follow from the size,
//! which both know, so there is no length to lie about.
//!
//! ```
//! use lamplit_blob::{Layout, Part, Seal, Tree, TreeBuilder};
//! use lamplit_types::{BlobId, FileSize};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = vec![7; 300_000];
//! let layout = Layout::new(FileSize::new(file.len() as u64)?);
//! assert_eq!(layout.pieces(), 2);
//!
//! let mut tree = TreeBuilder::new(layout);
//! file.chunks(lamplit_blob::PIECE_BYTES).for_each(|piece| tree.push(piece));
//! let tree = tree.finish()?;
//! assert_eq!(tree.root(), *blake3::hash(&file).as_bytes());
//!
//! let seal = Seal::new(&[1; 32], BlobId::from_bytes([2; 16]), layout);
//! let mut piece = file[lamplit_blob::PIECE_BYTES..].to_vec();
//! seal.seal(Part::Piece(1), &mut piece)?;
//! seal.open(Part::Piece(1), &mut piece)?;
//! assert!(tree.proves(1, &piece));
//! # Ok(())
//! # }
//! ```

mod lane;
mod layout;
mod sealing;
mod tree;

pub use lane::{ASK_BYTES, Ask, AskError, Reply, ReplyError};
pub use layout::{Layout, PIECE_BYTES};
pub use sealing::{OpenError, Part, SEALING_BYTES, Seal, SealError};
pub use tree::{HASH_BYTES, Tree, TreeBuilder, TreeError, hash_piece};
