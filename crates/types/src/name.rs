use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::limits;

/// What people call somebody: 1 to [`limits::NAME_BYTES`] bytes of text in NFC (Unicode UAX 15) on one line, with no
/// control or direction-changing characters, no white space at its ends, and something to see.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Name(String);

/// Why something is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing but white space, joiners and fillers.
    #[error("a name needs at least one visible character")]
    Empty,
    /// Too long.
    #[error("a name has at most {max} bytes of UTF-8, this one has {found}", max = limits::NAME_BYTES)]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// A character that could change how other text looks.
    #[error("a name may not hold the control character U+{:04X}", *.0 as u32)]
    Control(char),
}

impl Name {
    /// Parses a name, trimming white space at its ends.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let trimmed = text.trim();
        // Checked before normalising too, so that a huge input is never copied.
        check_length(trimmed)?;
        if let Some(bad) = trimmed.chars().find(|&c| is_control(c)) {
            return Err(NameError::Control(bad));
        }
        let normal: String = trimmed.nfc().collect();
        check_length(&normal)?;
        if normal.chars().all(is_unseen) { Err(NameError::Empty) } else { Ok(Self(normal)) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_length(text: &str) -> Result<(), NameError> {
    match text.len() {
        0 => Err(NameError::Empty),
        found if found > limits::NAME_BYTES => Err(NameError::TooLong { found }),
        _ => Ok(()),
    }
}

/// Control characters, line and paragraph separators, and the characters that reorder, break or hide text
/// (Unicode TR 36, 2.1).
pub(crate) fn is_control(c: char) -> bool {
    let shaping = matches!(
        c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
    );
    c.is_control() || shaping
}

/// Characters that belong into names, but that nobody sees on their own: white space, joiners, Hangul fillers, the
/// blank Braille pattern, variation selectors and tags.
pub(crate) fn is_unseen(c: char) -> bool {
    let unseen = matches!(
        c,
        '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200C}' | '\u{200D}'
            | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}'
    );
    unseen || c.is_whitespace()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Name(…)")
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The text of a message: 1 to [`limits::TEXT_BYTES`] bytes. Control characters other than line feed and tab are
/// refused, so that no message can speak to the terminal that shows it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Text(String);

/// Why something is no message text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing at all.
    #[error("a message needs some text")]
    Empty,
    /// Too long.
    #[error("a message has at most {max} bytes of UTF-8, this one has {found}: send it as a file", max = limits::TEXT_BYTES)]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// A control character.
    #[error("a message may not hold the control character U+{:04X}", *.0 as u32)]
    Control(char),
}

impl Text {
    /// Parses the text of a message; it is taken as it is.
    ///
    /// # Errors
    /// [`TextError`] says what is wrong with it.
    pub fn parse(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        match text.len() {
            0 => return Err(TextError::Empty),
            found if found > limits::TEXT_BYTES => return Err(TextError::TooLong { found }),
            _ => {}
        }
        match text.chars().find(|&c| c.is_control() && !matches!(c, '\n' | '\t')) {
            Some(bad) => Err(TextError::Control(bad)),
            None => Ok(Self(text)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(…)")
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
