//! Codes on their way to telephones.

use std::sync::Arc;

use lamplit_service::Sent;
use lamplit_sms::{Cause, SendError, Sender};
use lamplit_types::{PhoneNumber, SmsCode};
use zeroize::Zeroizing;

use crate::metrics::{Metrics, Texted};

/// Sends codes, if there is a way to telephones. How many may be under way at once its sender knows.
pub(crate) struct Texts {
    sender: Option<Box<dyn Sender>>,
    metrics: Arc<Metrics>,
}

impl Texts {
    pub(crate) fn new(sender: Option<Box<dyn Sender>>, metrics: Arc<Metrics>) -> Self {
        Self { sender, metrics }
    }

    /// Sends `code` to `number`. It ends by itself, also when the gateway never answers.
    pub(crate) async fn send(&self, number: PhoneNumber, code: SmsCode) -> Sent {
        let Some(sender) = &self.sender else { return Sent::Failed };
        let (texted, sent) = match sender.send(&number, &text(code)).await {
            Ok(()) => (Texted::Taken, Sent::Taken),
            Err(error) => {
                // It tells neither number nor text.
                tracing::warn!(%error, "a code was not sent, or perhaps not");
                judged(error)
            }
        };
        self.metrics.texted(texted);
        sent
    }
}

/// What stands in the message: letters that every telephone and every alphabet has, and so few that it is one part in all of them.
fn text(code: SmsCode) -> Zeroizing<String> {
    Zeroizing::new(format!("{code} is your Lamplit code. Whoever asks you for it is a fraud."))
}

/// What an error means for the person who waits, and what is counted.
fn judged(error: SendError) -> (Texted, Sent) {
    match error {
        SendError::Unclear(_) => (Texted::Unclear, Sent::Taken),
        // These statuses speak of the address that is configured, and not of the number.
        SendError::Refused(Cause::Http(300..=399 | 404 | 405)) => (Texted::Failed, Sent::Failed),
        SendError::Number(_) | SendError::Refused(_) => (Texted::Refused, Sent::Unreachable),
        // That lasts until somebody changes the settings, and it is not the number's fault.
        SendError::Unauthorised(_)
        | SendError::Full
        | SendError::Unreachable(_)
        | SendError::Busy(_)
        | SendError::Partly(_)
        | SendError::Text => (Texted::Failed, Sent::Failed),
    }
}

#[cfg(test)]
mod tests;
