//! JSON-RPC 2.0: a message is one call, or a batch of them. Parameters are given by name, and no other way.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};

use crate::{api::Call, limits};

/// What comes in a message.
#[derive(Debug)]
pub(crate) enum Message {
    /// One call.
    Call(Request),
    /// Some at once (JSON-RPC 2.0, section 6). Each may still be no request: that concerns none of the others.
    Batch(Vec<Value>),
}

/// What a request carries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Always `"2.0"`.
    pub(crate) jsonrpc: Version,
    /// Comes back in the answer; without it no answer is sent. `null` is one too.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
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

/// What a request is known by (JSON-RPC 2.0, section 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Id {
    Number(Number),
    Text(String),
    Null,
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

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $number:literal,)*) => {
        /// The numbers in [`Error::code`]. Those below zero are JSON-RPC's own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(i64)]
        pub enum ErrorCode {
            $($(#[doc = $doc])* $name = $number,)*
        }

        impl ErrorCode {
            /// All of them, with their names and what they mean.
            pub const ALL: &[(Self, &str, &str)] = &[$((Self::$name, stringify!($name), concat!($($doc),*))),*];
        }
    };
}

codes! {
    /// It is no JSON.
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
    /// A message was too long.
    TooLong = 9,
    /// This connection has subscribed already.
    AlreadySubscribed = 10,
    /// Somebody who is a contact already.
    AlreadyContact = 11,
    /// On the WebSocket: the token was not shown.
    NotProven = 12,
    /// No file, or none that can be sent or fetched.
    BadFile = 13,
    /// No device of that id on this account.
    UnknownDevice = 14,
    /// The recovery phrase is none, or another account's.
    WrongPhrase = 15,
    /// This device was removed from its account.
    Removed = 16,
    /// No such group, or nobody of that id in it.
    UnknownGroup = 17,
    /// Not the owner's to do in this group.
    Denied = 18,
    /// No link to a server, or none is used or reached.
    BadServer = 19,
    /// No telephone number, no code, or no code was asked for.
    BadNumber = 20,
    /// A picture that may tell more than it shows, which cannot be taken out of it: it can be sent with `keep_metadata`.
    BadPicture = 21,
    /// The safety code that was given is not the one with this contact: nothing was kept.
    CodesDiffer = 22,
}

impl Error {
    /// An error of that kind. Of a message beyond [`limits::ERROR_BYTES`] the end is left out.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let mut message = message.into();
        message.truncate(message.floor_char_boundary(limits::ERROR_BYTES));
        Self { code: code as i64, message }
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

impl From<u64> for Id {
    fn from(id: u64) -> Self {
        Self::Number(id.into())
    }
}

impl Message {
    /// Reads what is in a message.
    pub(crate) fn parse(message: &[u8]) -> Result<Self, Error> {
        match json(message)? {
            Value::Array(calls) if calls.is_empty() => {
                let message = "this batch is empty: send an array of requests, or one request alone";
                Err(Error::new(ErrorCode::InvalidRequest, message))
            }
            Value::Array(calls) if calls.len() > limits::BATCH => {
                let message = format!(
                    "this batch has {} calls, and one may have {}: nothing of it was done; send several, one after another",
                    calls.len(),
                    limits::BATCH
                );
                Err(Error::new(ErrorCode::Full, message))
            }
            Value::Array(calls) => Ok(Self::Batch(calls)),
            call => Request::read(call).map(Self::Call),
        }
    }
}

impl Request {
    pub(crate) fn new(id: u64, method: &str, params: Value) -> Self {
        Self { jsonrpc: Version::V2, id: Some(id.into()), method: method.to_owned(), params }
    }

    /// Reads a request from a message that can be no batch.
    pub(crate) fn parse(message: &[u8]) -> Result<Self, Error> {
        Self::read(json(message)?)
    }

    /// Reads a request, which may be one of a batch.
    pub(crate) fn read(value: Value) -> Result<Self, Error> {
        // Of an array serde would take the fields in their order.
        if !value.is_object() {
            return Err(no_request("it is no object"));
        }
        let request: Self = serde_json::from_value(value).map_err(no_request)?;
        match &request.id {
            Some(Id::Text(id)) if id.len() > limits::ID_BYTES => {
                Err(no_request(format!("its id is longer than {} bytes", limits::ID_BYTES)))
            }
            _ => Ok(request),
        }
    }
}

impl Notification {
    pub(crate) fn new(method: &str, params: Value) -> Self {
        Self { jsonrpc: Version::V2, method: method.to_owned(), params }
    }
}

/// Reads the calls of a message, as the daemon does: one, or those of a batch. What is no request, or not one of a method that
/// there is, with its parameters, is an error in its place.
pub fn read(message: &[u8]) -> Vec<Result<Call, Error>> {
    let call = |Request { method, params, .. }: Request| Call::parse(&method, params);
    match Message::parse(message) {
        Ok(Message::Call(request)) => vec![call(request)],
        Ok(Message::Batch(calls)) => calls.into_iter().map(|value| Request::read(value).and_then(call)).collect(),
        Err(error) => vec![Err(error)],
    }
}

fn json(message: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(message).map_err(|error| Error::new(ErrorCode::Parse, format!("this is no JSON: {error}")))
}

fn no_request(why: impl core::fmt::Display) -> Error {
    let message = format!(
        "this is no JSON-RPC 2.0 request: one is an object with jsonrpc, id, method and params, alone or with others in \
         an array ({why})"
    );
    Error::new(ErrorCode::InvalidRequest, message)
}

/// An id that is there, be it `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Id>, D::Error> {
    Id::deserialize(deserializer).map(Some)
}

fn no_params() -> Value {
    Value::Object(serde_json::Map::new())
}
