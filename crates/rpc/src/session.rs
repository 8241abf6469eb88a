//! One connection to the daemon, whatever carries it: a reader that answers requests in order, a forwarder of events
//! once subscribed, and a writer that both hand their messages to.

mod batch;

use lamplit_client::{Events, Handle, Missed};
use serde_json::Value;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::{
    api::{self, Call},
    carrier::{ReadError, Reader, Writer},
    convert,
    frame::{Error, ErrorCode, Message, Notification, Request, Response},
    limits, methods,
    own::Own,
};

/// Where messages wait to be written.
type Queue = mpsc::Sender<Vec<u8>>;

/// Serves one connection until either side ends it.
pub(crate) async fn run(reader: impl Reader, writer: impl Writer, handle: Handle) {
    let (queue, queued) = mpsc::channel(limits::QUEUED_LINES);
    tokio::join!(read(reader, queue, handle), write(writer, queued));
}

async fn read(mut requests: impl Reader, queue: Queue, handle: Handle) {
    // Ends with this function, and with it the last sender to the queue.
    let mut session = Session::new(handle, queue);
    loop {
        let message = tokio::select! {
            message = requests.next() => message,
            () = session.queue.closed() => return,
            () = session.handle.stopped() => return,
        };
        match message {
            Ok(Some(message)) => {
                if !session.hear(message).await {
                    return;
                }
            }
            Ok(None) | Err(ReadError::Io(_)) => return,
            Err(error @ ReadError::TooLong) => {
                let error = Error::new(ErrorCode::TooLong, error.to_string());
                put(&session.queue, &Response::new(None, Err(error))).await;
                return;
            }
        }
    }
}

/// What a connection has going on.
struct Session {
    handle: Handle,
    queue: Queue,
    /// Tells what happens, to whoever subscribed.
    forwarder: JoinSet<()>,
    /// What is told from now on to somebody whose snapshot is not on its way yet.
    subscription: Option<(Events, Own)>,
    /// Whether the daemon stops as soon as that is answered.
    stopping: bool,
}

/// An answer as it travels, or nothing if none is wanted.
type Answer = serde_json::Result<Option<Vec<u8>>>;

impl Session {
    fn new(handle: Handle, queue: Queue) -> Self {
        Self { handle, queue, forwarder: JoinSet::new(), subscription: None, stopping: false }
    }

    /// Does what a message asks for, and answers. False if that was the last.
    async fn hear(&mut self, message: &[u8]) -> bool {
        let answer = match Message::parse(message) {
            Ok(Message::Call(request)) => self.one(request).await,
            Ok(Message::Batch(calls)) => self.batch(calls, limits::LINE_BYTES).await,
            Err(error) => serde_json::to_vec(&Response::new(None, Err(error))).map(Some),
        };
        match answer {
            Ok(answer) => self.tell(answer).await,
            Err(_) => false,
        }
    }

    async fn one(&mut self, Request { id, method, params, .. }: Request) -> Answer {
        let outcome = self.call(&method, params).await;
        // Without an id nothing is answered, and no error either (JSON-RPC 2.0, 4.1).
        id.map(|id| serde_json::to_vec(&Response::new(Some(id), outcome))).transpose()
    }

    /// Does a call. What it begins or ends waits until it is answered: see [`Self::tell`].
    async fn call(&mut self, method: &str, params: Value) -> Result<Value, Error> {
        if self.stopping {
            let message = "`stop` came before this in its batch: it was not done";
            return Err(Error::new(ErrorCode::Stopping, message));
        }
        match Call::parse(method, params)? {
            Call::Subscribe(_) => self.subscribe().await,
            Call::Stop(_) => {
                self.stopping = true;
                methods::to_value(api::Done {})
            }
            call => methods::answer(&self.handle, call).await,
        }
    }

    /// How things are. What happens after is kept.
    async fn subscribe(&mut self) -> Result<Value, Error> {
        if self.subscription.is_some() || !self.forwarder.is_empty() {
            let message = "this connection has subscribed already: events come on it";
            return Err(Error::new(ErrorCode::AlreadySubscribed, message));
        }
        // Events are kept from here on, so that nothing falls between the snapshot and the first of them.
        let (events, own) = (self.handle.events(), Own::of(&self.handle).await?);
        let snapshot = methods::to_value(methods::snapshot(&self.handle).await?)?;
        self.subscription = Some((events, own));
        Ok(snapshot)
    }

    /// Sends an answer, if there is one, and after it begins to tell what happens, or stops the daemon: then nobody may be there
    /// to answer. False if that was the last.
    async fn tell(&mut self, answer: Option<Vec<u8>>) -> bool {
        let told = match answer {
            Some(answer) => self.queue.send(answer).await.is_ok(),
            None => true,
        };
        if self.stopping {
            self.handle.stop();
            // The connection ends when the daemon has stopped.
            self.handle.stopped().await;
            return false;
        }
        if told && let Some((events, own)) = self.subscription.take() {
            self.forwarder.spawn(forward(self.handle.clone(), events, own, self.queue.clone()));
        }
        told
    }
}

async fn forward(handle: Handle, mut events: Events, mut own: Own, queue: Queue) {
    let mut looks = interval(limits::STATUS_LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let notification = tokio::select! {
            event = events.next() => match event {
                Ok(event) => match convert::event(&handle, event).await {
                    Ok(Some(event)) => happened(event),
                    Ok(None) => continue,
                    // What cannot be told is as good as missed.
                    Err(_) => lagged(&handle, 1).await,
                },
                Err(Missed::Lagged(missed)) => lagged(&handle, missed).await,
                Err(Missed::Stopped) => return,
            },
            _ = looks.tick() => match own.changed(&handle).await {
                Some(status) => happened(api::Event::StatusChanged { status: Box::new(status) }),
                None => continue,
            },
        };
        match notification {
            Ok(notification) if put(&queue, &notification).await => {}
            _ => return,
        }
    }
}

fn happened(event: api::Event) -> Result<Notification, Error> {
    methods::to_value(event).map(|params| Notification::new("event", params))
}

/// That events were missed, and how things are now. Of the events that follow, some may be in it already.
async fn lagged(handle: &Handle, missed: u64) -> Result<Notification, Error> {
    let snapshot = methods::snapshot(handle).await.ok().map(Box::new);
    methods::to_value(api::Lagged { missed, snapshot }).map(|params| Notification::new("lagged", params))
}

/// Hands a message to the writer. False if nobody reads any more.
async fn put(queue: &Queue, value: &impl serde::Serialize) -> bool {
    match serde_json::to_vec(value) {
        Ok(message) => queue.send(message).await.is_ok(),
        Err(_) => false,
    }
}

async fn write(mut writer: impl Writer, mut queued: mpsc::Receiver<Vec<u8>>) {
    while let Some(message) = queued.recv().await {
        match timeout(limits::WRITE_TIMEOUT, writer.write(message)).await {
            Ok(Ok(())) => {}
            // Closed, or not read for too long.
            Ok(Err(_)) | Err(_) => return,
        }
    }
    let _ = timeout(limits::WRITE_TIMEOUT, writer.end()).await;
}

#[cfg(test)]
mod tests;
