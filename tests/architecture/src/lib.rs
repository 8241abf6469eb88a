//! The rules of ARCHITECTURE.md, checked.
//!
//! [`House`] is what the manifests say, [`Graph`] what cargo really builds. Each rule is a function from those
//! to the sentences that say where the house breaks it, so that a rule is tested on invented houses too: a
//! checker that can't fail holds nothing. `tests/house.rs` runs all of them on this workspace.

mod arrows;
mod graph;
mod house;
mod policy;
mod purity;

pub use arrows::{ARROWS, arrows, folders};
pub use graph::Graph;
pub use house::{House, Kind, Member, Need, root};
pub use policy::{Locked, Policy, locked};
pub use purity::{PURE, clippy_lists, purity};
