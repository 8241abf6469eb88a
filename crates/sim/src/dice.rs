//! All chance comes from here: one stream of numbers for each purpose, all from one seed.

use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use rand_core::Rng;

/// A seeded source of chance.
pub(crate) struct Dice(ChaCha20Rng);

impl Dice {
    /// The dice of one purpose. Two purposes of one seed have nothing to do with each other, so that more of one leaves
    /// the other as it was.
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        let mut bytes = [0; 32];
        let numbers = seed.to_le_bytes().into_iter().chain(purpose.to_le_bytes());
        bytes.iter_mut().zip(numbers).for_each(|(into, from)| *into = from);
        Self(ChaCha20Rng::from_seed(bytes))
    }

    /// The source itself, for those who draw keys.
    pub(crate) fn source(&mut self) -> &mut ChaCha20Rng {
        &mut self.0
    }

    /// A number below `bound`; 0 if there is none. (That small numbers are likelier by 2⁻⁴⁰ harms no test.)
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// A number from `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from.saturating_add(self.below(to.saturating_sub(from).saturating_add(1)))
    }

    /// Whether something happens that does in so many of a thousand cases.
    pub(crate) fn permille(&mut self, chance: u64) -> bool {
        self.below(1000) < chance
    }

    /// One of some; `None` if there is none.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(usize::try_from(self.below(of.len() as u64)).unwrap_or(0)).copied()
    }

    /// Puts things into an order of chance.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(0);
            things.swap(last, other);
        }
    }
}
