use std::sync::Arc;
use std::time::Duration;

use lamplit_service::{Sent, Service, Session, Store, Turn};
use lamplit_tls::peer_key;
use lamplit_types::{DeviceId, PhoneNumber};
use lamplit_wire::server::{Down, Goodbye, Up};
use lamplit_wire::{DecodeError, FrameBuffer};
use quinn::{RecvStream, SendStream, VarInt};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::admission::network;
use crate::clock::Clock;
use crate::hub::{Bell, Hub, Seat};
use crate::limits;
use crate::losses::Losses;
use crate::metrics::Metrics;
use crate::texts::Texts;

/// One side is done.
pub(crate) const DONE: VarInt = VarInt::from_u32(0);

/// What all connections share.
pub(crate) struct Shared<S> {
    pub(crate) service: Service<S>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    /// Sends codes to telephones.
    pub(crate) texts: Arc<Texts>,
}

/// What a device said.
enum Heard {
    Frames(Vec<Up>),
    /// Nothing that may be said.
    Malformed,
    /// No more.
    End,
}

/// Serves one connection to its end.
pub(crate) async fn serve<S: Store>(
    shared: Arc<Shared<S>>,
    connection: quinn::Connection,
    stopping: watch::Receiver<bool>,
) {
    let device = peer_key(&connection).map(DeviceId::from_bytes);
    let stream = timeout(limits::WELCOME_TIMEOUT, connection.accept_bi()).await;
    if let (Some(device), Ok(Ok((mut say, hear)))) = (device, stream) {
        let session = Session::new(device).from_network(network(connection.remote_address().ip()));
        let mut talk = Talk {
            shared,
            session,
            hear,
            heard: FrameBuffer::default(),
            bell: Arc::new(Bell::of(connection.clone())),
            losses: Losses::of(connection.clone()),
            seat: None,
            texting: JoinSet::new(),
        };
        talk.run(&mut say, stopping).await;
        // What was counted is sent, also if nobody waits for it any more.
        talk.texting.detach_all();
        // Its seat is free before the last words are: they may take a while.
        drop(talk);
        last_words(say).await;
    }
    connection.close(DONE, b"");
}

/// What a connection and its session say to each other.
struct Talk<S> {
    shared: Arc<Shared<S>>,
    session: Session,
    hear: RecvStream,
    heard: FrameBuffer,
    bell: Arc<Bell>,
    losses: Losses,
    /// Taken once the device is welcome.
    seat: Option<Seat>,
    /// Codes on their way to telephones. Whatever else the device says does not wait for them.
    texting: JoinSet<(PhoneNumber, Sent)>,
}

impl<S: Store> Talk<S> {
    async fn run(&mut self, say: &mut SendStream, mut stopping: watch::Receiver<bool>) {
        let patience = Instant::now() + limits::WELCOME_TIMEOUT;
        // When there is something to do that nobody rings for.
        let mut again: Option<Instant> = None;
        loop {
            let (service, clock) = (&self.shared.service, self.shared.clock);
            // A turn goes by the time at which it begins, not by that at which it was begun to wait for it.
            // Nothing is lost where another branch is faster.
            let turn = tokio::select! {
                () = stopped(&mut stopping) => self.session.stop(),
                () = self.bell.newer.notified() => goodbye(Goodbye::Newer),
                () = sleep_until(patience), if self.seat.is_none() => return,
                () = self.bell.news.notified(), if self.seat.is_some() => {
                    self.session.pump(service, clock.now()).await
                }
                () = self.bell.packets.notified() => {
                    self.losses.watch();
                    continue;
                }
                () = self.losses.due() => {
                    let lost = self.losses.look();
                    if !self.bell.take_unsent() && !lost {
                        continue;
                    }
                    self.session.packets_lost()
                }
                () = sleep_until(again.unwrap_or(patience)), if again.is_some() => {
                    again = None;
                    self.session.pump(service, clock.now()).await
                }
                Some(Ok((number, sent))) = self.texting.join_next() => self.session.text_sent(number, sent),
                heard = next(&mut self.hear, &mut self.heard) => match heard {
                    Heard::Frames(frames) => self.session.take(service, clock.now(), frames).await,
                    Heard::Malformed => goodbye(Goodbye::Rules),
                    Heard::End => return,
                },
            };
            // First of all: others do not wait for a slow device.
            self.shared.hub.wake(&turn.wake);
            self.shared.hub.light(turn.lamps);
            if let Some(millis) = turn.again {
                again = Instant::now().checked_add(Duration::from_millis(millis));
            }
            if turn.welcomed {
                self.seat = Some(self.shared.hub.sit(self.session.device(), self.bell.clone()));
                // What came before it had a seat rang no bell, and was not sent.
                self.bell.news.notify_one();
                self.bell.was_not_sent();
            }
            for text in turn.texts {
                let texts = self.shared.texts.clone();
                self.texting.spawn(async move { (text.number, texts.send(text.number, text.code).await) });
            }
            self.shared.metrics.told(&turn.down);
            let Some((bytes, is_whole)) = encoded(turn.down) else { return };
            if !is_whole {
                self.shared.metrics.oversized();
            }
            if tell(say, bytes).await.is_none() || turn.ends || !is_whole {
                return;
            }
        }
    }
}

/// The next frames, at most as many as a session takes at once. May be dropped without losing anything.
async fn next(hear: &mut RecvStream, heard: &mut FrameBuffer) -> Heard {
    loop {
        match gather(heard) {
            // What came before it counts; it is found again afterwards.
            Err(_) => return Heard::Malformed,
            Ok(frames) if !frames.is_empty() => return Heard::Frames(frames),
            Ok(_) => {}
        }
        match hear.read_chunk(limits::PIECE, true).await {
            Ok(Some(piece)) => heard.push(&piece.bytes),
            Ok(None) | Err(_) => return Heard::End,
        }
    }
}

/// Frames that are there whole. An error only if none is before it.
fn gather(heard: &mut FrameBuffer) -> Result<Vec<Up>, DecodeError> {
    let mut frames = Vec::new();
    while frames.len() < lamplit_service::limits::UPS {
        match heard.pop() {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => break,
            Err(error) if frames.is_empty() => return Err(error),
            // It stays where it is, and is found again.
            Err(_) => break,
        }
    }
    Ok(frames)
}

/// Returns when the server stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Whoever could tell is gone: that is a stop too.
    let _ = stopping.wait_for(|stops| *stops).await;
}

fn goodbye(why: Goodbye) -> Turn {
    Turn { down: vec![Down::Goodbye(why)], ends: true, ..Turn::default() }
}

/// Says it, if the device takes it in before long.
async fn tell(say: &mut SendStream, bytes: Vec<u8>) -> Option<()> {
    if bytes.is_empty() {
        return Some(());
    }
    timeout(limits::SLOWEST, say.write_chunk(bytes.into())).await.ok()?.ok()
}

/// The bytes of it, and whether that is all of it: what is larger than a frame may be nobody can be told.
fn encoded(down: Vec<Down>) -> Option<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    for frame in down {
        let Ok(frame) = frame.encode() else {
            tracing::error!(
                "what a device is to be told is larger than a frame: please report it, it is an error of the server"
            );
            // Without a word it would come again at once, and for the same.
            bytes.extend(Down::Goodbye(Goodbye::Failing).encode().ok()?);
            return Some((bytes, false));
        };
        bytes.extend(frame);
    }
    Some((bytes, true))
}

/// Waits until what was said last has arrived.
async fn last_words(mut say: SendStream) {
    if say.finish().is_ok() {
        let _ = timeout(limits::LAST_WORDS, say.stopped()).await;
    }
}

#[cfg(test)]
mod tests;
