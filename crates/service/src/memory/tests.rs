use super::*;
use crate::suite::Fixture;

/// Stores in memory.
struct InMemory;

impl Fixture for InMemory {
    type Store = Memory;

    fn fresh(&self) -> Memory {
        Memory::new(Epoch([7; 8]))
    }
}

crate::store_suite!(InMemory, crate::suite::at_once);
