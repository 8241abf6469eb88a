//! Reading the vectors: hex strings inside JSON.

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::de::DeserializeOwned;

pub(crate) fn rows<T: DeserializeOwned>(json: &str) -> Vec<T> {
    serde_json::from_str(json).expect("a data file matches the fields its test reads")
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).expect("a vector is written in hex")
}

pub(crate) fn hex32(text: &str) -> [u8; 32] {
    hex(text).try_into().expect("32 bytes")
}
