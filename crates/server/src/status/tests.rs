#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use core::time::Duration;

use lamplit_depot::InMemoryBackend;
use lamplit_wire::server::Epoch;

use super::*;
use crate::committer::Keeper;

#[tokio::test]
async fn it_is_ready_between_start_and_stop_unless_the_store_fails() {
    let (stop, stopping) = watch::channel(false);
    let report = Report { metrics: Arc::default(), admission: Arc::default(), stopping, running: OnceLock::new() };
    let status = async |path| report.answer(&Method::GET, path).await.status().as_u16();
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 503), "it starts");
    assert_eq!(status("/metrics").await, 200);

    let depot = Depot::on_backend(Box::new(InMemoryBackend::new()), Epoch([1; 8])).unwrap();
    let (keeper, thread) = Keeper::start(depot, Arc::default()).unwrap();
    let running = Running { depot: Arc::downgrade(&keeper.depot()), commits: keeper.pulse(), store: "nothing".into() };
    assert!(report.running.set(running).is_ok());
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 200));
    report.metrics.committed(1, Duration::ZERO, true);
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 503), "a commit failed");
    report.metrics.committed(1, Duration::ZERO, false);
    assert_eq!(status("/readyz").await, 200);

    assert_eq!(report.answer(&Method::POST, "/metrics").await.status().as_u16(), 405);
    assert_eq!(status("/").await, 404);
    drop(keeper);
    thread.join().unwrap();
    assert_eq!((status("/healthz").await, status("/readyz").await), (503, 503), "nothing commits any more");
    stop.send_replace(true);
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 503), "and that is in order now");
}

#[tokio::test]
async fn only_this_machine_may_ask() {
    assert!(bind("0.0.0.0:0".parse().unwrap()).await.is_err());
    assert!(bind("[::1]:0".parse().unwrap()).await.is_ok());
}
