//! Texts that the services want to have sent: whoever drives a session sends them, and says what became of them.

use lamplit_types::{PhoneNumber, SmsCode};
use lamplit_wire::server::{CodeAnswer, CodeOutcome, Down};

use crate::session::{Session, Turn};

/// A code that is to be sent to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Where.
    pub number: PhoneNumber,
    /// What.
    pub code: SmsCode,
}

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way.
    Taken,
    /// None can be sent to that number.
    Unreachable,
    /// It may not have been sent, and a later one may be.
    Failed,
}

impl Session {
    /// What became of a text that [`Turn::texts`] asked for.
    pub fn text_sent(&self, number: PhoneNumber, sent: Sent) -> Turn {
        let outcome = match sent {
            Sent::Taken => CodeOutcome::Sent,
            Sent::Unreachable => CodeOutcome::Unreachable,
            Sent::Failed => CodeOutcome::Failed,
        };
        Turn { down: vec![Down::Code(CodeAnswer { number, outcome })], ..Turn::default() }
    }
}
