//! What the status says of this device itself, for which the device has no events: it is looked at again and again, for whoever
//! listens.

use lamplit_client::{Handle, view};

use crate::{
    api::{Clock, Status},
    convert,
    frame::Error,
    methods,
};

/// The status without what other events tell, as it was told last.
#[derive(PartialEq, Eq)]
pub(crate) struct Own(Status);

impl Own {
    pub(crate) async fn of(handle: &Handle) -> Result<Self, Error> {
        let me = handle.read(view::me).await?;
        let status = convert::status(handle, &me, 0, 0);
        Ok(Self(Status { near: Vec::new(), clock: kind(status.clock), ..status }))
    }

    /// The whole status, if this part of it is not what it was. What cannot be read now is told the next time.
    pub(crate) async fn changed(&mut self, handle: &Handle) -> Option<Status> {
        let now = Self::of(handle).await.ok().filter(|now| now != self)?;
        let status = methods::status(handle).await.ok()?;
        *self = now;
        Some(status)
    }
}

/// Without the numbers: to the minute nobody needs to hear of it.
const fn kind(clock: Clock) -> Clock {
    match clock {
        Clock::Agrees { .. } => Clock::Agrees { others: 0 },
        Clock::Ahead { .. } => Clock::Ahead { minutes: 0, others: 0 },
        Clock::Behind { .. } => Clock::Behind { minutes: 0, others: 0 },
        other @ (Clock::Unknown | Clock::Disputed) => other,
    }
}
