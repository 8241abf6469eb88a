//! Frames, and the plaintexts that travel inside sealed ones.

use std::fmt::Debug;

use lamplit_wire::{
    Content, Decoded, Entry, Frame, Kinds, SignedPresence, decode,
    server::{Down, Up},
};
use serde::{Serialize, de::DeserializeOwned};

/// Decodes `data` as frames and as each kind of plaintext. What decodes can be encoded, and decodes to the same.
pub fn wire(data: &[u8]) {
    frames(data, Frame::encode);
    frames(data, Up::encode);
    frames(data, Down::encode);
    plaintext::<Content>(data);
    plaintext::<Entry>(data);
    plaintext::<SignedPresence>(data);
}

fn frames<F: Kinds + Debug + PartialEq, E: Debug>(data: &[u8], encode: impl Fn(&F) -> Result<Vec<u8>, E>) {
    let mut rest = data;
    loop {
        let before = rest.len();
        let Ok(Some(decoded)) = decode::<F>(&mut rest) else { return };
        assert!(rest.len() < before, "decoding stands still");
        let Decoded::Frame(frame) = decoded else { continue };

        let bytes = encode(&frame);
        assert!(bytes.is_ok(), "a frame that was read can't be written: {frame:?}");
        let bytes = bytes.unwrap_or_default();
        let mut again = bytes.as_slice();
        assert_eq!(decode(&mut again), Ok(Some(Decoded::Frame(frame))));
        assert!(again.is_empty());
    }
}

fn plaintext<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) {
    let Ok(value) = postcard::from_bytes::<T>(data) else { return };
    let again = postcard::to_allocvec(&value).and_then(|bytes| postcard::from_bytes(&bytes));
    assert_eq!(again, Ok(value));
}

#[cfg(test)]
mod tests;
