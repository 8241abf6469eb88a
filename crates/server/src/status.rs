//! What machines ask about the server, by HTTP on this machine alone: counts, whether it lives, whether it is ready.

use core::convert::Infallible;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, Weak};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use lamplit_depot::Depot;
use lamplit_service::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::admission::Admission;
use crate::committer::Pulse;
use crate::limits;
use crate::metrics::Metrics;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// What the answers are taken from.
pub(crate) struct Report {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) stopping: watch::Receiver<bool>,
    /// Nothing while the server starts.
    pub(crate) running: OnceLock<Running>,
}

/// The parts of a server that runs. It does not wait for who asks when it stops, so they are not held.
pub(crate) struct Running {
    pub(crate) depot: Weak<Depot>,
    pub(crate) commits: Pulse,
    /// The store's file.
    pub(crate) store: PathBuf,
}

/// Opens the socket.
pub(crate) async fn bind(at: SocketAddr) -> io::Result<TcpListener> {
    if !at.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "others than this machine would reach it"));
    }
    TcpListener::bind(at).await
}

/// Answers until it is dropped.
pub(crate) async fn serve(listener: TcpListener, report: Arc<Report>) {
    let mut guests = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = guests.join_next() => {}
            accepted = listener.accept(), if guests.len() < limits::STATUS_GUESTS => match accepted {
                Ok((stream, _)) => {
                    guests.spawn(guest(stream, report.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "nobody can ask for the status for now");
                    sleep(limits::ADMIN_REST).await;
                }
            },
        }
    }
}

async fn guest(stream: TcpStream, report: Arc<Report>) {
    let answering = service_fn(|request: Request<Incoming>| {
        let report = report.clone();
        async move { Ok::<_, Infallible>(report.answer(request.method(), request.uri().path()).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).keep_alive(false).max_buf_size(limits::STATUS_BYTES);
    let served = timeout(limits::STATUS_PATIENCE, http.serve_connection(TokioIo::new(stream), answering)).await;
    if !matches!(served, Ok(Ok(()))) {
        tracing::debug!("whoever asked for the status did not take the answer");
    }
}

impl Report {
    async fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "only GET");
        }
        match path {
            "/metrics" => {
                let bytes = self.running.get().and_then(|running| fs::metadata(&running.store).ok());
                let counts = self.metrics.text(self.admission.connections(), bytes.map_or(0, |found| found.len()));
                response(StatusCode::OK, OPENMETRICS, counts)
            }
            "/healthz" => judged(self.lives()),
            "/readyz" => judged(self.is_ready().await),
            _ => text(StatusCode::NOT_FOUND, "there are /metrics, /healthz and /readyz"),
        }
    }

    /// Whether waiting may help; if not it has to be started anew.
    fn lives(&self) -> Result<(), &'static str> {
        let has_died = self.running.get().is_some_and(|running| !running.commits.beats());
        if has_died && !*self.stopping.borrow() {
            return Err("nothing is committed any more: start it anew");
        }
        Ok(())
    }

    /// Whether devices may be sent here.
    async fn is_ready(&self) -> Result<(), &'static str> {
        if *self.stopping.borrow() {
            return Err("it stops");
        }
        let Some(running) = self.running.get() else { return Err("it starts") };
        self.lives()?;
        if self.metrics.is_failing() {
            return Err("the store cannot be written: the log says why");
        }
        let Some(depot) = running.depot.upgrade() else { return Err("it stops") };
        depot.partitions(None, 1).await.map(|_| ()).map_err(|_| "the store cannot be read: the log says why")
    }
}

fn judged(well: Result<(), &'static str>) -> Response<Full<Bytes>> {
    match well {
        Ok(()) => text(StatusCode::OK, "ok"),
        Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    response(status, TEXT, format!("{text}\n"))
}

fn response(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests;
