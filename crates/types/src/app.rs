use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits;

/// The short name of an app, such as `qq` or `sina-weibo`: 1 to [`limits::APP_ID_BYTES`] of `a-z`, `0-9`, `-` and
/// `.`, beginning with a letter or digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AppId(String);

/// Why something is no app id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an app is named by 1 to {max} of a-z, 0-9, '-' and '.', such as \"qq\" or \"sina-weibo\"", max = limits::APP_ID_BYTES)]
pub struct AppIdError;

impl AppId {
    /// Parses an app id; capitals are taken as small letters.
    ///
    /// # Errors
    /// [`AppIdError`] says how an app is named.
    pub fn parse(text: &str) -> Result<Self, AppIdError> {
        if text.is_empty() || text.len() > limits::APP_ID_BYTES {
            return Err(AppIdError);
        }
        let text = text.to_ascii_lowercase();
        let begins_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        let all_good = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
        if begins_well && all_good { Ok(Self(text)) } else { Err(AppIdError) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppId(…)")
    }
}

impl<'de> Deserialize<'de> for AppId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
