use core::fmt;
use core::str::FromStr;

/// Length of an [`Address`], in bytes. A longer one is refused.
pub const ADDRESS_BYTES: usize = 128;

/// Where a device can be dialled, such as `udp:192.168.1.4:4242`: the scheme of a transport, a colon, and what only
/// that transport understands. Visible ASCII, at most [`ADDRESS_BYTES`] bytes. `Debug`, and so a log, shows the
/// scheme alone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

/// Why something is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Too long.
    #[error("an address has at most {ADDRESS_BYTES} bytes, this one has {found}")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// No scheme, nothing after it, or a character that belongs in no address.
    #[error("an address is a scheme of a-z and 0-9, a colon and visible ASCII, such as \"udp:192.168.1.4:4242\"")]
    Form,
}

impl Address {
    /// Parses an address; whether it leads anywhere, only its transport can tell.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > ADDRESS_BYTES {
            return Err(AddressError::TooLong { found: text.len() });
        }
        let (scheme, rest) = text.split_once(':').ok_or(AddressError::Form)?;
        let scheme_good =
            !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let rest_good = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
        if !scheme_good || !rest_good {
            return Err(AddressError::Form);
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn in_memory(member: u64) -> Self {
        Self(format!("memory:{member}"))
    }

    /// The transport's scheme.
    pub fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// What comes after the scheme and its colon.
    pub fn rest(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, rest)| rest)
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}:…)", self.scheme())
    }
}

#[cfg(test)]
mod tests;
