#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{
    fs,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::{
    api::{
        CancelFile, Event, FetchFile, FileState, GetFile, GetFileSpace, GetFiles, Message, Say, SendFile, SetFileLimit,
        Subscribe,
    },
    frame::ErrorCode,
    testing::{Daemon, PATIENCE, code, wait_for},
};

#[tokio::test(flavor = "multi_thread")]
async fn one_file_is_asked_for_by_its_message() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let conversation = ada.meet(&grace).await;
    let (mut here, mut there) = (ada.connect().await, grace.connect().await);
    there.call(Subscribe {}).await.unwrap();
    let path = ada.data().join("notes.txt").to_string_lossy().into_owned();
    fs::write(&path, vec![7; 3_000_000]).unwrap();
    let file = SendFile { conversation: conversation.clone(), path: path.clone(), ..SendFile::default() };
    let sent = here.call(file).await.unwrap().id;

    let now = here.call(GetFile { message: sent.clone() }).await.unwrap();
    assert_eq!((now.message.id.as_str(), now.message.mine), (sent.as_str(), true));
    assert_eq!(now.message.file.as_ref().unwrap().state, FileState::Here { path });
    assert_eq!(now.message, here.call(GetFiles::default()).await.unwrap().files.remove(0));

    let offered = wait_for(&mut there, |event| match event {
        Event::Message { message, .. } => message.file.is_some().then_some(message.id),
        _ => None,
    });
    assert_eq!(offered.await, sent);
    // Small ones are fetched unasked; asked for or not, it is here in the end and nothing is under way any more.
    there.call(FetchFile { message: sent.clone() }).await.unwrap();
    let end = Instant::now() + PATIENCE;
    let now = loop {
        let now = there.call(GetFile { message: sent.clone() }).await.unwrap();
        assert!(now.transfers.iter().all(|transfer| transfer.file == now.message.file.as_ref().unwrap().id));
        if matches!(now.message.file.as_ref().unwrap().state, FileState::Here { .. }) && now.transfers.is_empty() {
            break now;
        }
        assert!(Instant::now() < end, "it does not come: {:?}, {:?}", now.message.file, now.transfers);
        sleep(Duration::from_millis(20)).await;
    };
    assert!(!now.message.mine);
    here.call(CancelFile { message: sent.clone() }).await.unwrap();
    let state = here.call(GetFile { message: sent }).await.unwrap().message.file.unwrap().state;
    assert_eq!(state, FileState::Withdrawn);

    // What is no file, and what is no message, is refused.
    let text = here.call(Say { conversation, text: "hello".to_owned() }).await.unwrap().id;
    for (message, wanted) in [
        (text, ErrorCode::BadFile),
        ("00".repeat(16), ErrorCode::BadFile),
        ("notes.txt".to_owned(), ErrorCode::InvalidParams),
    ] {
        let refused = here.call(GetFile { message }).await.unwrap_err();
        assert_eq!(code(refused), wanted as i64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_files_may_take_is_told_and_set() {
    const MIB: u64 = 1 << 20;
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let conversation = ada.meet(&grace).await;
    let (mut here, mut there, mut listening) = (ada.connect().await, grace.connect().await, grace.connect().await);
    listening.call(Subscribe {}).await.unwrap();
    let space = there.call(GetFileSpace {}).await.unwrap();
    assert_eq!((space.here, space.coming, space.limit), (0, 0, 64 << 30));
    assert!(space.free.unwrap() > 0);
    for limit in [0, MIB - 1, (16 << 40) + 1, u64::MAX] {
        let refused = there.call(SetFileLimit { limit }).await.unwrap_err();
        assert!(refused.to_string().contains("1.0 MiB to 16.0 TiB"), "{refused}");
        assert_eq!(code(refused), ErrorCode::InvalidParams as i64);
    }
    there.call(SetFileLimit { limit: 2 * MIB }).await.unwrap();
    let told = wait_for(&mut listening, |event| match event {
        Event::FileLimitChanged { limit } => Some(limit),
        _ => None,
    });
    assert_eq!(told.await, 2 * MIB);
    assert_eq!(there.call(GetFileSpace {}).await.unwrap().limit, 2 * MIB);

    let path = ada.data().join("notes.txt").to_string_lossy().into_owned();
    fs::write(&path, vec![7; 3_000_000]).unwrap();
    here.call(SendFile { conversation, path, ..SendFile::default() }).await.unwrap();
    let offered = wait_for(&mut listening, |event| match event {
        Event::Message { message, .. } => message.file.is_some().then_some(message),
        _ => None,
    });
    let message = offered.await;
    assert_eq!(message.file.unwrap().state, FileState::Offered, "there is no room for it");
    let refused = there.call(FetchFile { message: message.id.clone() }).await.unwrap_err();
    for word in ["2.8 MiB more", "0 B here", "2.0 MiB that they may have", "lamplit storage --limit"] {
        assert!(refused.to_string().contains(word), "{refused}");
    }
    assert_eq!(code(refused), ErrorCode::Full as i64);
    there.call(SetFileLimit { limit: 3_000_000 }).await.unwrap();
    there.call(FetchFile { message: message.id }).await.unwrap();
    let came = wait_for(&mut listening, |event| match event {
        Event::File { message } => matches!(message.file?.state, FileState::Here { .. }).then_some(()),
        _ => None,
    });
    came.await;
    let space = there.call(GetFileSpace {}).await.unwrap();
    assert_eq!((space.here, space.coming, space.limit), (3_000_000, 0, 3_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_in_pages_each_once_and_in_order() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let conversation = ada.meet(&grace).await;
    let mut daemon = ada.connect().await;
    for number in 0..3 {
        let path = ada.data().join(format!("{number}.txt")).to_string_lossy().into_owned();
        fs::write(&path, format!("number {number}")).unwrap();
        daemon.call(SendFile { conversation: conversation.clone(), path, ..SendFile::default() }).await.unwrap();
    }
    let id = |message: &Message| message.file.as_ref().unwrap().id.clone();
    let all: Vec<String> = daemon.call(GetFiles::default()).await.unwrap().files.iter().map(id).collect();
    assert_eq!(all.len(), 3);
    let first = daemon.call(GetFiles { after: None, limit: Some(2) }).await.unwrap();
    assert_eq!((first.files.len(), first.more), (2, true));
    let second = daemon.call(GetFiles { after: first.files.last().map(id), limit: Some(2) }).await.unwrap();
    assert_eq!((second.files.len(), second.more), (1, false));
    assert_eq!(first.files.iter().chain(&second.files).map(id).collect::<Vec<_>>(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_may_tell_too_much_is_refused_otherwise_than_what_is_no_file() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let conversation = ada.meet(&grace).await;
    let mut daemon = ada.connect().await;
    let path = ada.data().join("a.heic").to_string_lossy().into_owned();
    let file = SendFile { conversation, path: path.clone(), ..SendFile::default() };
    assert_eq!(code(daemon.call(file.clone()).await.unwrap_err()), ErrorCode::BadFile as i64);
    fs::write(&path, b"\0\0\0\x18ftypheic and more, for as long as it takes").unwrap();
    let refused = daemon.call(file.clone()).await.unwrap_err();
    // Who asks is not known: no command is named.
    assert!(refused.to_string().contains("as it is") && !refused.to_string().contains("--"), "{refused}");
    assert_eq!(code(refused), ErrorCode::BadPicture as i64);
    daemon.call(SendFile { keep_metadata: true, ..file }).await.unwrap();
}
