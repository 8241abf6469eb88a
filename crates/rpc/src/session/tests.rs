#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake},
};

use lamplit_client::Event as Told;
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

use crate::{
    api::{
        CreateGroup, Dark, Event, GetContacts, GetDevices, GetGroups, GetStatus, Light, MarkRead, Say, SetName,
        Snapshot, Status, Subscribe,
    },
    convert,
    frame::ErrorCode,
    limits, methods,
    testing::{Daemon, PATIENCE, exchange, heard, wait_for},
};

use super::Session;

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_has_people_groups_and_devices() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let contact = ada.meet(&grace).await;
    let mut daemon = ada.connect().await;
    let choir = CreateGroup { name: "Choir".to_owned(), members: vec![contact.clone()] };
    let founded = daemon.call(choir).await.unwrap().id;
    let Snapshot { status, contacts, more_contacts, groups, more_groups, devices } =
        daemon.call(Subscribe {}).await.unwrap();
    assert_eq!((status.name.as_str(), more_contacts, more_groups), ("Ada", false, false));
    let ids: Vec<String> = contacts.into_iter().map(|contact| contact.id).collect();
    assert_eq!(ids, [contact]);
    assert!(groups.iter().map(|group| &group.id).eq([&founded]));
    assert_eq!(groups, daemon.call(GetGroups::default()).await.unwrap().groups);
    assert_eq!(devices, daemon.call(GetDevices {}).await.unwrap().devices);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_things_are_is_told_while_they_change() {
    let ada = Daemon::start("Ada").await;
    let (mut looking, mut changing) = (ada.connect().await, ada.connect().await);
    let look = async {
        for _ in 0..1_000 {
            looking.call(GetStatus {}).await.unwrap();
        }
    };
    let change = async {
        for _ in 0..250 {
            changing.call(Light { app: "qq".to_owned() }).await.unwrap();
            changing.call(Dark { app: "qq".to_owned() }).await.unwrap();
        }
    };
    timeout(PATIENCE, async { tokio::join!(look, change) }).await.expect("one waits for the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_that_are_no_more_in_a_snapshot_are_on_the_next_page() {
    let ada = Daemon::start("Ada").await;
    let mut daemon = ada.connect().await;
    for number in 0..=limits::PAGE {
        daemon.call(CreateGroup { name: format!("Group {number}"), members: Vec::new() }).await.unwrap();
    }
    let snapshot = daemon.call(Subscribe {}).await.unwrap();
    assert_eq!((snapshot.groups.len(), snapshot.more_groups), (limits::PAGE, true));
    let all = daemon.groups_after(snapshot.groups, snapshot.more_groups).await.unwrap();
    assert_eq!(all.len(), limits::PAGE + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_come_in_pages_each_once_and_in_order() {
    let ada = Daemon::start("Ada").await;
    let mut met = Vec::new();
    for name in ["Grace", "Linus", "Margaret"] {
        let other = Daemon::start(name).await;
        ada.meet(&other).await;
        met.push(other);
    }
    let mut daemon = ada.connect().await;
    let all = daemon.call(GetContacts::default()).await.unwrap();
    assert_eq!((all.contacts.len(), all.more), (met.len(), false));
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = daemon.call(GetContacts { after, limit: Some(2) }).await.unwrap();
        after = page.contacts.last().map(|contact| contact.id.clone());
        pages.push((page.contacts, page.more));
        if !pages.last().unwrap().1 {
            break;
        }
    }
    assert_eq!(
        pages.iter().map(|(contacts, more)| (contacts.len(), *more)).collect::<Vec<_>>(),
        [(2, true), (1, false)]
    );
    assert_eq!(pages.into_iter().flat_map(|(contacts, _)| contacts).collect::<Vec<_>>(), all.contacts);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_about_the_device_itself_is_told_with_all_of_it() {
    let ada = Daemon::start("Ada").await;
    let (mut here, mut elsewhere) = (ada.connect().await, ada.connect().await);
    here.call(Subscribe {}).await.unwrap();
    elsewhere.call(Light { app: "qq".to_owned() }).await.unwrap();
    elsewhere.call(SetName { name: "Augusta".to_owned() }).await.unwrap();
    let told = until(&mut here, |status| status.name == "Augusta" && status.lit.len() == 1).await;
    assert_eq!(told, elsewhere.call(GetStatus {}).await.unwrap());
    elsewhere.call(Dark { app: "qq".to_owned() }).await.unwrap();
    until(&mut here, |status| status.lit.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_message_says_how_much_is_unread_after_it() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let conversation = ada.meet(&grace).await;
    let (mut here, mut there) = (ada.connect().await, grace.connect().await);
    there.call(Subscribe {}).await.unwrap();
    for text in ["one", "two", "three"] {
        here.call(Say { conversation: conversation.clone(), text: text.to_owned() }).await.unwrap();
    }
    let unread = wait_for(&mut there, |event| match event {
        Event::Message { message, unread } => (message.text == "three").then_some(unread),
        _ => None,
    });
    assert_eq!(unread.await, 3);
    let met = there.call(GetContacts::default()).await.unwrap().contacts.pop().unwrap();
    assert_eq!(met.unread, 3);
    there.call(MarkRead { conversation: met.id, up_to: None }).await.unwrap();
    here.call(Say { conversation, text: "four".to_owned() }).await.unwrap();
    let unread = wait_for(&mut there, |event| match event {
        Event::Message { message, unread } => (message.text == "four").then_some(unread),
        _ => None,
    });
    assert_eq!(unread.await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_a_snapshot_whose_event_comes_after_it_is_counted_alike_in_both() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let conversation = ada.meet(&grace).await;
    let handle = grace.handle();
    // As a subscription does: events are kept first, then the snapshot is taken. In between, something comes.
    let mut events = handle.events();
    ada.connect().await.call(Say { conversation, text: "one".to_owned() }).await.unwrap();
    let message = loop {
        if let message @ Told::Message { .. } = events.next().await.unwrap() {
            break message;
        }
    };
    let snapshot = methods::snapshot(&handle).await.unwrap();
    assert_eq!(snapshot.contacts.first().unwrap().unread, 1);
    let told = convert::event(&handle, message).await.unwrap().unwrap();
    assert!(matches!(told, Event::Message { unread: 1, .. }), "{told:?}");
}

/// Wakes whoever polls by hand.
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Brings a future to its end, and does something at one of the moments when it could go on and has not yet: what it waited
/// for is done, and it does not know. Whether there was that moment.
async fn interrupted<T>(future: impl Future<Output = T>, moment: usize, meanwhile: impl Future) -> (T, bool) {
    let (mut future, mut meanwhile) = (pin!(future), Some(meanwhile));
    let woken = Arc::new(Woken(Notify::new()));
    let waker = Arc::clone(&woken).into();
    let mut now = 0;
    loop {
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return (outcome, meanwhile.is_none());
        }
        woken.0.notified().await;
        if now == moment
            && let Some(meanwhile) = meanwhile.take()
        {
            meanwhile.await;
        }
        now += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_while_somebody_subscribes_is_in_the_snapshot_or_told_after_it() {
    let ada = Daemon::start("Ada").await;
    let moments = subscribed_at_any_moment(&ada, &json!({"jsonrpc": "2.0", "id": 1, "method": "subscribe"})).await;
    assert!(moments >= 5, "it reads the database five times and more, and could be interrupted {moments} times");
}

/// What follows in the batch takes its time, and what happens meanwhile is told after the answer to all of it.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_while_somebody_subscribes_in_a_batch_is_in_the_snapshot_or_told_after_it() {
    let ada = Daemon::start("Ada").await;
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "subscribe"},
        {"jsonrpc": "2.0", "id": 2, "method": "devices"},
        {"jsonrpc": "2.0", "id": 3, "method": "devices"},
    ]);
    let moments = subscribed_at_any_moment(&ada, &batch).await;
    assert!(moments >= 7, "it reads the database seven times and more, and could be interrupted {moments} times");
}

/// Subscribes with this message again and again, while something happens at a first, a second, a third moment, and so on. How many
/// moments there were.
async fn subscribed_at_any_moment(ada: &Daemon, message: &Value) -> usize {
    let message = message.to_string();
    let mut elsewhere = ada.connect().await;
    let (mut moment, mut in_vain) = (0, 0);
    // One that reads before it is looked at has a moment less: what there is of them is known after some tries.
    while in_vain < 20 {
        let name = format!("Ada the {moment}th");
        let (queue, mut queued) = mpsc::channel(limits::QUEUED_LINES);
        let mut session = Session::new(ada.handle(), queue);
        let happens = async {
            elsewhere.call(SetName { name: name.clone() }).await.unwrap();
            elsewhere.call(CreateGroup { name: name.clone(), members: Vec::new() }).await.unwrap();
        };
        let (goes_on, happened) = interrupted(session.hear(message.as_bytes()), moment, happens).await;
        assert!(goes_on);
        if !happened {
            in_vain += 1;
            continue;
        }
        let told = async {
            let (mut is_called, mut is_founded) = (false, false);
            while !is_called || !is_founded {
                let mut message: Value = serde_json::from_slice(&queued.recv().await.unwrap()).unwrap();
                // In a batch it is the first answer.
                let answer = if message.is_array() { &mut message[0] } else { &mut message };
                if let Some(snapshot) = answer.get_mut("result") {
                    let snapshot: Snapshot = serde_json::from_value(snapshot.take()).unwrap();
                    is_called |= snapshot.status.name == name;
                    is_founded |= snapshot.groups.iter().any(|group| group.name == name);
                } else {
                    match serde_json::from_value(message["params"].take()).unwrap() {
                        Event::StatusChanged { status } => is_called |= status.name == name,
                        Event::GroupAdded { group } => is_founded |= group.name == name,
                        _ => {}
                    }
                }
            }
        };
        timeout(PATIENCE, told).await.unwrap_or_else(|_| panic!("what happened at moment {moment} is not told"));
        (moment, in_vain) = (moment + 1, 0);
    }
    moment
}

/// Those of the standard, section 7, with methods that there are; those with batches are beside `batch.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn the_standards_examples_of_one_call_are_answered_as_it_says() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    let said = exchange(&mut stream, r#"{"jsonrpc":"2.0","method":"set_name","params":{"name":"Ada"},"id":3}"#).await;
    assert_eq!(said, json!({"jsonrpc": "2.0", "result": {}, "id": 3}));
    for (line, id, code) in [
        (r#"{"jsonrpc":"2.0","method":"foobar","id":"1"}"#, json!("1"), ErrorCode::MethodNotFound),
        (r#"{"jsonrpc":"2.0","method":"foobar,"params":"bar","baz]"#, Value::Null, ErrorCode::Parse),
        (r#"{"jsonrpc":"2.0","method":1,"params":"bar"}"#, Value::Null, ErrorCode::InvalidRequest),
        // The one that we do not do as it says: by position.
        (r#"{"jsonrpc":"2.0","method":"set_name","params":["Grace"],"id":1}"#, json!(1), ErrorCode::InvalidParams),
    ] {
        let said = exchange(&mut stream, line).await;
        assert_eq!((said.get("id"), &said["error"]["code"]), (Some(&id), &json!(code as i64)), "{line}: {said}");
    }
    for notification in [
        r#"{"jsonrpc":"2.0","method":"light","params":{"app":"qq"}}"#,
        r#"{"jsonrpc":"2.0","method":"light","params":[1,2,3,4,5]}"#,
        r#"{"jsonrpc":"2.0","method":"foobar"}"#,
    ] {
        // What comes is the answer to what is sent after it.
        let both = format!("{notification}\n{}", r#"{"jsonrpc":"2.0","method":"status","id":7}"#);
        let said = exchange(&mut stream, &both).await;
        assert_eq!((&said["id"], &said["result"]["lit"][0]["app"]), (&json!(7), &json!("qq")), "{notification}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_comes_back_as_it_was_sent() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    let longest = "x".repeat(limits::ID_BYTES);
    for id in [
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.5),
        json!(""),
        json!("-1"),
        json!(longest),
        Value::Null,
    ] {
        let said = exchange(&mut stream, &json!({"jsonrpc": "2.0", "id": id, "method": "status"}).to_string()).await;
        assert_eq!((said.get("id"), &said["result"]["name"]), (Some(&id), &json!("Ada")), "{said}");
    }
    for id in [json!(true), json!([1]), json!({"a": 1}), json!(longest + "x")] {
        let said = exchange(&mut stream, &json!({"jsonrpc": "2.0", "id": id, "method": "status"}).to_string()).await;
        let refused = (Some(&Value::Null), &json!(ErrorCode::InvalidRequest as i64));
        assert_eq!((said.get("id"), &said["error"]["code"]), refused, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_subscribes_without_an_id_is_told_what_happens_and_not_how_things_are() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    let both = format!(
        "{}\n{}",
        r#"{"jsonrpc":"2.0","method":"subscribe"}"#,
        r#"{"jsonrpc":"2.0","method":"light","params":{"app":"qq"},"id":1}"#
    );
    let (mut answered, mut told) = (false, false);
    let mut said = exchange(&mut stream, &both).await;
    loop {
        match said["method"].as_str() {
            Some(method) => {
                assert_eq!(method, "event");
                told |= said["params"]["status"]["lit"][0]["app"] == "qq";
            }
            None => {
                assert_eq!(said, json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
                answered = true;
            }
        }
        if answered && told {
            return;
        }
        said = heard(&mut stream).await;
    }
}

/// Waits until a changed status is told that is as wanted.
async fn until(connection: &mut crate::Connection, wanted: impl Fn(&Status) -> bool) -> Status {
    let told = wait_for(connection, |event| match event {
        Event::StatusChanged { status } if wanted(&status) => Some(*status),
        _ => None,
    });
    told.await
}
