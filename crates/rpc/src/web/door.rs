//! Who may knock at the WebSocket: what the headers of a handshake say about who is asking.
//!
//! A page of any site can open a WebSocket to this machine, and the browser sends where the page is from (`Origin`, RFC
//! 6454) and which name it dialled (`Host`). A name of somebody else's that was made to lead here (DNS rebinding) is in
//! `Host`, so only names that mean this machine are taken. A program sends no `Origin`. None of this shows who is
//! asking: the token does. It keeps pages from asking at all.

use core::fmt;

use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, Uri, header};

/// Which pages may connect.
#[derive(Clone, Debug, Default)]
pub struct Door {
    port: u16,
    origins: Vec<Origin>,
}

/// Where a page is from: scheme, host, and port if it is not the scheme's usual one, as browsers write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// Why something is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an origin is written as browsers do, in small letters and without a path: https://example.org or http://localhost:8080"
)]
pub struct OriginError;

/// Why somebody is turned away at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnedAway {
    /// `Host` is missing, there more than once, or no name of this machine with the right port.
    #[error("connect to 127.0.0.1, [::1] or localhost, and the right port: another name is not taken for this machine")]
    Host,
    /// A page from somewhere that was not allowed.
    #[error("pages from there may not connect: the daemon is told which may, with --web-origin")]
    Origin,
    /// There is nothing at this path.
    #[error("there is nothing here: connect to /")]
    Path,
}

impl Door {
    /// For the daemon on this port, and pages from these origins.
    pub const fn new(port: u16, origins: Vec<Origin>) -> Self {
        Self { port, origins }
    }

    /// Whether whoever sends these headers may come in as far as to show the token.
    ///
    /// # Errors
    /// See [`TurnedAway`].
    pub fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), TurnedAway> {
        let host = single(headers, &header::HOST).map_err(|_| TurnedAway::Host)?;
        if !host.is_some_and(|host| self.is_here(host)) {
            return Err(TurnedAway::Host);
        }
        let origin = single(headers, &header::ORIGIN).map_err(|_| TurnedAway::Origin)?;
        if origin.is_some_and(|origin| !self.origins.iter().any(|allowed| allowed.0 == origin)) {
            return Err(TurnedAway::Origin);
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(TurnedAway::Path);
        }
        Ok(())
    }

    /// Whether a `Host` means this machine and this port.
    fn is_here(&self, host: &str) -> bool {
        // Browsers and programs leave out the port that is HTTP's own.
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        let named = ["127.0.0.1", "[::1]", "localhost"].iter().any(|here| name.eq_ignore_ascii_case(here));
        named && port == Some(self.port)
    }
}

impl Origin {
    /// Reads an origin.
    ///
    /// # Errors
    /// See [`OriginError`].
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let (scheme, host) = text.split_once("://").ok_or(OriginError)?;
        let is_scheme = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
        let is_host = |c: char| c.is_ascii_graphic() && !c.is_ascii_uppercase() && !"/?#@\\*,\"'".contains(c);
        let good = !scheme.is_empty() && scheme.chars().all(is_scheme) && !host.is_empty() && host.chars().all(is_host);
        let usual = [("http", ":80"), ("https", ":443")];
        let superfluous = usual.iter().any(|(usual, port)| scheme == *usual && host.ends_with(port));
        if good && !superfluous { Ok(Self(text.to_owned())) } else { Err(OriginError) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The one value of a header, or none. More than one is an error, and so is one that is no text.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ()> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(());
    }
    value.to_str().map(Some).map_err(|_| ())
}

#[cfg(test)]
mod tests;
