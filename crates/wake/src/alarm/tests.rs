use std::{collections::BTreeMap, io, time::Duration};

use super::*;
use crate::{
    VapidKey, limits,
    receiver::{Device, Order, Receiver},
};

#[derive(Default)]
struct Targets {
    targets: Mutex<BTreeMap<u8, Target>>,
    tried: Mutex<Vec<(Service, Answer)>>,
}

impl Book<u8> for Targets {
    fn target<'a>(&'a self, who: &'a u8) -> Pending<'a, Option<Target>> {
        Box::pin(async { self.targets.lock().unwrap().get(who).cloned() })
    }

    fn gone<'a>(&'a self, who: &'a u8, target: &'a Target) -> Pending<'a, ()> {
        Box::pin(async move {
            let mut targets = self.targets.lock().unwrap();
            if targets.get(who) == Some(target) {
                targets.remove(who);
            }
        })
    }

    fn tried(&self, service: Service, answer: Answer) {
        self.tried.lock().unwrap().push((service, answer));
    }
}

async fn set_up() -> (Receiver, Arc<Targets>, Alarm<u8>) {
    let receiver = Receiver::start().await.unwrap();
    let device = Device::new().unwrap();
    let book = Arc::new(Targets::default());
    let url = receiver.url();
    *book.targets.lock().unwrap() = BTreeMap::from([
        (1, Target::WebPush(device.target(&format!("{url}/push/1")).unwrap())),
        (2, Target::Fcm(receiver.android().unwrap())),
        (3, Target::Apns(receiver.iphone().unwrap())),
    ]);
    let sender = receiver.config().open(VapidKey::generate().unwrap()).unwrap();
    let alarm = Alarm::start(sender, book.clone());
    (receiver, book, alarm)
}

/// Waits until so many tries have ended.
async fn tried(book: &Targets, count: usize) -> Vec<(Service, Answer)> {
    for _ in 0..2000 {
        let tried = book.tried.lock().unwrap().clone();
        if tried.len() >= count {
            return tried;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("only {:?}", book.tried.lock().unwrap());
}

#[tokio::test]
async fn each_is_woken_its_own_way_and_once() {
    let (receiver, book, alarm) = set_up().await;
    for _ in 0..50 {
        for who in [1, 2, 3, 4] {
            assert!(alarm.wake(who));
        }
    }
    let mut tried = tried(&book, 3).await;
    tried.sort_by_key(|(service, _)| *service);
    let taken = |service| (service, Answer::Delivered);
    assert_eq!(tried, [taken(Service::WebPush), taken(Service::Fcm), taken(Service::Apns)]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Three, and one for the token.
    assert_eq!(receiver.heard().len(), 4);
}

#[tokio::test]
async fn who_is_gone_is_struck_from_the_book() {
    let (receiver, book, alarm) = set_up().await;
    receiver.order([Order::Say(410, Vec::new(), "")]);
    alarm.wake(1);
    assert_eq!(tried(&book, 1).await, [(Service::WebPush, Answer::Gone)]);
    while book.targets.lock().unwrap().contains_key(&1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    alarm.wake(1);
    alarm.wake(3);
    // The control: what was asked for later is done.
    assert_eq!(tried(&book, 2).await.len(), 2);
    assert_eq!(receiver.heard().iter().filter(|heard| heard.path.starts_with("/push")).count(), 1);
}

#[tokio::test]
async fn what_a_push_service_could_not_take_is_tried_again() {
    let (receiver, book, alarm) = set_up().await;
    receiver.order([Order::Say(503, Vec::new(), ""), Order::Say(429, vec![("retry-after", "1".to_owned())], "")]);
    let began = Instant::now();
    alarm.wake(1);
    let tried = tried(&book, 3).await;
    assert_eq!(tried[2], (Service::WebPush, Answer::Delivered));
    // Half of two seconds, and half of four, at least.
    assert!(began.elapsed() >= (limits::PAUSE + 2 * limits::PAUSE) / 2, "{:?}", began.elapsed());
    assert_eq!(receiver.heard().len(), 3);
}

#[tokio::test]
async fn dropped_it_wakes_nobody_more() {
    let (receiver, book, alarm) = set_up().await;
    receiver.order([Order::Say(503, Vec::new(), "")]);
    alarm.wake(1);
    assert_eq!(tried(&book, 1).await.len(), 1);
    drop(alarm);
    tokio::time::sleep(2 * limits::PAUSE).await;
    assert_eq!(receiver.heard().len(), 1);
}

/// What is logged, as text.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_of_ours_tells_whom() {
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("lamplit_wake=trace,planted=trace")
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (receiver, book, alarm) = set_up().await;
    let said = |status| Order::Say(status, Vec::new(), "");
    receiver.order([said(403), said(400), said(503)]);
    for who in [1, 2, 3] {
        alarm.wake(who);
    }
    tried(&book, 3).await;
    // The control: what is in the log is found.
    tracing::debug!(target: "planted", url = receiver.url());
    let log = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
    let (log, planted) = log.rsplit_once("planted").unwrap();
    assert!(planted.contains("localhost"), "{planted}");
    assert!(log.contains("a device was not woken") && log.contains("a device is woken later"), "{log}");
    for secret in ["localhost", "push/1", "dQw4", "5e5e", "Bearer", "vapid t", "eyJ"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
