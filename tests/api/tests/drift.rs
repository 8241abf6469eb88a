//! What is written down is what the code says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

#[test]
fn the_document_and_the_types_are_what_the_code_says() {
    for (path, text) in lamplit_api::files().unwrap() {
        let written = fs::read_to_string(&path).unwrap_or_default();
        let first = written.lines().zip(text.lines()).position(|(old, new)| old != new);
        let line = first.unwrap_or_else(|| written.lines().count().min(text.lines().count())) + 1;
        assert!(written == text, "{} is of another time from line {line} on: cargo xtask api", path.display());
    }
}
