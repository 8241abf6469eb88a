//! Sends short texts to telephone numbers: through whatever HTTP gateway a provider offers, over SMPP to a message
//! centre, or, in development, into the log.
//!
//! A [`Config`], as it stands in the server's file, opens a [`Sender`]. A text may cost money and may not come twice,
//! so whatever fails says whether it lasts ([`SendError::is_permanent`]) and whether the text may be on its way all the
//! same ([`SendError::may_have_been_sent`]). A sender tries again by itself only what certainly was not taken.
//! No error, log or `Debug` output tells a number, a text or a password; only the sender for development writes texts.
//!
//! ```
//! use lamplit_sms::Config;
//! use lamplit_types::PhoneNumber;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let config: Config = toml::from_str(r#"kind = "log""#)?;
//! let sender = config.open()?;
//! sender.send(&PhoneNumber::parse("+8613800138000")?, "Lamplit: your code is 123456").await?;
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backoff;
mod config;
mod error;
mod http;
#[cfg(any(test, feature = "kannel"))]
pub mod kannel;
pub mod limits;
mod log;
mod queue;
mod secret;
mod smpp;
mod template;
mod text;
mod tls;

use core::pin::Pin;

use lamplit_types::PhoneNumber;

pub use config::{Config, ConfigError, LogConfig};
pub use error::{Cause, SendError};
pub use http::{BodyAs, HttpConfig, Method, Success};
pub use secret::Secret;
pub use smpp::SmppConfig;

/// A boxed future, so that the trait here can be used as an object.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends texts to telephones.
pub trait Sender: Send + Sync {
    /// Sends `text` to `to`: done when the gateway has taken it, not when the telephone has it. It ends by itself, also
    /// when the gateway never answers. When it is dropped before it ends, the text may be sent or not.
    ///
    /// # Errors
    /// [`SendError`] says what to do.
    fn send<'a>(&'a self, to: &'a PhoneNumber, text: &'a str) -> Pending<'a, Result<(), SendError>>;
}
