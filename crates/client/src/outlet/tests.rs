#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use lamplit_transport::{Connection, MemoryNetwork, MemoryPipe, Transport, TransportEvent};
use lamplit_types::Class;

use super::*;

const MESSAGES: Channel = Channel::Stream(Class::Message);
const BULK: Channel = Channel::Stream(Class::Bulk);

/// The two ends of a pipe, and what keeps it.
async fn pipe() -> (Connection, Connection, impl Sized) {
    let network = MemoryNetwork::new(MemoryPipe::Streams);
    let (near, near_hears) = network.join();
    let (far, mut far_hears) = network.join();
    let connection = near.dial(far.addresses().remove(0)).await.unwrap();
    let Some(TransportEvent::Incoming(other)) = far_hears.recv().await else { panic!("it was dialled") };
    (connection, other, (near, near_hears, far, far_hears))
}

#[tokio::test]
async fn a_link_that_takes_nothing_in_is_full_in_the_end_and_never_waited_for() {
    let (near, _far, _network) = pipe().await;
    let mut outlet = Outlet::new(near.sender);
    let portion = 64 * 1024;
    let most = limits::LINK_BYTES / portion;
    let mut sent = 0;
    while outlet.send(BULK, vec![0; portion]).is_ok() {
        sent += 1;
        assert!(sent <= most, "the bound does not hold");
    }
    assert_eq!(sent, most);
}

#[tokio::test]
async fn a_full_channel_holds_up_no_other() {
    let (near, mut far, _network) = pipe().await;
    let mut outlet = Outlet::new(near.sender);
    // More than the pipe holds, less than the outlet does.
    for _ in 0..6 {
        outlet.send(BULK, vec![0; 256 * 1024]).unwrap();
    }
    outlet.send(MESSAGES, b"first".to_vec()).unwrap();
    sleep(core::time::Duration::from_millis(20)).await;
    assert_eq!(far.receiver.receive().await.unwrap(), (MESSAGES, b"first".to_vec()));
    assert_eq!(far.receiver.receive().await.unwrap().0, BULK);
}

#[tokio::test]
async fn what_was_sent_before_the_close_arrives() {
    let (near, mut far, _network) = pipe().await;
    let mut outlet = Outlet::new(near.sender);
    outlet.send(MESSAGES, b"last words".to_vec()).unwrap();
    outlet.close();
    assert_eq!(far.receiver.receive().await.unwrap(), (MESSAGES, b"last words".to_vec()));
    assert!(far.receiver.receive().await.is_none());
}

#[tokio::test]
async fn a_cut_ends_the_pipe_at_once() {
    let (near, mut far, _network) = pipe().await;
    let outlet = Outlet::new(near.sender);
    outlet.cut();
    assert!(far.receiver.receive().await.is_none());
}
