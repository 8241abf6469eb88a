#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::json;
use tokio::{io::AsyncBufReadExt, sync::mpsc};

use super::*;
use crate::{
    api::Event,
    testing::{Daemon, exchange, heard},
};

/// A call with an id.
fn call(id: usize, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// The id of an answer, and the number of its error; `null` if it has a result.
fn gist(answer: &Value) -> (Value, Value) {
    assert_eq!(answer["jsonrpc"], "2.0", "{answer}");
    assert_ne!(answer.get("result").is_some(), answer.get("error").is_some(), "{answer}");
    (answer.get("id").unwrap().clone(), answer["error"]["code"].clone())
}

/// The same of all answers to a batch.
fn gists(answers: &Value) -> Vec<(Value, Value)> {
    answers.as_array().unwrap().iter().map(gist).collect()
}

/// Something of an id that has a result.
fn done(id: usize) -> (Value, Value) {
    (json!(id), Value::Null)
}

/// Something that was refused.
fn refused(id: Value, code: ErrorCode) -> (Value, Value) {
    (id, json!(code as i64))
}

/// Those of the standard, section 7, with methods that there are.
#[tokio::test(flavor = "multi_thread")]
async fn the_standards_examples_of_batches_are_answered_as_it_says() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    let cut = r#"[{"jsonrpc":"2.0","method":"status","id":"1"},{"jsonrpc":"2.0","method"]"#;
    assert_eq!(gist(&exchange(&mut stream, cut).await), refused(Value::Null, ErrorCode::Parse));
    let none = || refused(Value::Null, ErrorCode::InvalidRequest);
    assert_eq!(gist(&exchange(&mut stream, "[]").await), none());
    assert_eq!(gists(&exchange(&mut stream, "[1]").await), [none()]);
    assert_eq!(gists(&exchange(&mut stream, "[1,2,3]").await), [none(), none(), none()]);
    let mixed = json!([
        {"jsonrpc": "2.0", "method": "light", "params": {"app": "qq"}, "id": "1"},
        {"jsonrpc": "2.0", "method": "light", "params": {"app": "icq"}},
        {"jsonrpc": "2.0", "method": "status", "id": "2"},
        {"foo": "boo"},
        {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
        {"jsonrpc": "2.0", "method": "contacts", "id": "9"},
    ]);
    let answers = exchange(&mut stream, &mixed.to_string()).await;
    let fine = |id: &str| (json!(id), Value::Null);
    let unknown = refused(json!("5"), ErrorCode::MethodNotFound);
    assert_eq!(gists(&answers), [fine("1"), fine("2"), none(), unknown, fine("9")]);
    // What came before it was done before it, with an id or without.
    assert_eq!(answers[1]["result"]["lit"].as_array().unwrap().len(), 2, "{answers}");
    // Nobody wants an answer: what comes is the one to the next message.
    let silent = json!([
        {"jsonrpc": "2.0", "method": "dark", "params": {"app": "qq"}},
        {"jsonrpc": "2.0", "method": "foo.get", "params": [7]},
    ]);
    let answer = exchange(&mut stream, &format!("{silent}\n{}", call(10, "status", json!({})))).await;
    assert_eq!((gist(&answer), &answer["result"]["lit"][0]["app"]), (done(10), &json!("icq")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_in_a_batch_is_no_request() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    let within = json!([[], ["2.0", 1, "status", {}], [call(1, "status", json!({}))], call(2, "status", json!({}))]);
    let none = || refused(Value::Null, ErrorCode::InvalidRequest);
    assert_eq!(gists(&exchange(&mut stream, &within.to_string()).await), [none(), none(), none(), done(2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_too_many_calls_is_refused_as_a_whole() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    let light = json!({"jsonrpc": "2.0", "method": "light", "params": {"app": "qq"}});
    let many = Value::from(vec![light; limits::BATCH + 1]);
    let answer = exchange(&mut stream, &many.to_string()).await;
    assert_eq!(gist(&answer), refused(Value::Null, ErrorCode::Full));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains(&limits::BATCH.to_string()), "{message}");
    let as_many: Vec<Value> = (1..=limits::BATCH).map(|id| call(id, "status", json!({}))).collect();
    let answers = exchange(&mut stream, &Value::from(as_many).to_string()).await;
    assert_eq!(gists(&answers), (1..=limits::BATCH).map(done).collect::<Vec<_>>());
    assert_eq!(answers[0]["result"]["lit"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_come_after_the_answer_that_has_the_snapshot() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    let batch = json!([
        call(1, "subscribe", json!({})),
        call(2, "set_name", json!({"name": "Augusta"})),
        call(3, "create_group", json!({"name": "Tea", "members": []})),
        call(4, "subscribe", json!({})),
        call(5, "status", json!({})),
    ]);
    let answers = exchange(&mut stream, &batch.to_string()).await;
    let again = refused(json!(4), ErrorCode::AlreadySubscribed);
    assert_eq!(gists(&answers), [done(1), done(2), done(3), again, done(5)]);
    let (snapshot, founded) = (&answers[0]["result"], &answers[2]["result"]["id"]);
    assert_eq!((&snapshot["status"]["name"], &snapshot["groups"]), (&json!("Ada"), &json!([])));
    assert_eq!(answers[4]["result"]["name"], "Augusta");
    let (mut is_called, mut is_founded) = (false, false);
    while !is_called || !is_founded {
        let told = heard(&mut stream).await;
        assert_eq!(told["method"], "event");
        match serde_json::from_value(told["params"].clone()).unwrap() {
            Event::StatusChanged { status } => is_called |= status.name == "Augusta",
            Event::GroupAdded { group } => is_founded |= *founded == group.id,
            _ => {}
        }
    }
    // And the connection knows that it has subscribed.
    let answers = exchange(&mut stream, &json!([call(6, "subscribe", json!({}))]).to_string()).await;
    assert_eq!(gists(&answers), [refused(json!(6), ErrorCode::AlreadySubscribed)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_does_not_fit_is_no_subscription() {
    let ada = Daemon::start("Ada").await;
    let (queue, _queued) = mpsc::channel(limits::QUEUED_LINES);
    let mut session = Session::new(ada.handle(), queue);
    let subscribe = || call(1, "subscribe", json!({}));
    let answers = session.batch(vec![subscribe()], 256).await.unwrap().unwrap();
    let answers = serde_json::from_slice(&answers).unwrap();
    assert_eq!(gists(&answers), [refused(json!(1), ErrorCode::Full)]);
    assert!(session.subscription.is_none());
    // It may be tried again, and what does not fit after it is another matter.
    let most = 2 * limits::BATCH_ANSWER_BYTES;
    let both = vec![subscribe(), call(2, "rpc.discover", json!({}))];
    let answers = session.batch(both, most).await.unwrap().unwrap();
    let answers = serde_json::from_slice(&answers).unwrap();
    assert_eq!(gists(&answers), [done(1), refused(json!(2), ErrorCode::Full)]);
    assert!(session.subscription.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_do_not_fit_into_the_message_are_refused_and_changes_are_answered_all_the_same() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    let long = |id| call(id, "rpc.discover", json!({}));
    let batch: Vec<Value> = (1..limits::BATCH).map(long).collect();
    let light = call(limits::BATCH, "light", json!({"app": "qq"}));
    let batch: Vec<Value> = batch.into_iter().chain([light]).collect();
    let answers = exchange(&mut stream, &Value::from(batch).to_string()).await;
    assert!(answers.to_string().len() <= limits::LINE_BYTES, "{} bytes", answers.to_string().len());
    let gists = gists(&answers);
    assert!(gists.iter().map(|(id, _)| id).eq(&(1..=limits::BATCH).map(|id| json!(id)).collect::<Vec<_>>()));
    let refused = gists.iter().filter(|(_, code)| *code == ErrorCode::Full as i64).count();
    let whole = gists.iter().filter(|(_, code)| code.is_null()).count();
    assert!(refused > 2 && whole > 2 && refused + whole == limits::BATCH, "{refused} were refused, {whole} were not");
    assert_eq!(answers[limits::BATCH - 1]["result"], json!({}));
    assert_eq!(exchange(&mut stream, &long(1).to_string()).await["result"], answers[0]["result"]);
}

#[test]
fn the_longest_errors_have_room_whatever_is_answered_beside_them() {
    let mut answers = Answers::of_at_most(limits::LINE_BYTES);
    let id = || Id::Text("\u{1}".repeat(limits::ID_BYTES));
    let long = |bytes| Ok(Value::from("x".repeat(bytes)));
    let error = || Err(Error::new(ErrorCode::InvalidParams, "\u{1}".repeat(2 * limits::ERROR_BYTES)));
    let mut left = (0..limits::BATCH).rev();
    let mut further = || left.next().unwrap();
    assert!(!answers.add(id(), long(limits::LINE_BYTES), further()).unwrap());
    // All that is kept for nobody.
    let free = limits::LINE_BYTES - limits::BATCH * limits::BATCH_ANSWER_BYTES;
    assert!(answers.add(id(), long(free), further()).unwrap());
    for _ in 2..limits::BATCH {
        assert!(answers.add(id(), error(), further()).unwrap());
    }
    let message = answers.end().unwrap();
    assert!(message.len() <= limits::LINE_BYTES, "{} bytes", message.len());
    let read: Value = serde_json::from_slice(&message).unwrap();
    assert_eq!(read.as_array().unwrap().len(), limits::BATCH);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_stop_in_a_batch_is_not_done() {
    let ada = Daemon::start("Ada").await;
    let mut stream = ada.raw().await;
    let batch = json!([
        call(1, "light", json!({"app": "qq"})),
        call(2, "stop", json!({})),
        call(3, "light", json!({"app": "icq"})),
    ]);
    let answers = exchange(&mut stream, &batch.to_string()).await;
    assert_eq!(gists(&answers), [done(1), done(2), refused(json!(3), ErrorCode::Stopping)]);
    let mut rest = String::new();
    // Ended or reset: nothing more comes.
    assert!(matches!(stream.read_line(&mut rest).await, Ok(0) | Err(_)));
    let _dir = ada.stopped().await;
}
