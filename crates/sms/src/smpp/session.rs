//! The connection to a message centre: made, signed in, kept, and made again.

use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use std::{collections::BTreeMap, sync::Arc};

use futures_util::{SinkExt, StreamExt};
use rusmpp::{
    Command, CommandId, CommandStatus, Pdu,
    pdus::{BindTransceiver, DeliverSmResp, SubmitSm},
    tokio_codec::{CommandCodec, DecodeError},
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_rustls::TlsConnector;
use tokio_util::codec::Framed;

use super::answer;
use crate::{Cause, SendError, backoff::Backoff, limits};

/// A part of a text to hand over.
pub(super) struct Job {
    pub(super) submit: SubmitSm,
    /// Set before the first byte of it may leave.
    pub(super) given: Arc<AtomicBool>,
    pub(super) answer: oneshot::Sender<Result<(), SendError>>,
}

/// A message centre and how it is dealt with.
pub(super) struct Place {
    pub(super) way: Way,
    pub(super) bind: BindTransceiver,
    pub(super) at_once: usize,
    pub(super) answer: Duration,
    pub(super) enquire: Duration,
}

/// The way to it.
pub(super) struct Way {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<(TlsConnector, ServerName<'static>)>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Commands = Framed<Box<dyn Stream>, CommandCodec>;

/// Keeps a connection up until nobody can want one any more.
pub(super) async fn keep(place: Place, mut jobs: mpsc::Receiver<Job>) {
    let mut backoff = Backoff::new(limits::RECONNECT, limits::RECONNECT_MOST);
    let mut first = None;
    loop {
        let began = Instant::now();
        let mut was_good = false;
        let error = match place.connect().await {
            Ok(commands) => {
                tracing::info!("signed in at the message centre");
                let mut session = Session::new(&place, commands);
                let Some(cause) = session.run(first.take(), &mut jobs).await else { return };
                was_good = session.was_good;
                SendError::Unreachable(cause)
            }
            Err(error) => {
                refuse(first.take(), &mut jobs, error);
                error
            }
        };
        if was_good {
            backoff.reset();
        }
        let pause = backoff.pause();
        tracing::warn!(%error, ?pause, "no connection to the message centre");
        match rest(&mut jobs, began, pause, error).await {
            Some(job) => first = job,
            None => return,
        }
    }
}

/// Waits before the next connection: a text that comes makes the pause a short one, unless the centre refuses us, which
/// it will again. Then the job, or nothing when nobody can want a connection any more.
async fn rest(
    jobs: &mut mpsc::Receiver<Job>,
    began: Instant,
    pause: Duration,
    error: SendError,
) -> Option<Option<Job>> {
    let ends = Instant::now() + pause;
    loop {
        tokio::select! {
            () = sleep_until(ends) => return Some(None),
            job = jobs.recv() => {
                let job = job?;
                if error.is_permanent() {
                    let _ = job.answer.send(Err(error));
                    continue;
                }
                sleep_until(ends.min(began + limits::RECONNECT)).await;
                return Some(Some(job));
            }
        }
    }
}

/// Tells all who wait that nothing comes of it.
fn refuse(first: Option<Job>, jobs: &mut mpsc::Receiver<Job>, error: SendError) {
    let waiting = core::iter::from_fn(|| jobs.try_recv().ok());
    for job in first.into_iter().chain(waiting) {
        // Whoever waits no longer needs no answer.
        let _ = job.answer.send(Err(error));
    }
}

impl Place {
    /// Connects and signs in.
    async fn connect(&self) -> Result<Commands, SendError> {
        let silent = |_| SendError::Unreachable(Cause::Silence);
        let stream = timeout(limits::CONNECT, self.way.open()).await.map_err(silent)??;
        let mut commands = Framed::new(stream, CommandCodec::new().with_max_length(limits::COMMAND_BYTES));
        timeout(limits::CONNECT, self.sign_in(&mut commands)).await.map_err(silent)??;
        Ok(commands)
    }

    async fn sign_in(&self, commands: &mut Commands) -> Result<(), SendError> {
        let closed = SendError::Unreachable(Cause::Closed);
        let bind = Command::new(CommandStatus::EsmeRok, 1, self.bind.clone());
        commands.send(&bind).await.map_err(|_| closed)?;
        loop {
            let command =
                commands.next().await.ok_or(closed)?.map_err(|error| SendError::Unreachable(cause(&error)))?;
            match command.id() {
                CommandId::BindTransceiverResp | CommandId::GenericNack => {
                    // Whatever else it says of a sign-in, it has to do with no text.
                    return answer::result(command.status()).map_err(|error| match error {
                        SendError::Refused(cause) | SendError::Number(cause) => SendError::Unauthorised(cause),
                        error => error,
                    });
                }
                // It is in a hurry to know whether we are there.
                CommandId::EnquireLink => {
                    let reply = Command::new(CommandStatus::EsmeRok, command.sequence_number(), Pdu::EnquireLinkResp);
                    commands.send(&reply).await.map_err(|_| closed)?;
                }
                _ => {}
            }
        }
    }
}

impl Way {
    async fn open(&self) -> Result<Box<dyn Stream>, SendError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|_| SendError::Unreachable(Cause::Connect))?;
        // A text is one small packet.
        let _ = stream.set_nodelay(true);
        let Some((tls, name)) = &self.tls else { return Ok(Box::new(stream)) };
        let stream = tls.connect(name.clone(), stream).await.map_err(|_| SendError::Unreachable(Cause::Secure))?;
        Ok(Box::new(stream))
    }
}

/// A signed-in connection.
struct Session<'p> {
    place: &'p Place,
    commands: Commands,
    next: u32,
    /// Whose answers are to come, by sequence number: as many as may be under way at once.
    waiting: BTreeMap<u32, (oneshot::Sender<Result<(), SendError>>, Instant)>,
    /// Whether the centre ever answered something but the sign-in: after such a connection the pauses begin anew.
    was_good: bool,
    /// When the centre was last heard.
    heard: Instant,
    /// The question whether it is there, and since when it is open.
    enquiry: Option<(u32, Instant)>,
}

impl<'p> Session<'p> {
    fn new(place: &'p Place, commands: Commands) -> Self {
        let (waiting, heard) = (BTreeMap::new(), Instant::now());
        Self { place, commands, next: 2, waiting, was_good: false, heard, enquiry: None }
    }

    /// Goes on until the connection ends, and says why; nothing when nobody wants it any more.
    async fn run(&mut self, first: Option<Job>, jobs: &mut mpsc::Receiver<Job>) -> Option<Cause> {
        let mut tick = interval(Duration::from_millis(500));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if let Some(job) = first
            && let Err(cause) = self.submit(job).await
        {
            return Some(cause);
        }
        loop {
            let has_room = self.waiting.len() < self.place.at_once;
            let step = tokio::select! {
                command = self.commands.next() => match command {
                    Some(Ok(command)) => self.hear(command).await,
                    Some(Err(error)) => Err(cause(&error)),
                    None => Err(Cause::Closed),
                },
                job = jobs.recv(), if has_room => match job {
                    Some(job) => self.submit(job).await,
                    None => {
                        self.leave().await;
                        return None;
                    }
                },
                _ = tick.tick() => self.look_after().await,
            };
            // Whose answers are still to come learn it by their senders being dropped.
            if let Err(cause) = step {
                return Some(cause);
            }
        }
    }

    async fn submit(&mut self, job: Job) -> Result<(), Cause> {
        // In this order: whoever gives up closes first and looks at this then.
        job.given.store(true, Ordering::SeqCst);
        if job.answer.is_closed() {
            return Ok(());
        }
        let number = self.number();
        self.waiting.insert(number, (job.answer, Instant::now()));
        self.write(Command::new(CommandStatus::EsmeRok, number, job.submit)).await
    }

    async fn hear(&mut self, command: Command) -> Result<(), Cause> {
        self.heard = Instant::now();
        let (status, number) = (command.status(), command.sequence_number());
        match (command.id(), command.pdu()) {
            (CommandId::SubmitSmResp | CommandId::GenericNack, _) => {
                if let Some((answer, _)) = self.waiting.remove(&number) {
                    self.was_good = true;
                    let _ = answer.send(answer::result(status));
                } else {
                    tracing::debug!("the message centre answered what nobody waits for");
                }
                // It has forgotten who we are.
                if status == CommandStatus::EsmeRinvbndsts { Err(Cause::Smpp(status.into())) } else { Ok(()) }
            }
            (CommandId::EnquireLinkResp, _) => {
                self.was_good = true;
                self.enquiry = self.enquiry.filter(|(asked, _)| *asked != number);
                Ok(())
            }
            (CommandId::EnquireLink, _) => self.reply(number, Pdu::EnquireLinkResp).await,
            (CommandId::DeliverSm, pdu) => {
                if let Some(Pdu::DeliverSm(delivered)) = pdu {
                    answer::note_receipt(delivered);
                }
                self.reply(number, Pdu::from(DeliverSmResp::default())).await
            }
            (CommandId::Unbind, _) => {
                self.reply(number, Pdu::UnbindResp).await?;
                Err(Cause::Closed)
            }
            // Whatever else it asks, we know nothing of it; whatever else it answers, nobody asked.
            (id, _) if u32::from(id) & 0x8000_0000 == 0 => {
                self.write(Command::new(CommandStatus::EsmeRinvcmdid, number, Pdu::GenericNack)).await
            }
            _ => Ok(()),
        }
    }

    /// Gives up on answers that are overdue, and asks a silent centre whether it is there.
    async fn look_after(&mut self) -> Result<(), Cause> {
        let is_overdue = |since: Instant| since.elapsed() > self.place.answer;
        let overdue: Vec<_> =
            self.waiting.iter().filter(|(_, (_, since))| is_overdue(*since)).map(|(n, _)| *n).collect();
        for number in overdue {
            if let Some((answer, _)) = self.waiting.remove(&number) {
                let _ = answer.send(Err(SendError::Unclear(Cause::Silence)));
            }
        }
        match self.enquiry {
            Some((_, since)) if since.elapsed() > self.place.answer => Err(Cause::Silence),
            None if self.heard.elapsed() > self.place.enquire => {
                let number = self.number();
                self.enquiry = Some((number, Instant::now()));
                self.write(Command::new(CommandStatus::EsmeRok, number, Pdu::EnquireLink)).await
            }
            _ => Ok(()),
        }
    }

    async fn leave(&mut self) {
        let number = self.number();
        let goodbye = async {
            self.write(Command::new(CommandStatus::EsmeRok, number, Pdu::Unbind)).await?;
            while let Some(Ok(command)) = self.commands.next().await {
                if command.id() == CommandId::UnbindResp {
                    break;
                }
            }
            Ok::<_, Cause>(())
        };
        // Whether it hears that or not, the connection ends.
        let _ = timeout(limits::GOODBYE, goodbye).await;
    }

    async fn reply(&mut self, number: u32, pdu: Pdu) -> Result<(), Cause> {
        self.write(Command::new(CommandStatus::EsmeRok, number, pdu)).await
    }

    async fn write(&mut self, command: Command) -> Result<(), Cause> {
        match timeout(limits::WRITE, self.commands.send(&command)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Cause::Closed),
            Err(_) => Err(Cause::Silence),
        }
    }

    /// The next sequence number: 1 to 0x7FFFFFFF (SMPP 3.4, 3.2).
    fn number(&mut self) -> u32 {
        let number = self.next;
        self.next = if number == 0x7FFF_FFFF { 1 } else { number + 1 };
        number
    }
}

fn cause(error: &DecodeError) -> Cause {
    if matches!(error, DecodeError::Io(_)) { Cause::Closed } else { Cause::Garbled }
}
