use core::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::Deserialize;

/// What it takes.
pub(super) const WANTED: &str = "off, or an address of this machine alone and a port, such as 127.0.0.1:9464";

/// Where machines may ask for the server's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Status {
    /// Nowhere.
    Off,
    /// There: a loopback address.
    At(SocketAddr),
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<SocketAddr>() {
            _ if text == "off" => Ok(Self::Off),
            Ok(at) if at.ip().is_loopback() => Ok(Self::At(at)),
            _ => Err(format!("the status takes {WANTED}")),
        }
    }
}

impl TryFrom<String> for Status {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At(at) => at.fmt(f),
        }
    }
}
