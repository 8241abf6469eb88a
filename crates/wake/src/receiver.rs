//! A push service for tests: it speaks HTTPS, with HTTP/2, opens and checks all it gets as the services of the web, of Google
//! and of Apple do, and answers as it was told to. Its certificate is for `localhost` and trusted by nobody who does not
//! name its file.

mod checks;
mod device;
mod files;
mod serving;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tempfile::TempDir;
use tokio::task::JoinSet;

pub use device::Device;

use crate::{ApnsConfig, ApnsTarget, Config, FcmConfig, FcmToken, TargetError};

/// Something could not be set up.
pub type SetupError = Box<dyn std::error::Error + Send + Sync>;

/// A running push service. It ends when it is dropped.
pub struct Receiver {
    port: u16,
    folder: TempDir,
    state: Arc<State>,
    _serving: JoinSet<()>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Heard {
    /// `HTTP/2.0` or `HTTP/1.1`.
    pub version: String,
    /// The path.
    pub path: String,
    /// The headers, their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// How a request is answered, instead of by what is right.
#[derive(Clone, Debug)]
pub enum Order {
    /// With this status, these headers and this body.
    Say(u16, Vec<(&'static str, String)>, &'static str),
    /// Not at all.
    Silence,
}

#[derive(Default)]
struct State {
    heard: Mutex<Vec<Heard>>,
    orders: Mutex<VecDeque<Order>>,
    granted: Mutex<u32>,
    keys: Mutex<Option<files::Keys>>,
    url: Mutex<String>,
}

impl Receiver {
    /// Starts one.
    ///
    /// # Errors
    /// If there is no port, or no key.
    pub async fn start() -> Result<Self, SetupError> {
        let folder = tempfile::tempdir()?;
        let state = Arc::new(State::default());
        let (port, serving) = serving::start(&folder.path().join("ca.pem"), state.clone()).await?;
        let url = format!("https://localhost:{port}");
        let keys = files::write(folder.path(), &url)?;
        *lock(&state.keys) = Some(keys);
        *lock(&state.url) = url;
        Ok(Self { port, folder, state, _serving: serving })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What opens a sender to it, for all four kinds of targets.
    pub fn config(&self) -> Config {
        let file = |name: &str| self.folder.path().join(name);
        Config {
            vapid_subject: "mailto:push@lamp.example".parse().ok(),
            inner: true,
            ca: Some(file("ca.pem")),
            fcm: Some(FcmConfig { file: file("account.json"), url: Some(self.url()) }),
            apns: Some(ApnsConfig {
                file: file("apns.p8"),
                key_id: files::KEY_ID.to_owned(),
                team_id: files::TEAM_ID.to_owned(),
                topic: files::TOPIC.to_owned(),
                sandbox: false,
                url: Some(self.url()),
            }),
        }
    }

    /// A device with Android.
    ///
    /// # Errors
    /// Never.
    pub fn android(&self) -> Result<FcmToken, TargetError> {
        FcmToken::parse("dQw4:APA91bH-a_z")
    }

    /// A device with iOS.
    ///
    /// # Errors
    /// Never.
    pub fn iphone(&self) -> Result<ApnsTarget, TargetError> {
        ApnsTarget::parse(&"5E".repeat(32), files::TOPIC)
    }

    /// The next requests are answered so, one by one; those for tokens are not among them.
    pub fn order(&self, orders: impl IntoIterator<Item = Order>) {
        lock(&self.state.orders).extend(orders);
    }

    /// All requests that came, those for tokens too.
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.state.heard).clone()
    }

    /// How many tokens were given to who asked with a good word.
    pub fn granted(&self) -> u32 {
        *lock(&self.state.granted)
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
