use core::fmt;

use crate::limits;

/// Why a text was not sent, or perhaps not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// As many texts as may wait are waiting, or this one waited too long.
    #[error("too many texts are waiting for the gateway: try again in a minute; if that happens often, raise at_once")]
    Full,
    /// Nothing was handed over.
    #[error("the gateway can't be reached ({0}): try again in a minute; if it stays so, check its address in [sms]")]
    Unreachable(Cause),
    /// The gateway takes nothing for now.
    #[error("the gateway takes no text for now ({0}): try again in a minute")]
    Busy(Cause),
    /// The text was handed over, and nobody knows what became of it.
    #[error("the gateway did not say whether it took the text ({0}): it may come; wait for it before another is sent")]
    Unclear(Cause),
    /// The first parts were taken and a later one was not.
    #[error("the gateway took only a part of the text ({0}): what comes can't be read; send a shorter one")]
    Partly(Cause),
    /// The gateway knows us not, or not whom texts come from.
    #[error("the gateway does not let this server in ({0}): check user and password in [sms], and from")]
    Unauthorised(Cause),
    /// The gateway can't send to this number.
    #[error("the gateway can't send to this number ({0}): check the number")]
    Number(Cause),
    /// Too long, nothing at all, or something that no telephone shows.
    #[error("a text has at most {max} parts of 153 letters, or 67 in other scripts, and no control characters: send a shorter one", max = limits::PARTS)]
    Text,
    /// The gateway says no.
    #[error("the gateway refuses the text ({0}): look up in its manual what that means")]
    Refused(Cause),
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
    /// The connection ended.
    Closed,
    /// It broke off, or said what nobody can understand.
    Garbled,
    /// This HTTP status.
    Http(u16),
    /// A status of success, with a body that is none of it.
    Body(u16),
    /// This SMPP status.
    Smpp(u32),
}

impl SendError {
    /// Whether it will fail again until somebody changes something.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Unauthorised(_) | Self::Number(_) | Self::Text | Self::Refused(_))
    }

    /// Whether the text, or a part of it, may be on its way: then another one may be one too many.
    pub fn may_have_been_sent(&self) -> bool {
        matches!(self, Self::Unclear(_) | Self::Partly(_))
    }

    /// Whether it is safe and of use to offer the text again at once.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Busy(_))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("nobody answers at its address"),
            Self::Secure => f.write_str("its certificate is not trusted, or it speaks no TLS"),
            Self::Silence => f.write_str("it did not answer in time"),
            Self::Closed => f.write_str("it closed the connection"),
            Self::Garbled => f.write_str("its answer broke off, or can't be understood"),
            Self::Http(status) => write!(f, "HTTP status {status}"),
            Self::Body(status) => write!(f, "HTTP status {status}, but the answer is not one that means success"),
            Self::Smpp(status) => write!(f, "SMPP status 0x{status:08X}"),
        }
    }
}
