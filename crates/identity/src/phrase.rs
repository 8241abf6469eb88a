//! The recovery phrase: twelve words on paper from which an account's root key can always be made again.

use core::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use bip39::{Language, Mnemonic};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::keys::RootKey;

/// Words of a phrase: 128 bits and a checksum of four (BIP 39).
pub const PHRASE_WORDS: usize = 12;

/// What twelve words hold beside the checksum.
const ENTROPY_BYTES: usize = 16;

/// The phrase is not stretched under a salt of its own: on an empty device nothing but the words is known, and 128
/// random bits repeat for nobody. Argon2 asks for at least eight bytes.
const SALT: &[u8] = b"lamplit/1/phrase";

/// A recovery phrase; zeroised when dropped and never printed but by way of [`Self::words`].
pub struct Phrase(Mnemonic);

/// What stretching a phrase costs (Argon2id, RFC 9106). Another cost gives another root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB; at least 8 for each lane.
    pub memory_kib: u32,
    /// Passes over the memory, at least 1.
    pub passes: u32,
    /// Lanes, at least 1.
    pub lanes: u32,
}

/// Why a phrase cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// Not twelve words.
    #[error("a recovery phrase has {PHRASE_WORDS} words, this has {found}")]
    Length {
        /// Words there were.
        found: usize,
    },
    /// A word that is in no phrase.
    #[error("word {position} is not one a recovery phrase uses: compare it with what you wrote down")]
    Word {
        /// Which word, from 1.
        position: usize,
    },
    /// Twelve good words that do not belong together.
    #[error("the words do not fit together: one of them is another good word, or two have changed places")]
    Checksum,
}

/// A cost that Argon2 does not know how to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cost:?} is no cost for Argon2id: {reason}")]
pub struct CostError {
    /// The cost.
    pub cost: Cost,
    /// What Argon2 said.
    pub reason: argon2::Error,
}

impl Cost {
    /// The cost of every real account: the second choice of RFC 9106 (section 4), for where memory is scarce.
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
}

impl Phrase {
    /// A new phrase of 128 bits drawn from `rng`.
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, PhraseError> {
        let mut entropy = Zeroizing::new([0; ENTROPY_BYTES]);
        rng.fill_bytes(entropy.as_mut_slice());
        Mnemonic::from_entropy_in(Language::English, entropy.as_slice()).map(Self).map_err(explain)
    }

    /// Reads a phrase as somebody typed it: any white space between the words, capitals or small letters.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let found = text.split_whitespace().count();
        if found != PHRASE_WORDS {
            return Err(PhraseError::Length { found });
        }
        // Room for all of it at once: growing would leave copies behind that nobody zeroises.
        let mut normal = Zeroizing::new(String::with_capacity(text.len()));
        for word in text.split_whitespace() {
            if !normal.is_empty() {
                normal.push(' ');
            }
            normal.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        }
        Mnemonic::parse_in_normalized(Language::English, &normal).map(Self).map_err(explain)
    }

    /// The twelve words, to be written down.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        self.0.words()
    }

    /// Stretches the phrase into the account's root key. At [`Cost::STANDARD`] it takes 64 MiB and a good part of a
    /// second.
    pub fn root_key(&self, cost: Cost) -> Result<RootKey, CostError> {
        let failed = |reason| CostError { cost, reason };
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(failed)?;
        let (entropy, _) = self.0.to_entropy_array();
        let entropy = Zeroizing::new(entropy);
        let mut secret = Zeroizing::new([0; ENTROPY_BYTES]);
        for (into, from) in secret.iter_mut().zip(entropy.iter()) {
            *into = *from;
        }

        let mut memory = Zeroizing::new(vec![Block::default(); params.block_count()]);
        let mut master = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(secret.as_slice(), SALT, master.as_mut_slice(), memory.as_mut_slice())
            .map_err(failed)?;
        Ok(RootKey::from_master(master))
    }
}

fn explain(error: bip39::Error) -> PhraseError {
    match error {
        bip39::Error::UnknownWord(index) => PhraseError::Word { position: index.saturating_add(1) },
        bip39::Error::BadWordCount(found) => PhraseError::Length { found },
        bip39::Error::BadEntropyBitCount(_) | bip39::Error::InvalidChecksum | bip39::Error::AmbiguousLanguages(_) => {
            PhraseError::Checksum
        }
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phrase(…)")
    }
}

#[cfg(test)]
mod tests;
