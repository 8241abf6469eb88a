use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::{
    ByteCount, limits,
    name::{is_control, is_unseen},
};

/// What a file is called when nothing of its name can be kept.
const NAMELESS: &str = "file";
/// What may not be in a name on one system or another.
const FORBIDDEN: [char; 9] = ['/', '\\', ':', '*', '?', '"', '<', '>', '|'];
/// Names that are devices on Windows, whatever ending they have.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];
/// An ending longer than this is not one.
const ENDING_BYTES: usize = 16;

/// A file's name that can be used on any system: one component of a path, 1 to [`limits::FILE_NAME_BYTES`] bytes of
/// NFC text, visible, without control or direction-changing characters, not hidden and no device.
///
/// Anybody may call a file anything, so a name is never refused: what cannot stay is left out or replaced.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileName(String);

impl FileName {
    /// Makes the best of what somebody calls a file: of a path, its last component.
    pub fn tamed(text: &str) -> Self {
        let last = text.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
        // Cut before it is normalised, so that a huge input is never copied; NFC makes text shorter or a little longer.
        let rough = cut(last, 4 * limits::FILE_NAME_BYTES);
        // What is left out comes first: letters that it stood between may compose.
        let kept = rough.chars().filter(|&c| !is_control(c)).nfc();
        let name: String = kept.map(|c| if FORBIDDEN.contains(&c) { '_' } else { c }).collect();
        let name = cut(name.trim_matches(is_edge), limits::FILE_NAME_BYTES);
        let name = name.trim_end_matches(is_edge);
        if name.is_empty() || name.chars().all(is_unseen) {
            return Self(NAMELESS.to_owned());
        }
        let stem = name.split('.').next().unwrap_or_default().trim_end();
        if DEVICES.iter().any(|device| device.eq_ignore_ascii_case(stem)) {
            return Self(cut(&format!("_{name}"), limits::FILE_NAME_BYTES));
        }
        Self(name.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same name with a number before its ending, for when the name itself is taken: `picture (2).jpg`.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let (stem, ending) = split(&self.0);
        let mark = format!(" ({number}){ending}");
        let room = limits::FILE_NAME_BYTES.saturating_sub(mark.len());
        Self(format!("{}{mark}", up_to(stem, room).trim_end()))
    }
}

/// What a name neither begins nor ends with: it would be hidden, or changed by a system that drops it.
fn is_edge(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

/// The first bytes of a name, at most `max`, keeping its ending.
fn cut(name: &str, max: usize) -> String {
    if name.len() <= max {
        return name.to_owned();
    }
    let (stem, ending) = split(name);
    format!("{}{ending}", up_to(stem, max.saturating_sub(ending.len())).trim_end())
}

/// A name and its ending, dot included, if it has one.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.').and_then(|at| name.split_at_checked(at)) {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= ENDING_BYTES => (stem, ending),
        _ => (name, ""),
    }
}

/// As much of `text` as fits into `max` bytes.
fn up_to(text: &str, max: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at.saturating_add(c.len_utf8())).take_while(|end| *end <= max).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileName(…)")
    }
}

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::tamed(&String::deserialize(deserializer)?))
    }
}

/// How large a file is, in bytes: at most [`limits::FILE_BYTES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileSize(u64);

/// A file that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a file has at most {max} GiB, this one has {found} bytes: send it in parts", max = limits::FILE_BYTES >> 30)]
pub struct FileSizeError {
    /// Bytes found.
    pub found: u64,
}

impl FileSize {
    /// Takes a size that is allowed.
    ///
    /// # Errors
    /// [`FileSizeError`] if it is too large.
    pub const fn new(bytes: u64) -> Result<Self, FileSizeError> {
        if bytes > limits::FILE_BYTES { Err(FileSizeError { found: bytes }) } else { Ok(Self(bytes)) }
    }

    /// Bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for FileSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// How much files from other devices may take on a device, in bytes: [`limits::FILES_BYTES_LEAST`] to
/// [`limits::FILES_BYTES_MOST`]; [`limits::FILES_BYTES`] unless the owner says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileLimit(u64);

/// A limit that is none: too little or too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is no limit for files: it may be {} to {}",
    ByteCount(*.found),
    ByteCount(limits::FILES_BYTES_LEAST),
    ByteCount(limits::FILES_BYTES_MOST)
)]
pub struct FileLimitError {
    /// Bytes found.
    pub found: u64,
}

impl FileLimit {
    /// Takes a limit that is allowed.
    ///
    /// # Errors
    /// [`FileLimitError`] if it is too little or too much.
    pub const fn new(bytes: u64) -> Result<Self, FileLimitError> {
        if bytes < limits::FILES_BYTES_LEAST || bytes > limits::FILES_BYTES_MOST {
            return Err(FileLimitError { found: bytes });
        }
        Ok(Self(bytes))
    }

    /// Bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl Default for FileLimit {
    fn default() -> Self {
        Self(limits::FILES_BYTES)
    }
}

impl<'de> Deserialize<'de> for FileLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
