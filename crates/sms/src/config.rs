use std::{net::IpAddr, ops::RangeInclusive, path::PathBuf};

use serde::Deserialize;
use url::Url;

use crate::{HttpConfig, Sender, SmppConfig, http::Http, limits, log::Log, smpp::Smpp};

/// How texts are sent, as the server's configuration says under `[sms]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Config {
    /// Not at all: they are written into the log, for development.
    Log(LogConfig),
    /// Through an HTTP gateway, such as Kannel's sendsms.
    Http(Box<HttpConfig>),
    /// Over SMPP 3.4, to a message centre.
    Smpp(Box<SmppConfig>),
}

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {}

/// What is wrong with a [`Config`]. It never tells what stands there, which may be a password.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No URL, or one of another kind.
    #[error("url under [sms] must be like {0}")]
    Url(&'static str),
    /// Codes would cross a network for all to read.
    #[error(
        "url under [sms] is not encrypted: whoever is on the way would read the codes. Use {0}, or say in_clear = true if the way is your own"
    )]
    InClear(&'static str),
    /// A word in braces that is none of ours.
    #[error("url and body under [sms] know {{number}}, {{digits}} and {{text}}, and no other word in braces")]
    Place,
    /// Nowhere to put the number or the text.
    #[error("url or body under [sms] must hold {{text}}, and {{number}} or {{digits}}")]
    NoPlace,
    /// A body, but not how it is escaped, or the reverse.
    #[error("body under [sms] needs body_as = \"json\" or \"form\", a method other than GET, and the reverse")]
    Body,
    /// A header that is none.
    #[error("headers under [sms] hold a name or a value that no header can have, or more than {max}", max = limits::HEADERS)]
    Header,
    /// Not a range of statuses.
    #[error("success.status under [sms] must be two HTTP statuses from 200 to 299, such as [200, 202]")]
    Status,
    /// Not a pattern.
    #[error("success.body under [sms] is no regular expression, or too large a one")]
    Pattern,
    /// A number outside what is allowed.
    #[error("{name} under [sms] must be from {least} to {most}")]
    Number {
        /// Which.
        name: &'static str,
        /// The least that is allowed.
        least: u16,
        /// The most that is allowed.
        most: u16,
    },
    /// Longer than SMPP has room for, or not ASCII.
    #[error("{name} under [sms] must be ASCII of at most {most} bytes")]
    Field {
        /// Which.
        name: &'static str,
        /// The most that is allowed, in bytes.
        most: usize,
    },
    /// A file of certificates that can't be read.
    #[error("ca under [sms] must be a file of certificates in PEM")]
    Ca,
    /// TLS can't be set up.
    #[error("this system's certificates can't be read: install ca-certificates, or name a file of them: ca = \"…\"")]
    Tls,
    /// Outside a runtime.
    #[error("senders are opened within a tokio runtime")]
    Runtime,
}

impl Config {
    /// Looks at all that [`Self::open`] looks at, files of certificates too, and opens nothing: a message centre where another
    /// server is signed in hears nothing of it.
    ///
    /// # Errors
    /// [`ConfigError`] says what to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::Log(_) => Ok(()),
            // It connects only when something is sent.
            Self::Http(config) => Http::open((**config).clone()).map(drop),
            Self::Smpp(config) => Smpp::check(config),
        }
    }

    /// Opens the sender. It must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ConfigError`] says what to change. Whether the gateway is there, and knows us, shows when something is sent.
    pub fn open(self) -> Result<Box<dyn Sender>, ConfigError> {
        Ok(match self {
            Self::Log(_) => Box::new(Log::new()),
            Self::Http(config) => Box::new(Http::open(*config)?),
            Self::Smpp(config) => Box::new(Smpp::open(&config)?),
        })
    }
}

/// What the two real senders have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Common {
    pub(crate) at_once: u16,
    pub(crate) waiting: u16,
    pub(crate) answer_seconds: u16,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) in_clear: bool,
}

impl Common {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        within("at_once", self.at_once, 1..=limits::AT_ONCE)?;
        within("waiting", self.waiting, 0..=limits::WAITING)?;
        within("answer_seconds", self.answer_seconds, 1..=limits::ANSWER_SECONDS)
    }

    /// Whether this URL may be used as it is: encrypted, or on this machine, or with the operator's word.
    pub(crate) fn check_clear(&self, url: &Url, safe: &'static str) -> Result<(), ConfigError> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if url.scheme() == safe || here || self.in_clear { Ok(()) } else { Err(ConfigError::InClear(safe)) }
    }
}

pub(crate) fn within(name: &'static str, value: u16, range: RangeInclusive<u16>) -> Result<(), ConfigError> {
    let (least, most) = (*range.start(), *range.end());
    if range.contains(&value) { Ok(()) } else { Err(ConfigError::Number { name, least, most }) }
}

#[cfg(test)]
mod tests;
