//! One connection to the daemon, whatever carries it: a reader that answers requests in order, a forwarder of events
//! once subscribed, and a writer that both hand their messages to.

use lamplit_client::{Events, Handle, Missed};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::{
    api::{self, Call},
    carrier::{ReadError, Reader, Writer},
    convert,
    frame::{Error, ErrorCode, Id, Notification, Request, Response},
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
    let mut subscription = JoinSet::new();
    loop {
        let request = tokio::select! {
            request = requests.next() => request,
            () = queue.closed() => return,
            () = handle.stopped() => return,
        };
        let (id, outcome) = match request {
            Ok(None) | Err(ReadError::Io(_)) => return,
            Err(error @ ReadError::TooLong) => (None, Err(Error::new(ErrorCode::TooLong, error.to_string()))),
            Ok(Some(request)) => match Request::parse(request) {
                Err(error) => (None, Err(error)),
                Ok(Request { id, method, params, .. }) => match Call::parse(&method, params) {
                    Err(error) => (id, Err(error)),
                    Ok(Call::Subscribe(_)) => match subscribe(&handle, &queue, id.clone(), &mut subscription).await {
                        Ok(()) => continue,
                        Err(error) => (id, Err(error)),
                    },
                    Ok(Call::Stop(_)) => return stop(&handle, &queue, id).await,
                    Ok(call) => (id, methods::answer(&handle, call).await),
                },
            },
        };
        let last = matches!(&outcome, Err(error) if error.code == ErrorCode::TooLong as i64);
        // A request without an id wants no answer (JSON-RPC 2.0, 4.1), unless it could not be read at all.
        if (id.is_some() || outcome.is_err()) && !put(&queue, &Response::new(id, outcome)).await {
            return;
        }
        if last {
            return;
        }
    }
}

/// Answers first: afterwards nobody may be there to do it. The connection ends when the daemon has stopped.
async fn stop(handle: &Handle, queue: &Queue, id: Option<Id>) {
    let done = methods::to_value(api::Done {});
    put(queue, &Response::new(id, done)).await;
    handle.stop();
    handle.stopped().await;
}

/// Answers with how things are and starts to forward what happens after.
async fn subscribe(handle: &Handle, queue: &Queue, id: Option<Id>, running: &mut JoinSet<()>) -> Result<(), Error> {
    if !running.is_empty() {
        let message = "this connection has subscribed already: events come on it";
        return Err(Error::new(ErrorCode::AlreadySubscribed, message));
    }
    // Events are kept from here on, so that nothing falls between the snapshot and the first of them.
    let (events, own) = (handle.events(), Own::of(handle).await?);
    let snapshot = methods::to_value(methods::snapshot(handle).await?)?;
    put(queue, &Response::new(id, Ok(snapshot))).await;
    running.spawn(forward(handle.clone(), events, own, queue.clone()));
    Ok(())
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
