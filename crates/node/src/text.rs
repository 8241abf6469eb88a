//! Words for what the wire only numbers.

use lamplit_wire::CloseReason;

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

/// What a removed device says of itself.
pub(crate) const REMOVED: &str = "this device was removed from its account by its owner: it hears and says nothing more; what it has can still be \
                                  read. To use it again, move its data directory away and link it anew";
