use lamplit_types::BlobId;

/// An [`Ask`], in bytes.
pub const ASK_BYTES: usize = 22;
const VERSION: u8 = 1;

/// What whoever opened a lane asks for: `version: u8 | blob: 16 bytes | from: u32 LE | tree: u8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which file.
    pub blob: BlobId,
    /// From which piece on.
    pub from: u32,
    /// Whether the tree is to come first.
    pub tree: bool,
}

/// Why some bytes are no [`Ask`]. The lane that brought them is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Of another version.
    #[error("a file was asked for in version {0} of the protocol, here it is {VERSION}")]
    Version(u8),
    /// A flag that is neither 0 nor 1.
    #[error("a file was asked for in a way that is not known")]
    Flag,
}

impl Ask {
    /// The bytes.
    pub fn encode(self) -> [u8; ASK_BYTES] {
        let mut out = [0; ASK_BYTES];
        let parts = [&[VERSION], self.blob.as_bytes().as_slice(), &self.from.to_le_bytes(), &[u8::from(self.tree)]];
        out.iter_mut().zip(parts.concat()).for_each(|(to, from)| *to = from);
        out
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`AskError`] if they are none.
    pub const fn parse(bytes: &[u8; ASK_BYTES]) -> Result<Self, AskError> {
        let [version, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15, f0, f1, f2, f3, tree] =
            *bytes;
        if version != VERSION {
            return Err(AskError::Version(version));
        }
        let blob = BlobId::from_bytes([b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15]);
        let tree = match tree {
            0 => false,
            1 => true,
            _ => return Err(AskError::Flag),
        };
        Ok(Self { blob, from: u32::from_le_bytes([f0, f1, f2, f3]), tree })
    }
}

/// The first byte of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reply {
    /// What was asked for follows, and then the lane ends.
    Coming = 1,
    /// There is no such file here, or not for you.
    NotHere = 2,
    /// Too much is under way: ask again later.
    Busy = 3,
}

/// Not a [`Reply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer {0} is not known: is the other's version a later one?")]
pub struct ReplyError(u8);

impl TryFrom<u8> for Reply {
    type Error = ReplyError;

    fn try_from(byte: u8) -> Result<Self, ReplyError> {
        match byte {
            1 => Ok(Self::Coming),
            2 => Ok(Self::NotHere),
            3 => Ok(Self::Busy),
            other => Err(ReplyError(other)),
        }
    }
}

#[cfg(test)]
mod tests;
