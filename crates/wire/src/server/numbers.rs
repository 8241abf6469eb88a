//! Telephone numbers: how an account comes to one, and what becomes of it (P1, P2).
//!
//! Whoever reads the code that is sent to a number has the number. If another account had it until then, that one keeps it for a
//! while yet, and is told: who took somebody's telephone, or has a number that was given out anew, opens nobody's account with it.

use lamplit_types::{PhoneNumber, SmsCode, Wall};
use serde::{Deserialize, Serialize};

/// A code that came to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowCode {
    /// The number.
    pub number: PhoneNumber,
    /// The code.
    pub code: SmsCode,
}

/// What became of a wish for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeAnswer {
    /// Where it was to be sent.
    pub number: PhoneNumber,
    /// What became of it.
    pub outcome: CodeOutcome,
}

/// What becomes of a wish for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeOutcome {
    /// It is on its way.
    Sent,
    /// So many seconds have to pass before one may be sent.
    Wait(u32),
    /// No text can be sent to that number.
    Unreachable,
    /// It could not be sent: it may be tried again.
    Failed,
    /// The server sends no codes.
    Off,
}

/// What became of a code that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeVerdict {
    /// The number it was for.
    pub number: PhoneNumber,
    /// What became of it.
    pub verdict: Verdict,
}

/// What a server says of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It is the right one. [`Numbers`] follow.
    Right,
    /// It is a wrong one, and so many more may be tried. After the last one a new code is needed.
    Wrong(u8),
    /// No code is open: none was sent to this device, or it is too old, or was used.
    Gone,
}

/// What an account has of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// The number that is the account's.
    pub held: Option<HeldNumber>,
    /// The number that will be.
    pub coming: Option<ComingNumber>,
}

/// A number that is an account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldNumber {
    /// The number.
    pub number: PhoneNumber,
    /// Another account showed that it has the number, and gets it then, unless this one shows that it still has it.
    pub leaves: Option<Wall>,
}

/// A number that will be an account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComingNumber {
    /// The number.
    pub number: PhoneNumber,
    /// When, unless whoever has it now shows that they still do.
    pub at: Wall,
}
