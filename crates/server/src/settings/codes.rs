use core::fmt;
use std::str::FromStr;

use lamplit_server::limits::{CODE_SECONDS, CODES_AT_ONCE};
use lamplit_service::limits::CODES_OF_ALL;
use serde::{Deserialize, Deserializer};

/// What the environment takes.
pub(super) const WANTED: &str =
    "so many codes at once, from 1 to 1000000, and the seconds to one more, from 1 to 86400, such as 500,6";
/// What the file takes.
pub(super) const TAKES: &str =
    "so many codes at once, from 1 to 1000000, and the seconds to one more, from 1 to 86400, such as [500, 6]";

/// How many codes may be sent to all numbers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Codes {
    at_once: u32,
    /// From one to the next of those that follow.
    seconds: u32,
}

impl Codes {
    fn new(at_once: u32, seconds: u32) -> Option<Self> {
        let is_meant = CODES_AT_ONCE.contains(&at_once) && CODE_SECONDS.contains(&seconds);
        is_meant.then_some(Self { at_once, seconds })
    }

    /// As the services take it: in milliseconds.
    pub(crate) fn rate(self) -> (u32, u64) {
        (self.at_once, u64::from(self.seconds).saturating_mul(1_000))
    }
}

impl Default for Codes {
    fn default() -> Self {
        let (at_once, millis) = CODES_OF_ALL;
        Self { at_once, seconds: u32::try_from(millis / 1_000).unwrap_or(u32::MAX) }
    }
}

impl FromStr for Codes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once(',')
            .and_then(|(at_once, seconds)| Some((at_once.trim().parse().ok()?, seconds.trim().parse().ok()?)));
        numbers.and_then(|(at_once, seconds)| Self::new(at_once, seconds)).ok_or_else(|| WANTED.to_owned())
    }
}

impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let codes = match Vec::<u32>::deserialize(deserializer)?.as_slice() {
            [at_once, seconds] => Self::new(*at_once, *seconds),
            _ => None,
        };
        codes.ok_or_else(|| serde::de::Error::custom(TAKES))
    }
}

impl fmt::Display for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at once, then one in {} s", self.at_once, self.seconds)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_is_taken_is_told() {
        for told in [WANTED, TAKES] {
            for limit in [CODES_AT_ONCE.end(), CODE_SECONDS.end()] {
                assert!(told.contains(&format!("to {limit},")), "{limit} is not in {told}");
            }
        }
    }

    #[test]
    fn what_is_built_in_is_what_the_services_have_and_can_be_said() {
        assert_eq!(Codes::default().rate(), CODES_OF_ALL);
        assert_eq!("500,6".parse(), Ok(Codes::default()));
        assert_eq!(Codes::default().to_string(), "500 at once, then one in 6 s");
    }

    #[test]
    fn so_many_at_once_and_so_many_seconds_and_nothing_else() {
        assert_eq!(" 20 , 3600 ".parse::<Codes>().unwrap().rate(), (20, 3_600_000));
        for (text, is_good) in [
            ("1,1", true),
            ("1000000,86400", true),
            ("0,6", false),
            ("500,0", false),
            ("1000001,6", false),
            ("500,86401", false),
            ("500", false),
            ("500,6,1", false),
            ("-1,6", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Codes>().is_ok(), is_good, "{text}");
        }
    }
}
