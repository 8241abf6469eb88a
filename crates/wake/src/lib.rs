//! Wakes devices that are away, so that they come and fetch what waits for them: over Web Push (RFC 8030), UnifiedPush,
//! Google's FCM or Apple's APNs.
//!
//! A push service learns that somebody's device is to wake, and nothing of what for: all that is sent to one kind of
//! [`Target`] is the same for everybody and has one length. A [`Config`], as it stands in the server's file, opens a
//! [`Sender`]; what becomes of a wake is one of four ([`Answer`]). [`Alarm`] stands before it: it wakes nobody twice in a
//! while, puts many wakes together into one, and tries again what a push service could not take.
//! No error, log or `Debug` output tells an address, a token or a key.
//!
//! ```
//! use lamplit_wake::{Answer, Config, Refusal, Sender, Target, VapidKey, ApnsTarget};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let config: Config = toml::from_str(r#"vapid_subject = "mailto:push@lamp.example""#)?;
//! let sender = config.open(VapidKey::generate()?)?;
//! let iphone = Target::Apns(ApnsTarget::parse("c0ffee00c0ffee00", "org.example.lamp")?);
//! // Nobody set up APNs.
//! assert_eq!(sender.wake(&iphone).await, Answer::Refused(Refusal::Off));
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alarm;
mod answer;
mod apns;
mod client;
mod config;
mod fcm;
mod file;
mod jwt;
pub mod limits;
mod reach;
#[cfg(any(test, feature = "receiver"))]
pub mod receiver;
mod rounds;
mod seal;
mod service;
mod target;
mod vapid;
mod web_push;

use core::pin::Pin;

pub use alarm::{Alarm, Book};
pub use answer::{Answer, Cause, Refusal};
pub use config::{ApnsConfig, Config, ConfigError, FcmConfig};
pub use reach::Reach;
pub use service::Service;
pub use target::{ApnsTarget, Endpoint, FcmToken, Target, TargetError, UnifiedPush, WebPush};
pub use vapid::{KeyError, Subject, VapidKey};

/// A boxed future, so that the traits here can be used as objects.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A push service, or all of them: wakes what `T` names.
pub trait Sender<T: ?Sized = Target>: Send + Sync {
    /// Asks the push service to wake `target`: done when it has taken that, not when the device is awake. It ends by
    /// itself, also when the service never answers. A wake that comes twice does no harm.
    fn wake<'a>(&'a self, target: &'a T) -> Pending<'a, Answer>;
}
