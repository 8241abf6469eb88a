//! Safety codes: digits that two people compare by eye or read to one another.

use core::{fmt, str::FromStr};

use lamplit_wire::credential::RootHash;
use sha2::{Digest, Sha512};

/// Rounds of hashing, so that looking for two roots that give the same digits costs that much more.
const ROUNDS: u32 = 5_000;
const GROUPS: usize = 12;
const GROUP_DIGITS: usize = 5;
const DIGITS: usize = GROUPS * GROUP_DIGITS;

/// Twelve groups of five digits: about 199 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SafetyCode([u32; GROUPS]);

/// Why a text is no safety code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SafetyCodeError {
    /// Something else than digits and white space.
    #[error("a safety code is made of digits and spaces and of nothing else")]
    NoDigit,
    /// More digits than a code has, or fewer.
    #[error("a safety code has {digits} digits, and this has {found}: was all of it taken?", digits = DIGITS)]
    Length {
        /// Digits found.
        found: usize,
    },
}

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

/// What is written as a code is, with any white space or none between its digits.
impl FromStr for SafetyCode {
    type Err = SafetyCodeError;

    fn from_str(text: &str) -> Result<Self, SafetyCodeError> {
        let mut groups = [0_u32; GROUPS];
        let mut found = 0_usize;
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            let digit = c.to_digit(10).ok_or(SafetyCodeError::NoDigit)?;
            // Those beyond the last group are only counted.
            if let Some(group) = groups.get_mut(found / GROUP_DIGITS) {
                *group = group.saturating_mul(10).saturating_add(digit);
            }
            found = found.saturating_add(1);
        }
        if found == DIGITS { Ok(Self(groups)) } else { Err(SafetyCodeError::Length { found }) }
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
