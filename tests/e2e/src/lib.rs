//! Real daemons in network namespaces of their own, joined by virtual cables: what the tests of whole hosts stand on.
//!
//! A [`Lan`] is a namespace for each host and one for the bridge between them, or for several; a [`Device`] is a data
//! directory and, while it runs, a daemon in one of them. Both clean up when they are dropped, and a `Lan` also what a test
//! that was killed has left behind. Nothing here leaves the machine. It needs root and iproute2, and says so where they are
//! missing.

mod acquainted;
mod browser;
mod clock;
mod demo;
mod device;
mod disk;
mod files;
mod flood;
mod gateway;
mod impostor;
mod lan;
mod picture;
mod program;
mod qr;
mod recorder;
mod relay;
mod running;
mod screen;
mod search;
mod server;

pub use acquainted::{acquainted, acquainted_by, started, three};
pub use browser::Browser;
pub use clock::Clock;
pub use demo::Demo;
pub use device::{Device, Memory, Refused};
pub use disk::Disk;
pub use files::{AHEAD, on_the_cable};
pub use flood::Flood;
pub use gateway::{code, gateway, use_gateway};
pub use impostor::Impostor;
pub use lan::{Carried, GROUP, Host, Lan, Lost, Network};
pub use picture::{look, picture};
pub use program::{lamplit, run};
pub use qr::scanned;
pub use recorder::{Datagram, Recorder, Recording};
pub use relay::Relay;
pub use running::Running;
pub use screen::Screen;
pub use search::{Secret, canary, nothing_of, within_code, within_it};
pub use server::Server;

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// How long something that must happen may take on a busy machine. It is a limit, not a measurement.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until `question` has an answer.
///
/// # Errors
/// That of `question`, or when nothing came within [`PATIENCE`].
pub fn eventually<T>(what: &str, question: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    within(PATIENCE, what, question)
}

/// The same, with another limit.
///
/// # Errors
/// That of `question`, or when nothing came within `limit`.
pub fn within<T>(limit: Duration, what: &str, mut question: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = question()? {
            return Ok(answer);
        }
        if Instant::now() > end {
            bail!("waited {} s in vain: {what}", limit.as_secs());
        }
        sleep(Duration::from_millis(50));
    }
}
