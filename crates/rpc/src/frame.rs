//! JSON-RPC 2.0, one object a line. Batches and positional parameters are refused: a line is one call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a request carries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Always `"2.0"`.
    pub(crate) jsonrpc: Version,
    /// Comes back in the answer; without it no answer is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Id>,
    /// What to do.
    pub(crate) method: String,
    /// With what.
    #[serde(default = "no_params")]
    pub(crate) params: Value,
}

/// What an answer carries: a result or an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Response {
    jsonrpc: Version,
    /// The request's; `null` if it could not be read.
    pub(crate) id: Option<Id>,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Result(Value),
    Error(Error),
}

/// A word from the daemon that nobody asked for just now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notification {
    jsonrpc: Version,
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// A request's number or text (JSON-RPC 2.0, section 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Id {
    Number(u64),
    Text(String),
}

/// The only version there is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Version {
    #[serde(rename = "2.0")]
    V2,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// A number for programs: see [`ErrorCode`].
    pub code: i64,
    /// What was wrong, and what to do, for people.
    pub message: String,
}

/// The numbers in [`Error::code`]. Those below zero are JSON-RPC's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum ErrorCode {
    /// The line is no JSON.
    Parse = -32700,
    /// The JSON is no request.
    InvalidRequest = -32600,
    /// No such method.
    MethodNotFound = -32601,
    /// The parameters don't fit the method.
    InvalidParams = -32602,
    /// Nobody of that id among the contacts.
    UnknownContact = 1,
    /// The contact's devices are not known yet.
    NotYetAccepted = 2,
    /// A limit is reached.
    Full = 3,
    /// The invite is no invite, expired, or your own.
    BadInvite = 4,
    /// No network address is known to be dialled at.
    NoAddress = 5,
    /// The database failed.
    Storage = 6,
    /// The daemon is stopping.
    Stopping = 7,
    /// Too many connections.
    Busy = 8,
    /// A line was too long.
    TooLong = 9,
    /// This connection has subscribed already.
    AlreadySubscribed = 10,
    /// Somebody who is a contact already.
    AlreadyContact = 11,
}

impl Error {
    /// An error of that kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code: code as i64, message: message.into() }
    }
}

impl Response {
    pub(crate) fn new(id: Option<Id>, outcome: Result<Value, Error>) -> Self {
        let outcome = match outcome {
            Ok(value) => Outcome::Result(value),
            Err(error) => Outcome::Error(error),
        };
        Self { jsonrpc: Version::V2, id, outcome }
    }
}

impl Request {
    pub(crate) fn new(id: u64, method: &str, params: Value) -> Self {
        Self { jsonrpc: Version::V2, id: Some(Id::Number(id)), method: method.to_owned(), params }
    }

    /// Reads a request from its line.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Error> {
        let value: Value = serde_json::from_slice(line)
            .map_err(|error| Error::new(ErrorCode::Parse, format!("this line is no JSON: {error}")))?;
        serde_json::from_value(value).map_err(|error| {
            let message = format!(
                "this is no JSON-RPC 2.0 request ({error}): send one object a line, with jsonrpc, id, method and params"
            );
            Error::new(ErrorCode::InvalidRequest, message)
        })
    }
}

impl Notification {
    pub(crate) fn new(method: &str, params: Value) -> Self {
        Self { jsonrpc: Version::V2, method: method.to_owned(), params }
    }
}

/// A value as one line. What is written holds no line feed: JSON escapes them inside text.
pub(crate) fn line(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

fn no_params() -> Value {
    Value::Object(serde_json::Map::new())
}
