//! Words for what the wire only numbers.

use lamplit_wire::{CloseReason, server::Goodbye};

/// What to tell somebody whose invite was not taken.
pub(crate) const fn close_reason(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::InviteUsed => "this invite was used already: ask for a new one",
        CloseReason::InviteExpired => "this invite is past its date: ask for a new one",
        CloseReason::InviteUnknown => "the other device does not know this invite: ask for a new one",
        CloseReason::Clock => "the two clocks differ too much: set the date and time on both devices",
        CloseReason::ListConflict => "the other device was shown two histories of this account: compare safety codes",
        CloseReason::Full => "the other side has no room for another contact",
        CloseReason::Duplicate | CloseReason::Done => "the other device ended the link: try again",
    }
}

/// Why a server ended the connection.
pub const fn goodbye(reason: Goodbye) -> &'static str {
    match reason {
        Goodbye::Newer => "this device has another connection to it: are its data in use in two places?",
        Goodbye::Stopping => "it was stopped, or starts anew",
        Goodbye::NotListed => {
            "this device is not on the account's list there, or its certificate does not count: is a clock wrong?"
        }
        Goodbye::ListRefused => {
            "it holds another history of this account's devices: if you removed devices on two of them at once, remove one \
             again; if not, somebody else uses your account's id or has your recovery phrase"
        }
        Goodbye::Closed => "it takes no new accounts: ask whoever runs it",
        Goodbye::Rules => "it does not understand this device: update whichever of the two is older",
        Goodbye::Busy => "this device asked for too much at once: it tries again later",
        Goodbye::Failing => "its disk or database fails: what it did not acknowledge is brought again",
    }
}

/// What a removed device says of itself.
pub(crate) const REMOVED: &str = "this device was removed from its account by its owner: it hears and says nothing more; what it has can still be \
                                  read. To use it again, move its data directory away and link it anew";
