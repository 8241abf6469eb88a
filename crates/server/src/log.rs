//! What is logged, and that it does not say who is served.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, ParseError};

/// Those who make the connections, which tell the addresses at the other end from the next level on: the first two from `debug`, and
/// `quinn_udp` with each packet that cannot be sent.
const QUIET: [(&str, &str); 3] = [("quinn", "quinn=warn"), ("rustls", "rustls=warn"), ("quinn_udp", "quinn_udp=error")];

/// What `said` asks for, and of [`QUIET`] ones only what names nobody, unless it names them.
pub(crate) fn filter(said: &str) -> Result<EnvFilter, ParseError> {
    let mut filter = EnvFilter::try_new(said)?;
    for (_, level) in QUIET.into_iter().filter(|(name, _)| !said.contains(name)) {
        filter = filter.add_directive(level.parse::<Directive>()?);
    }
    Ok(filter)
}

#[cfg(test)]
mod tests;
