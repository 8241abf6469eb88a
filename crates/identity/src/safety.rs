//! Safety codes: digits that two people compare by eye or read to one another.

use core::fmt;

use lamplit_wire::credential::RootHash;
use sha2::{Digest, Sha512};

/// Rounds of hashing, so that looking for two roots that give the same digits costs that much more.
const ROUNDS: u32 = 5_000;
const GROUPS: usize = 12;

/// Twelve groups of five digits: about 199 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SafetyCode([u32; GROUPS]);

/// The safety code of two accounts, the same on both sides. If it is the same, no one stands between.
pub fn safety_code(one: &RootHash, other: &RootHash) -> SafetyCode {
    let (low, high) = if one <= other { (one, other) } else { (other, one) };
    let mut hash = Sha512::new();
    hash.update(b"lamplit/1/safety-code\0");
    hash.update(low.0);
    hash.update(high.0);
    let mut state = hash.finalize();
    for _ in 0..ROUNDS {
        // The roots go into every round: a chain that once met another would otherwise stay with it.
        let mut hash = Sha512::new();
        hash.update(state);
        hash.update(low.0);
        hash.update(high.0);
        state = hash.finalize();
    }
    let mut groups = [0; GROUPS];
    for (group, bytes) in groups.iter_mut().zip(state.chunks_exact(5)) {
        let number = bytes.iter().fold(0u64, |number, &byte| (number << 8) | u64::from(byte));
        *group = (number % 100_000) as u32;
    }
    SafetyCode(groups)
}

impl SafetyCode {
    /// The groups, each below 100,000.
    pub const fn groups(&self) -> &[u32; GROUPS] {
        &self.0
    }
}

/// All groups, a space between each two.
impl fmt::Display for SafetyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{group:05}")?;
        }
        Ok(())
    }
}

/// Two people's code tells who knows whom, so it stays out of logs.
impl fmt::Debug for SafetyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SafetyCode(…)")
    }
}

#[cfg(test)]
mod tests;
