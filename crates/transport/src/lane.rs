use core::fmt;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Pending, SendError};

/// Lanes that each side of a connection may have open at one time. Who wants a further one waits.
pub const LANES: u32 = 4;

/// Makes lanes: streams of bytes beside the channels of a connection, for what is large. They give way to the channels.
///
/// Nobody can open one to this side before [`Lanes::allow`], so that whoever has not proved who it is fills no window.
pub trait Lanes: Send + Sync {
    /// Lets the other side open lanes. Called once it has proved who it is.
    fn allow(&self);

    /// Opens a lane, once the other side allows it. The other side hears of it with its first byte.
    fn open(&self) -> Pending<'static, Result<Lane, SendError>>;

    /// The next lane that the other side opened; none once the connection has ended.
    fn accept(&self) -> Pending<'static, Option<Lane>>;
}

/// A stream of bytes each way. A half that is dropped ends; bytes that are not read hold up the other side.
pub struct Lane {
    /// What the other side sends.
    pub reader: Box<dyn AsyncRead + Send + Sync + Unpin>,
    /// What it receives.
    pub writer: Box<dyn AsyncWrite + Send + Sync + Unpin>,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").finish_non_exhaustive()
    }
}
