//! The file of settings: TOML, each of them optional, and nothing else.

use core::ops::Range;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

use crate::settings::{Codes, Status, nearest, sms};

/// The file with every setting, and what it means.
pub(crate) const COMMENTED: &str = include_str!("lamplit-server.toml");

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) data: Option<Line<PathBuf>>,
    pub(crate) listen: Option<Line<SocketAddr>>,
    pub(crate) open: Option<Line<bool>>,
    pub(crate) status: Option<Line<Status>>,
    pub(crate) log: Option<Line<String>>,
    pub(crate) sms: Option<Line<lamplit_sms::Config>>,
    /// Under [`sms`], too.
    pub(crate) codes: Option<Line<Codes>>,
}

/// A setting, and in which line it is, from 1 on.
#[derive(Clone, Debug)]
pub(crate) struct Line<T> {
    pub(crate) value: T,
    pub(crate) line: usize,
}

/// Why a file says nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileError {
    #[error("line {line}: there is no setting {name}: the nearest is {nearest}; `lamplit-server config` has all")]
    Unknown { line: usize, name: String, nearest: &'static str },
    #[error("line {line}: {under} has no setting {name}{}; `lamplit-server config` has all", nearest.map(|nearest| format!(": the nearest is {nearest}")).unwrap_or_default())]
    UnknownUnder { line: usize, name: String, under: String, nearest: Option<&'static str> },
    #[error("line {line}: {what}; `lamplit-server config` shows how it is written")]
    Malformed { line: usize, what: String },
}

/// As TOML has it, without the table [`sms`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    data: Option<Spanned<PathBuf>>,
    listen: Option<Spanned<SocketAddr>>,
    open: Option<Spanned<bool>>,
    status: Option<Spanned<Status>>,
    log: Option<Spanned<String>>,
}

/// The names of [`Raw`], and the table.
const NAMES: [&str; 6] = ["data", "listen", "open", "status", "log", sms::TABLE];

/// Reads the text of a file.
pub(crate) fn parse(text: &str) -> Result<Said, FileError> {
    let malformed = |error: toml::de::Error| FileError::Malformed {
        line: line_of(text, error.span().unwrap_or_default()),
        what: error.message().to_owned(),
    };
    // Before its types are looked at: serde knows no line for a name it does not know.
    let mut table = DeTable::parse(text).map_err(malformed)?;
    for name in table.get_ref().keys() {
        if !NAMES.contains(&name.get_ref().as_ref()) {
            let nearest = nearest(name.get_ref(), NAMES).unwrap_or_default();
            return Err(FileError::Unknown {
                line: line_of(text, name.span()),
                name: name.get_ref().escape_debug().to_string(),
                nearest,
            });
        }
    }
    let (sms, codes) = match table.get_mut().remove(sms::TABLE) {
        Some(found) => sms::parse(text, found).map(|(sms, codes)| (Some(sms), codes))?,
        None => (None, None),
    };
    let raw = Raw::deserialize(Deserializer::from(table)).map_err(malformed)?;
    Ok(Said {
        data: raw.data.map(|value| Line::of(text, value)),
        listen: raw.listen.map(|value| Line::of(text, value)),
        open: raw.open.map(|value| Line::of(text, value)),
        status: raw.status.map(|value| Line::of(text, value)),
        log: raw.log.map(|value| Line::of(text, value)),
        sms,
        codes,
    })
}

impl<T> Line<T> {
    fn of(text: &str, value: Spanned<T>) -> Self {
        Self { line: line_of(text, value.span()), value: value.into_inner() }
    }
}

pub(super) fn line_of(text: &str, span: Range<usize>) -> usize {
    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count().saturating_add(1)
}

#[cfg(test)]
mod tests;
