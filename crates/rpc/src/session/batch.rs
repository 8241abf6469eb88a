//! Some calls in one message (JSON-RPC 2.0, section 6): they are done one after another, and answered in one message.

use serde_json::Value;

use super::{Answer, Session};
use crate::{
    frame::{Error, ErrorCode, Id, Request, Response},
    limits,
};

impl Session {
    /// Does calls in their order, each as if it came alone, and answers those with an id in at most so many bytes.
    pub(super) async fn batch(&mut self, calls: Vec<Value>, most: usize) -> Answer {
        let mut answers = Answers::of_at_most(most);
        let mut further = calls.len();
        for call in calls {
            if self.queue.is_closed() {
                // Nobody reads any more. Had the calls come alone, it would end here too.
                break;
            }
            further = further.saturating_sub(1);
            let subscribed = self.subscription.is_some();
            let (id, outcome) = match Request::read(call) {
                Ok(Request { id, method, params, .. }) => (id, self.call(&method, params).await),
                Err(error) => (Some(Id::Null), Err(error)),
            };
            let Some(id) = id else { continue };
            if !answers.add(id, outcome, further)? && !subscribed {
                // If it was this call that subscribed: without the snapshot nobody knows what the changes change.
                self.subscription = None;
            }
        }
        Ok(answers.end())
    }
}

/// The answers to a batch, as the message they make.
struct Answers {
    message: Vec<u8>,
    most: usize,
}

impl Answers {
    const fn of_at_most(most: usize) -> Self {
        Self { message: Vec::new(), most }
    }

    /// Adds what came of a call, while so many further ones still need room. False if it is too long: then that is the answer.
    fn add(&mut self, id: Id, outcome: Result<Value, Error>, further: usize) -> serde_json::Result<bool> {
        let answer = serde_json::to_vec(&Response::new(Some(id.clone()), outcome))?;
        let kept = further.saturating_mul(limits::BATCH_ANSWER_BYTES);
        // A byte before it, and the bracket at the end.
        let whole = self.message.len().saturating_add(answer.len()).saturating_add(2);
        let fits = whole.saturating_add(kept) <= self.most;
        self.message.push(if self.message.is_empty() { b'[' } else { b',' });
        if fits {
            self.message.extend(answer);
        } else {
            let message = "the answer does not fit beside the others of its batch: ask for it alone, or for less";
            let refusal = Response::new(Some(id), Err(Error::new(ErrorCode::Full, message)));
            serde_json::to_writer(&mut self.message, &refusal)?;
        }
        Ok(fits)
    }

    /// The message, or nothing if nothing was answered.
    fn end(mut self) -> Option<Vec<u8>> {
        if self.message.is_empty() {
            return None;
        }
        self.message.push(b']');
        Some(self.message)
    }
}

#[cfg(test)]
mod tests;
