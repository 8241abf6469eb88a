#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use tokio::{io::AsyncWriteExt, time::timeout};

use super::*;

#[tokio::test]
async fn a_line_that_comes_in_pieces_is_one_line_even_if_waiting_was_given_up() {
    let (mut near, far) = tokio::io::duplex(64);
    let mut lines = LineReader::new(far);
    near.write_all(b"first\nsec").await.unwrap();
    assert_eq!(lines.next().await.unwrap(), Some(b"first".as_slice()));
    assert!(timeout(Duration::from_millis(20), lines.next()).await.is_err());
    near.write_all(b"ond\n\nlast").await.unwrap();
    assert_eq!(lines.next().await.unwrap(), Some(b"second".as_slice()));
    assert_eq!(lines.next().await.unwrap(), Some(b"".as_slice()));
    drop(near);
    // What has no end is no line.
    assert_eq!(lines.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_line_without_an_end_is_refused_before_it_fills_the_memory() {
    let endless = tokio::io::repeat(b'x');
    let mut lines = LineReader::new(endless);
    assert!(matches!(lines.next().await, Err(ReadError::TooLong)));
    assert!(lines.buffer.len() <= limits::LINE_BYTES);
}
