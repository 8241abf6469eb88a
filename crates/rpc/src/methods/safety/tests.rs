#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::{
    Connection,
    api::{Compared, Event, GetContacts, GetSafety, MarkSafety, Safety, Subscribe},
    frame::ErrorCode,
    testing::{Daemon, PATIENCE, code, wait_for},
};

/// The one contact that a daemon has, once it has one.
async fn met(daemon: &mut Connection) -> String {
    let met = async {
        loop {
            if let Some(contact) = daemon.call(GetContacts::default()).await.unwrap().contacts.pop() {
                return contact.id;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, met).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_see_one_code_and_what_came_of_comparing_it_is_kept_and_told() {
    let (ada, grace) = (Daemon::start("Ada").await, Daemon::start("Grace").await);
    let contact = ada.meet(&grace).await;
    let (mut here, mut screen, mut there) = (ada.connect().await, ada.connect().await, grace.connect().await);
    screen.call(Subscribe {}).await.unwrap();
    let shown = here.call(GetSafety { contact: contact.clone() }).await.unwrap();
    assert_eq!(shown.compared, Compared::NotYet);
    let known = met(&mut there).await;
    let theirs = there.call(GetSafety { contact: known.clone() }).await.unwrap();
    assert_eq!(theirs, shown);

    for compared in [Compared::Same, Compared::Different, Compared::NotYet] {
        // As a camera may give it.
        let given = MarkSafety { contact: contact.clone(), code: theirs.code.replace(' ', ""), compared };
        here.call(given).await.unwrap();
        let told = wait_for(&mut screen, |event| match event {
            Event::ContactChanged { contact } => (contact.compared == compared).then_some(contact.id),
            _ => None,
        });
        assert_eq!(told.await, contact);
        let kept = here.call(GetSafety { contact: contact.clone() }).await.unwrap();
        assert_eq!(kept, Safety { compared, ..shown.clone() });
        let listed = here.call(GetContacts::default()).await.unwrap().contacts.pop().unwrap();
        assert_eq!(listed.compared, compared);
    }
    assert_eq!(there.call(GetSafety { contact: known }).await.unwrap().compared, Compared::NotYet);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_code_or_none_is_not_taken_for_the_one_that_was_compared() {
    let (ada, grace, linus) = (Daemon::start("Ada").await, Daemon::start("Grace").await, Daemon::start("Linus").await);
    let contact = ada.meet(&grace).await;
    let other = ada.meet(&linus).await;
    let mut here = ada.connect().await;
    let right = here.call(GetSafety { contact: contact.clone() }).await.unwrap().code;
    let mark = |code: &str, compared| MarkSafety { contact: contact.clone(), code: code.to_owned(), compared };
    here.call(mark(&right, Compared::Same)).await.unwrap();

    let of_another = here.call(GetSafety { contact: other }).await.unwrap().code;
    for compared in [Compared::Same, Compared::Different, Compared::NotYet] {
        let refused = here.call(mark(&of_another, compared)).await.unwrap_err();
        assert_eq!(code(refused), ErrorCode::CodesDiffer as i64);
    }
    for none in ["", "34122", right.replacen(' ', "-", 1).as_str(), format!("{right} 1").as_str()] {
        let refused = here.call(mark(none, Compared::Same)).await.unwrap_err();
        assert_eq!(code(refused), ErrorCode::InvalidParams as i64, "{none}");
    }
    let kept = here.call(GetSafety { contact }).await.unwrap();
    assert_eq!((kept.code, kept.compared), (right, Compared::Same), "and what was kept stays");

    let nobody = "6f1c1d0e-0000-4000-8000-000000000000".to_owned();
    let refused = here.call(GetSafety { contact: nobody.clone() }).await.unwrap_err();
    assert_eq!(code(refused), ErrorCode::UnknownContact as i64);
    let stranger = MarkSafety { contact: nobody, code: of_another, compared: Compared::Same };
    assert_eq!(code(here.call(stranger).await.unwrap_err()), ErrorCode::UnknownContact as i64);
}
