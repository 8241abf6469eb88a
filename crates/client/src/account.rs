//! Making an account on this device, and opening it.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use lamplit_identity::{Cost, Phrase};
use lamplit_node::setup::{self, DeviceSecrets, SecretsError, SetupError};
use lamplit_store::{InitError, KeyError, OpenError, Store, keys};
use lamplit_types::{AccountId, DeviceId, Name, Wall};

use crate::{files::Folder, random::Random};

pub use lamplit_store::{DataDir, DirError, Kept, KeyringChoice, SocketPathError};

/// A new account.
#[derive(Debug)]
pub struct Created {
    /// The account.
    pub account: AccountId,
    /// This device.
    pub device: DeviceId,
    /// The words that open the account on an empty device. They are kept nowhere: show them once.
    pub phrase: Phrase,
    /// Where this device's keys are.
    pub kept: Kept,
}

/// An account's device, ready for [`Client::start`](crate::Client::start).
#[derive(Debug)]
pub struct Opened {
    /// Its keys.
    pub secrets: DeviceSecrets,
    /// Its database.
    pub store: Store,
    /// Where its files are kept.
    pub files: Folder,
}

/// Why no account was made. Nothing is left behind but perhaps an empty directory.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The directory cannot be used.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// The data cannot be kept, or is there already.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The keys cannot be made.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The operating system gives no randomness.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// Why an account does not open. It was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The directory cannot be used, or another daemon has it.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The keys cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The keys are none.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

/// Makes an account with this device as its first, in a directory that has none. Takes about a second, because the
/// recovery phrase is stretched.
///
/// # Errors
/// See [`CreateError`].
pub fn create(path: &Path, name: Name, choice: KeyringChoice) -> Result<Created, CreateError> {
    let dir = DataDir::create(path)?;
    // Asked first, so that the refusal does not take a second.
    if dir.has_device().is_ok_and(|there| there) {
        return Err(InitError::AlreadyThere(dir.path().to_path_buf()).into());
    }
    let mut random = Random::new()?;
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Wall(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
    let (new, phrase) = setup::first_device(random.rng(), now, name, Cost::STANDARD)?;
    let new = match host_name() {
        Some(name) => new.called(name)?,
        None => new,
    };
    let (_, kept) = lamplit_store::init(&dir, choice, &new.secrets.to_bytes(), new.writes)?;
    Ok(Created { account: new.account, device: new.device, phrase, kept })
}

/// What a device is called unless its owner says otherwise: the name of its host, if it has one that can be shown.
pub fn host_name() -> Option<Name> {
    let name =
        std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::fs::read_to_string("/etc/hostname"));
    name.ok().and_then(|name| Name::parse(name.trim()).ok())
}

/// Opens the account in a directory and keeps every other process out of it. Waits if the keyring asks for its password.
///
/// # Errors
/// See [`AccountError`].
pub fn open(path: &Path) -> Result<Opened, AccountError> {
    let dir = DataDir::open(path)?;
    let store = Store::open(&dir)?;
    let (bytes, _) = keys::load(&dir)?;
    let files = Folder::new(dir.path().join("files"));
    Ok(Opened { secrets: DeviceSecrets::from_bytes(&bytes)?, store, files })
}
