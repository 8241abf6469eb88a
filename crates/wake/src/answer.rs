use core::{fmt, time::Duration};
use std::time::SystemTime;

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// What became of a wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The push service has taken it.
    Delivered,
    /// The push service knows no such target, or none any more: it is to be forgotten.
    Gone,
    /// Not now: it may be tried again.
    Later {
        /// What happened.
        cause: Cause,
        /// How long to wait at least, if the push service says so.
        after: Option<Duration>,
    },
    /// No, and it will be no until somebody changes something.
    Refused(Refusal),
}

/// Why a wake will not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The operator has set up no such push service.
    #[error("this push service is not set up: see [wake] in the file of settings")]
    Off,
    /// Where the target is, this server may not go.
    #[error(
        "the target is at an address of an inner network: if it is one of your own, say inner = true under [wake]; the device has to name another"
    )]
    Inner,
    /// An app that is not the operator's.
    #[error("the target belongs to another app than topic under [wake.apns] names")]
    Topic,
    /// The push service does not know the operator.
    #[error("the push service does not let this server in ({0}): check the keys under [wake]")]
    Unauthorised(Cause),
    /// The push service says no.
    #[error("the push service refuses the wake ({0}): look up in its manual what that means")]
    Other(Cause),
    /// What is sent could not be made.
    #[error("the wake could not be sealed or signed: the system's randomness or cryptography fails")]
    Sealing,
}

/// What it was that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nobody answers at its address, or it has none.
    Connect,
    /// It isn't who it says, or speaks no TLS that we do.
    Secure,
    /// It said nothing in time.
    Silence,
    /// It broke off, or said what nobody can understand.
    Garbled,
    /// This HTTP status.
    Http(u16),
    /// This HTTP status, where a token was asked for.
    Token(u16),
}

impl Answer {
    /// Not now, and the push service does not say when.
    pub(crate) const fn later(cause: Cause) -> Self {
        Self::Later { cause, after: None }
    }

    /// Not now, and perhaps the push service says when.
    pub(crate) fn later_by(cause: Cause, headers: &HeaderMap, now: SystemTime) -> Self {
        Self::Later { cause, after: retry_after(headers, now) }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("nobody answers at its address"),
            Self::Secure => f.write_str("its certificate is not trusted, or it speaks no TLS"),
            Self::Silence => f.write_str("it did not answer in time"),
            Self::Garbled => f.write_str("its answer broke off, or can't be understood"),
            Self::Http(status) => write!(f, "HTTP status {status}"),
            Self::Token(status) => write!(f, "HTTP status {status} where a token was asked for"),
        }
    }
}

/// How long to wait: seconds, or until a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let said = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = said.parse() {
        return Some(Duration::from_secs(seconds));
    }
    // A date that has passed means now.
    let date = httpdate::parse_http_date(said).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests;
