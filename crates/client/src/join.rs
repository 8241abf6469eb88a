//! Making this machine a device of an account that is on another one, by a link code.

use std::{io, path::Path, time::Duration};

use lamplit_identity::{LinkCode, LinkCodeError};
use lamplit_node::{
    JoinError, Joined, Joiner, ReadError,
    setup::{self, DeviceSecrets, SecretsError, SetupError},
    view,
};
use lamplit_store::{CommitError, DataDir, DirError, InitError, KeyError, KeyringChoice, OpenError, Store, keys};
use lamplit_transport::{Address, Connection, Transport};
use lamplit_transport_quic::{Config, QuicTransport, StartError as NetworkError};
use lamplit_types::{Name, Now};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};

use crate::{account::Opened, clock::Clock, files::Folder, random::Random};

/// How often each address in a code is tried.
const ROUNDS: u32 = 3;
/// How long the other device may take to say something.
const SILENCE: Duration = Duration::from_secs(15);
/// How long to wait before all addresses are tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Why this machine is no device of the account yet. What was begun is kept: the same again goes on with it.
#[derive(Debug, thiserror::Error)]
pub enum JoinFailed {
    /// The code.
    #[error(transparent)]
    Code(#[from] LinkCodeError),
    /// The directory cannot be used.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// The data cannot be kept, or a device is there already.
    #[error(transparent)]
    Init(#[from] InitError),
    /// What was begun cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its keys cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its keys are none.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The device cannot be made.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// It cannot be kept.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The operating system gives no randomness.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The other side said no, or is not who it should be.
    #[error(transparent)]
    Refused(JoinError),
    /// Nobody answered.
    #[error(
        "the other device does not answer: is `lamplit run` running there, `lamplit link` waiting, and are both on one network?"
    )]
    Unreachable,
    /// Something was interrupted.
    #[error("the account was not joined: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
    /// The system's clock or the like.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What this machine holds before it joins.
enum Begun {
    /// A device that has to ask.
    Asking(Box<Joiner>, Store, Folder),
    /// A device of the account already, which lacks what was said before.
    There(Box<Opened>),
}

/// Makes this machine a device of the account that shows `text`, a link code, and returns it ready to start. It still
/// lacks what was said before; that comes when it runs.
///
/// # Errors
/// See [`JoinFailed`].
pub async fn join(path: &Path, text: &str, called: Name, choice: KeyringChoice) -> Result<Opened, JoinFailed> {
    let clock = Clock::start();
    let code = LinkCode::parse(text, clock.now().wall)?;
    let path = path.to_path_buf();
    let begun = spawn_blocking(move || begin(&path, &code, called, choice)).await??;
    match begun {
        Begun::There(opened) => Ok(*opened),
        Begun::Asking(joiner, store, files) => ask(*joiner, store, files, clock).await,
    }
}

fn begin(path: &Path, code: &LinkCode, called: Name, choice: KeyringChoice) -> Result<Begun, JoinFailed> {
    let dir = DataDir::create(path)?;
    let files = Folder::new(dir.path().join("files"));
    let mut random = Random::new()?;
    if !dir.has_device()? {
        let new = setup::joining_device(random.rng(), code, called)?;
        let (store, _) = lamplit_store::init(&dir, choice, &new.secrets.to_bytes(), new.writes)?;
        return joiner(new.secrets, store, files)?
            .ok_or_else(|| InitError::AlreadyThere(dir.path().to_path_buf()).into());
    }
    let store = Store::open(&dir)?;
    let (bytes, _) = keys::load(&dir)?;
    let secrets = DeviceSecrets::from_bytes(&bytes)?;
    let snapshot = store.snapshot()?;
    if Joiner::open(DeviceSecrets::from_bytes(&bytes)?, &snapshot)?.is_some() {
        // Begun before, perhaps with another code: the keys stay.
        drop(snapshot);
        store.commit(setup::join_by(random.rng(), &secrets, code, called)?)?;
        return joiner(secrets, store, files)?.ok_or_else(|| InitError::AlreadyThere(dir.path().to_path_buf()).into());
    }
    let lacks_past = view::lacks_past(&snapshot)? && view::me(&snapshot)?.account == code.account;
    drop(snapshot);
    if lacks_past {
        return Ok(Begun::There(Box::new(Opened { secrets, store, files })));
    }
    Err(InitError::AlreadyThere(dir.path().to_path_buf()).into())
}

fn joiner(secrets: DeviceSecrets, store: Store, files: Folder) -> Result<Option<Begun>, JoinFailed> {
    let joiner = Joiner::open(secrets, &store.snapshot()?)?;
    Ok(joiner.map(|joiner| Begun::Asking(Box::new(joiner), store, files)))
}

async fn ask(mut joiner: Joiner, store: Store, files: Folder, clock: Clock) -> Result<Opened, JoinFailed> {
    let mut random = Random::new()?;
    let (transport, _happenings) = QuicTransport::start(Config { discovery: false, ..Config::default() })?;
    let mut last = JoinFailed::Unreachable;
    'rounds: for round in 0..ROUNDS {
        if round > 0 {
            sleep(PAUSE).await;
        }
        for address in joiner.addresses() {
            let Ok(dialled) = Address::parse(&address.0) else { continue };
            let Ok(connection) = transport.dial(dialled).await else { continue };
            match talk(&mut joiner, connection, address, clock, &mut random).await {
                Ok(writes) => {
                    let store = spawn_blocking(move || store.commit(writes).map(|()| store)).await??;
                    transport.shutdown().await;
                    return Ok(Opened { secrets: joiner.into_secrets(), store, files });
                }
                // Another address, or another time, may do.
                Err(JoinError::Broken) => {}
                Err(JoinError::Impostor) => last = JoinFailed::Refused(JoinError::Impostor),
                Err(error) => {
                    last = JoinFailed::Refused(error);
                    break 'rounds;
                }
            }
        }
    }
    transport.shutdown().await;
    Err(last)
}

/// Asks over one connection.
async fn talk(
    joiner: &mut Joiner,
    mut connection: Connection,
    address: lamplit_node::Address,
    clock: Clock,
    random: &mut Random,
) -> Result<Vec<lamplit_node::Write>, JoinError> {
    let now: Now = clock.now();
    random.reseed();
    let mut joined = joiner.connected(now, random.rng(), connection.pipe, address)?;
    loop {
        let Joined { send, writes } = joined;
        for (channel, bytes) in send {
            connection.sender.send(channel, bytes).await.map_err(|_| JoinError::Broken)?;
        }
        if let Some(writes) = writes {
            connection.sender.close();
            return Ok(writes);
        }
        let heard = timeout(SILENCE, connection.receiver.receive()).await;
        let Ok(Some((channel, bytes))) = heard else { return Err(JoinError::Broken) };
        joined = joiner.received(clock.now(), random.rng(), channel, &bytes)?;
    }
}
