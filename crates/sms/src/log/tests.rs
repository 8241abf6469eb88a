use std::{
    io,
    sync::{Arc, Mutex},
};

use super::*;
use crate::Config;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_text_stands_in_the_log_which_says_that_nobody_gets_it() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let number = PhoneNumber::parse("+8613800138000").unwrap();
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let sender = toml::from_str::<Config>(r#"kind = "log""#).unwrap().open().unwrap();
        assert_eq!(runtime.block_on(sender.send(&number, "your code is 123456")), Ok(()));
        assert_eq!(runtime.block_on(sender.send(&number, "")), Err(SendError::Text));
    });
    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(lines.contains("sent to nobody") && lines.contains("for development only"), "{lines}");
    assert!(lines.contains("your code is 123456") && lines.contains("+86…"), "{lines}");
    assert!(!lines.contains("13800138000"), "{lines}");
}
