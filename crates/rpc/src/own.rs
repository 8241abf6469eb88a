//! What the status says of this device itself, for which the device has no events: it is looked at again and again, for whoever
//! listens.

use lamplit_client::{Handle, view};

use crate::{api::Status, convert, frame::Error, methods};

/// The status without what other events tell, as it was told last.
#[derive(PartialEq, Eq)]
pub(crate) struct Own(Status);

impl Own {
    pub(crate) async fn of(handle: &Handle) -> Result<Self, Error> {
        let me = handle.read(view::me).await?;
        Ok(Self(Status { near: Vec::new(), ..convert::status(handle, &me, 0, 0) }))
    }

    /// The whole status, if this part of it is not what it was. What cannot be read now is told the next time.
    pub(crate) async fn changed(&mut self, handle: &Handle) -> Option<Status> {
        let now = Self::of(handle).await.ok().filter(|now| now != self)?;
        let status = methods::status(handle).await.ok()?;
        *self = now;
        Some(status)
    }
}
