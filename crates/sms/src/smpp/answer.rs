//! What the statuses of a message centre mean for a text.

use rusmpp::{CommandStatus as Status, pdus::DeliverSm, values::MessageType};

use crate::{Cause, SendError};

/// What an answer to a text, or to the sign-in, means.
pub(super) fn result(status: Status) -> Result<(), SendError> {
    let cause = Cause::Smpp(status.into());
    match status {
        Status::EsmeRok => Ok(()),
        Status::EsmeRthrottled | Status::EsmeRmsgqful | Status::EsmeRsyserr | Status::EsmeRxTAppn => {
            Err(SendError::Busy(cause))
        }
        // It has forgotten that it let us in: the connection is made anew.
        Status::EsmeRinvbndsts => Err(SendError::Unreachable(cause)),
        Status::EsmeRbindfail
        | Status::EsmeRinvpaswd
        | Status::EsmeRinvsysid
        | Status::EsmeRinvsystyp
        | Status::EsmeRprohibited
        // Not the text, but whom it is from.
        | Status::EsmeRinvsrcadr => Err(SendError::Unauthorised(cause)),
        Status::EsmeRinvdstadr | Status::EsmeRinvdstton | Status::EsmeRinvdstnpi => Err(SendError::Number(cause)),
        _ => Err(SendError::Refused(cause)),
    }
}

/// Says in the log, without number and text, that a text the centre took never came to its telephone.
pub(super) fn note_receipt(delivered: &DeliverSm) {
    if delivered.esm_class.message_type != MessageType::ShortMessageContainsMCDeliveryReceipt {
        return;
    }
    let state = state(delivered.short_message().as_ref());
    tracing::warn!(state, "the message centre could not deliver a text; look up in its manual what that means");
}

/// The state in a receipt (SMPP 3.4, appendix B), where it is one that we know: nothing else gets into the log.
fn state(receipt: &[u8]) -> &'static str {
    const STATES: [&str; 5] = ["EXPIRED", "DELETED", "UNDELIV", "REJECTD", "UNKNOWN"];
    let begins = receipt.windows(5).position(|word| word == b"stat:").map(|position| position + 5);
    let rest = begins.and_then(|begins| receipt.get(begins..)).unwrap_or_default();
    STATES.into_iter().find(|state| rest.starts_with(state.as_bytes())).unwrap_or("without a state")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_tells_its_state_and_nothing_else() {
        let receipt =
            b"id:0123456789 sub:001 dlvrd:000 submit date:2611271015 done date:2611271016 stat:UNDELIV err:001 text:123456";
        assert_eq!(state(receipt), "UNDELIV");
        assert_eq!(state(b"stat:REJECTD"), "REJECTD");
        for odd in [&b""[..], b"stat", b"stat:", b"stat:1234567", b"\xff\xfestat:\xff", b"your code is 123456"] {
            assert_eq!(state(odd), "without a state");
        }
    }

    #[test]
    fn statuses_are_told_apart() {
        for (status, error) in [
            (0x58, SendError::Busy(Cause::Smpp(0x58))),
            (0x14, SendError::Busy(Cause::Smpp(0x14))),
            (0x08, SendError::Busy(Cause::Smpp(0x08))),
            (0x0B, SendError::Number(Cause::Smpp(0x0B))),
            (0x0D, SendError::Unauthorised(Cause::Smpp(0x0D))),
            (0x0E, SendError::Unauthorised(Cause::Smpp(0x0E))),
            (0x0A, SendError::Unauthorised(Cause::Smpp(0x0A))),
            (0x04, SendError::Unreachable(Cause::Smpp(0x04))),
            (0x01, SendError::Refused(Cause::Smpp(0x01))),
            (0xFFFF_FFFF, SendError::Refused(Cause::Smpp(0xFFFF_FFFF))),
        ] {
            assert_eq!(result(status.into()), Err(error));
        }
        assert_eq!(result(0.into()), Ok(()));
    }
}
