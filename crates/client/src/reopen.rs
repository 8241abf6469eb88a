//! Opening an account on this machine where all its devices are lost: the server is asked for a code to the account's number, hands out
//! what the code opens, and the recovery phrase opens that.
//!
//! The device's keys are drawn first, since the code is for them alone, and are kept once the account is open. Until then the
//! directory has no device in it, and nothing was changed at the server.

use std::{io, path::Path, sync::Arc, time::Duration};

use lamplit_identity::RootKey;
use lamplit_node::{Address, ReopenError, Reopened, reopen, setup::DeviceSecrets};
use lamplit_store::{DataDir, DirError, InitError, Kept, KeyringChoice};
use lamplit_transport::{Address as TransportAddress, AddressError, DialError, Transport};
use lamplit_transport_quic::{ServerAddress, ServerTransport};
use lamplit_types::{AccountId, Channel, Class, DeviceId, Name, PhoneNumber, SmsCode};
use lamplit_wire::{
    FrameBuffer,
    server::{CodeOutcome, Down, Opening, ShowCode, Up, Verdict},
};
use tokio::{
    task::{JoinError, spawn_blocking},
    time::timeout,
};

use crate::{account::Opened, caller::Caller, clock::Clock, files::Folder, random::Random};

/// How long the server may take to answer; it sends a caller away soon after who is no device of an account.
const PATIENCE: Duration = Duration::from_secs(25);

/// An account that is being opened.
pub struct Reopening {
    dir: DataDir,
    secrets: DeviceSecrets,
    server: ServerAddress,
    transport: ServerTransport,
    number: PhoneNumber,
}

/// An account that was opened, with this device as one of its own.
#[derive(Debug)]
pub struct ReopenedAccount {
    /// The account.
    pub account: AccountId,
    /// This device.
    pub device: DeviceId,
    /// What contacts saw as the account's name.
    pub name: Name,
    /// Where this device's keys are.
    pub kept: Kept,
    /// The device, ready for [`Client::start`](crate::Client::start).
    pub opened: Opened,
}

/// What became of the wish for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeAsked {
    /// It is on its way.
    Sent,
    /// The server did not say. It may come.
    Unclear,
}

/// Why an account is not open. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReopenFailed {
    /// The directory cannot be used.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// The data cannot be kept, or a device is there already.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The server's address is none that can be dialled.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The server cannot be reached.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The operating system gives no randomness.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The server ended the connection, or says nothing.
    #[error("the server did not answer: try again")]
    Unanswered,
    /// The server said goodbye.
    #[error("the server does not go on now: try again in a minute")]
    SentAway,
    /// So many seconds have to pass first.
    #[error("no code may be sent to this number for another {0} seconds: try again then")]
    Wait(u32),
    /// No text can be sent there.
    #[error("no text can be sent to this number: is it right, and of a telephone?")]
    Unreachable,
    /// The text could not be sent.
    #[error("the server could not send the text: try again in a minute")]
    NotSent,
    /// It sends none.
    #[error("this server sends no codes, and so opens no account: ask whoever runs it")]
    Off,
    /// The code was wrong, and so many more may be tried.
    #[error("this code is wrong: {0} more can be tried")]
    WrongCode(u8),
    /// No code is open.
    #[error("this code is wrong or too old, and no other is open: begin again, which has a new one sent")]
    Gone,
    /// The code was right, and there is nothing to open.
    #[error(
        "the code was right, but no account can be opened by this number here: was another number or another server used? An account \
         is ready for this once a device of it with its number was connected to the server"
    )]
    Nothing,
    /// It does not open.
    #[error(transparent)]
    Reopen(#[from] ReopenError),
    /// The directory cannot be looked into.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Something was interrupted.
    #[error("the account was not opened: {0}")]
    Interrupted(#[from] JoinError),
}

impl Reopening {
    /// Begins, in a directory that holds no device. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// See [`ReopenFailed`].
    pub fn begin(path: &Path, server: ServerAddress, number: PhoneNumber) -> Result<Self, ReopenFailed> {
        let dir = DataDir::create(path)?;
        if dir.has_device()? {
            return Err(InitError::AlreadyThere(dir.path().to_path_buf()).into());
        }
        let secrets = DeviceSecrets::draw(Random::new()?.rng());
        let (transport, _) = ServerTransport::new(Arc::new(Caller(secrets.handshake_key())));
        Ok(Self { dir, secrets, server, transport, number })
    }

    /// Has a code sent to the number. Only this device can show it.
    ///
    /// # Errors
    /// See [`ReopenFailed`].
    pub async fn ask_code(&self) -> Result<CodeAsked, ReopenFailed> {
        let asks = Up::WantCode(self.number);
        let said = self.say(&asks, |down| match down {
            Down::Code(answer) => Some(answer.outcome),
            _ => None,
        });
        match said.await {
            Ok(CodeOutcome::Sent) => Ok(CodeAsked::Sent),
            Ok(CodeOutcome::Wait(seconds)) => Err(ReopenFailed::Wait(seconds)),
            Ok(CodeOutcome::Unreachable) => Err(ReopenFailed::Unreachable),
            Ok(CodeOutcome::Failed) => Err(ReopenFailed::NotSent),
            Ok(CodeOutcome::Off) => Err(ReopenFailed::Off),
            // A gateway may be slow.
            Err(ReopenFailed::Unanswered) => Ok(CodeAsked::Unclear),
            Err(error) => Err(error),
        }
    }

    /// Shows the code that came, and gets what the phrase opens.
    ///
    /// # Errors
    /// See [`ReopenFailed`]. After [`ReopenFailed::WrongCode`] another one can be tried.
    pub async fn show_code(&self, code: SmsCode) -> Result<Opening, ReopenFailed> {
        let shown = Up::Open(ShowCode { number: self.number, code });
        self.say(&shown, |down| match down {
            Down::Opening(opening) => Some(opening.map(|opening| *opening).ok_or(ReopenFailed::Nothing)),
            Down::Verdict(verdict) => Some(Err(match verdict.verdict {
                Verdict::Wrong(left @ 1..) => ReopenFailed::WrongCode(left),
                _ => ReopenFailed::Gone,
            })),
            _ => None,
        })
        .await?
    }

    /// Opens the account with the root key that follows from the recovery phrase.
    ///
    /// # Errors
    /// [`ReopenFailed::Reopen`], after which another phrase can be tried.
    pub fn open(&self, root: &RootKey, opening: &Opening, called: Name) -> Result<Reopened, ReopenFailed> {
        let server = Address(self.server.to_string());
        let now = Clock::start().now().wall;
        Ok(reopen(Random::new()?.rng(), now, &self.secrets, root, opening, (server, called))?)
    }

    /// Keeps the device of an account that was opened. What waits for it comes when it runs.
    ///
    /// # Errors
    /// See [`ReopenFailed`].
    pub async fn keep(self, reopened: Reopened, choice: KeyringChoice) -> Result<ReopenedAccount, ReopenFailed> {
        self.transport.shutdown().await;
        let Self { dir, secrets, .. } = self;
        let Reopened { account, name, writes } = reopened;
        let (secrets, files, (store, kept)) = spawn_blocking(move || {
            let files = Folder::new(dir.path().join("files"));
            let kept = lamplit_store::init(&dir, choice, &secrets.to_bytes(), writes)?;
            Ok::<_, InitError>((secrets, files, kept))
        })
        .await??;
        let device = secrets.device();
        Ok(ReopenedAccount { account, device, name, kept, opened: Opened { secrets, store, files } })
    }

    /// Says one thing to the server, and waits for what answers it.
    async fn say<T>(&self, frame: &Up, answer: impl Fn(Down) -> Option<T>) -> Result<T, ReopenFailed> {
        let address = TransportAddress::parse(&self.server.to_string())?;
        let mut connection = self.transport.dial(address).await?;
        let bytes = frame.encode().map_err(|_| ReopenFailed::Unanswered)?;
        let heard = async {
            let channel = Channel::Stream(Class::Control);
            connection.sender.send(channel, bytes).await.map_err(|_| ReopenFailed::Unanswered)?;
            let mut buffer = FrameBuffer::default();
            loop {
                let said = connection.receiver.receive().await;
                let (_, bytes) = said.ok_or(ReopenFailed::Unanswered)?;
                buffer.push(&bytes);
                while let Some(down) = buffer.pop::<Down>().map_err(|_| ReopenFailed::Unanswered)? {
                    if matches!(down, Down::Goodbye(_)) {
                        return Err(ReopenFailed::SentAway);
                    }
                    if let Some(answer) = answer(down) {
                        return Ok(answer);
                    }
                }
            }
        };
        let heard = timeout(PATIENCE, heard).await;
        connection.sender.close();
        heard.unwrap_or(Err(ReopenFailed::Unanswered))
    }
}

impl core::fmt::Debug for Reopening {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Reopening(…)")
    }
}
