//! One connection to the daemon: a reader that answers requests in order, a forwarder of events once subscribed, and
//! a writer that both hand their lines to.

use lamplit_client::{Handle, Missed};
use serde_json::Value;
use tokio::{
    io::AsyncWriteExt,
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};

use crate::{
    api::{self, Method, Stop, Subscribe},
    convert,
    frame::{Error, ErrorCode, Id, Notification, Request, Response, line},
    limits,
    lines::{self, LineError},
    methods,
};

/// Where lines wait to be written.
type Queue = mpsc::Sender<Vec<u8>>;

/// Serves one connection until either side ends it.
pub(crate) async fn run(stream: UnixStream, handle: Handle) {
    let (reading, writing) = stream.into_split();
    let (queue, queued) = mpsc::channel(limits::QUEUED_LINES);
    tokio::join!(read(reading, queue, handle), write(writing, queued));
}

async fn read(stream: OwnedReadHalf, queue: Queue, handle: Handle) {
    let mut lines = lines::Lines::new(stream);
    // Ends with this function, and with it the last sender to the queue.
    let mut subscription = JoinSet::new();
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            () = queue.closed() => return,
            () = handle.stopped() => return,
        };
        let (id, outcome) = match line {
            Ok(None) | Err(LineError::Io(_)) => return,
            Err(error @ LineError::TooLong) => (None, Err(Error::new(ErrorCode::TooLong, error.to_string()))),
            Ok(Some(line)) => match Request::parse(line) {
                Err(error) => (None, Err(error)),
                Ok(request) if request.method == Subscribe::NAME => {
                    let subscribed = subscribe(&handle, &queue, request.id, &mut subscription).await;
                    match subscribed {
                        Ok(()) => continue,
                        Err((id, error)) => (id, Err(error)),
                    }
                }
                Ok(request) => answer(&handle, &queue, request).await,
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

/// Works on a request, and gives its id back with what came of it.
async fn answer(handle: &Handle, queue: &Queue, request: Request) -> (Option<Id>, Result<Value, Error>) {
    let Request { id, method, params, .. } = request;
    if method == Stop::NAME {
        // Answered first: afterwards nobody may be there to do it.
        let done = serde_json::to_value(api::Done {}).map_err(methods::unwritable);
        put(queue, &Response::new(id, done)).await;
        handle.stop();
        handle.stopped().await;
        return (None, Ok(Value::Null));
    }
    (id, methods::answer(handle, &method, params).await)
}

/// Answers with how things are and starts to forward what happens after.
async fn subscribe(
    handle: &Handle,
    queue: &Queue,
    id: Option<Id>,
    running: &mut JoinSet<()>,
) -> Result<(), (Option<Id>, Error)> {
    if !running.is_empty() {
        let message = "this connection has subscribed already: events come on it";
        return Err((id, Error::new(ErrorCode::AlreadySubscribed, message)));
    }
    // Events are kept from here on, so that nothing falls between the snapshot and the first of them.
    let events = handle.events();
    let snapshot = match methods::snapshot(handle).await.and_then(methods::to_value) {
        Ok(snapshot) => snapshot,
        Err(error) => return Err((id, error)),
    };
    put(queue, &Response::new(id, Ok(snapshot))).await;
    running.spawn(forward(handle.clone(), events, queue.clone()));
    Ok(())
}

async fn forward(handle: Handle, mut events: lamplit_client::Events, queue: Queue) {
    loop {
        let notification = match events.next().await {
            Ok(event) => match convert::event(&handle, event).await {
                Ok(Some(event)) => methods::to_value(event).map(|params| Notification::new("event", params)),
                Ok(None) => continue,
                Err(error) => Err(error),
            },
            Err(Missed::Lagged(missed)) => {
                methods::to_value(api::Lagged { missed }).map(|params| Notification::new("lagged", params))
            }
            Err(Missed::Stopped) => return,
        };
        // What cannot be told is as good as missed.
        let notification = notification.or_else(|_| {
            methods::to_value(api::Lagged { missed: 1 }).map(|params| Notification::new("lagged", params))
        });
        match notification {
            Ok(notification) if put(&queue, &notification).await => {}
            _ => return,
        }
    }
}

/// Hands a line to the writer. False if nobody reads any more.
async fn put(queue: &Queue, value: &impl serde::Serialize) -> bool {
    match line(value) {
        Ok(line) => queue.send(line).await.is_ok(),
        Err(_) => false,
    }
}

async fn write(mut stream: OwnedWriteHalf, mut queued: mpsc::Receiver<Vec<u8>>) {
    while let Some(line) = queued.recv().await {
        match timeout(limits::WRITE_TIMEOUT, stream.write_all(&line)).await {
            Ok(Ok(())) => {}
            // Closed, or not read for too long.
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
