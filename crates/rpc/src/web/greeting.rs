//! What both ends say before anything else: they show each other that they know the token.
//!
//! ```json
//! {"jsonrpc":"2.0","id":1,"method":"hello","params":{"nonce":"5b…"}}
//! {"jsonrpc":"2.0","id":1,"result":{"nonce":"90…","proof":"c4…"}}
//! {"jsonrpc":"2.0","id":2,"method":"authenticate","params":{"proof":"1e…"}}
//! {"jsonrpc":"2.0","id":2,"result":{}}
//! ```

use serde_json::Value;

use super::{
    address::WebAddress,
    proof::{Meeting, Nonce, Side},
};
use crate::{
    api::{self, Authenticate, Done, Greeting, Hello, Method},
    carrier::{Reader, Writer},
    connection::ConnectError,
    frame::{Error, ErrorCode, Id, Outcome, Request, Response},
};

/// Hears who knocks, as the daemon. True if they know the token, and were told; they get no second try.
pub(super) async fn hear(reader: &mut impl Reader, writer: &mut impl Writer, address: &WebAddress) -> bool {
    let Some((id, Hello { nonce })) = expect::<Hello>(reader, writer).await else { return false };
    let Some(program) = Nonce::parse(&nonce) else {
        let error = Error::new(ErrorCode::InvalidParams, "a nonce is 64 hexadecimal digits in small letters");
        refuse(writer, id, error).await;
        return false;
    };
    let Ok(daemon) = Nonce::new() else { return false };
    let meeting = Meeting { port: address.port, program, daemon };
    let Some(proof) = address.token.prove(Side::Daemon, &meeting) else { return false };
    let greeting = Greeting { nonce: meeting.daemon.as_str().to_owned(), proof };
    if !answer(writer, id, serde_json::to_value(greeting)).await {
        return false;
    }
    let Some((id, Authenticate { proof })) = expect::<Authenticate>(reader, writer).await else { return false };
    if !address.token.holds(Side::Program, &meeting, &proof) {
        let error =
            Error::new(ErrorCode::NotProven, "this does not show that you know the token: `lamplit web` shows it");
        refuse(writer, id, error).await;
        return false;
    }
    answer(writer, id, serde_json::to_value(Done {})).await
}

/// Makes the daemon show that it knows the token, and then shows it to the daemon, as the program. Nothing else is said to
/// somebody who does not.
pub(super) async fn say(
    reader: &mut impl Reader,
    writer: &mut impl Writer,
    address: &WebAddress,
) -> Result<(), ConnectError> {
    let stranger = || ConnectError::NotTheDaemon(address.url());
    let program = Nonce::new().map_err(|error| ConnectError::Io(std::io::Error::other(error)))?;
    let hello = Hello { nonce: program.as_str().to_owned() };
    let Greeting { nonce, proof } = ask(reader, writer, 1, hello).await?.map_err(|_| stranger())?;
    let daemon = Nonce::parse(&nonce).ok_or_else(stranger)?;
    let meeting = Meeting { port: address.port, program, daemon };
    if !address.token.holds(Side::Daemon, &meeting, &proof) {
        return Err(stranger());
    }
    let proof = address.token.prove(Side::Program, &meeting).ok_or_else(stranger)?;
    ask(reader, writer, 2, Authenticate { proof }).await?.map_err(|error| ConnectError::Refused(error.message))?;
    Ok(())
}

/// The call that must come now, alone in its message. Any other is refused, and nothing comes of the connection.
async fn expect<M: Method>(reader: &mut impl Reader, writer: &mut impl Writer) -> Option<(Option<Id>, M)> {
    let message = reader.next().await.ok()??;
    let (id, error) = match Request::parse(message) {
        Err(error) => (None, error),
        Ok(Request { id, method, .. }) if method != M::NAME => {
            let message = format!("`{}` must come now: both ends show first that they know the token", M::NAME);
            (id, Error::new(ErrorCode::NotProven, message))
        }
        Ok(Request { id, params, .. }) => match api::read(M::NAME, params) {
            Ok(call) => return Some((id, call)),
            Err(error) => (id, error),
        },
    };
    refuse(writer, id, error).await;
    None
}

async fn refuse(writer: &mut impl Writer, id: Option<Id>, error: Error) {
    if let Ok(message) = serde_json::to_vec(&Response::new(id, Err(error))) {
        // They may be gone already.
        let _ = writer.write(message).await;
    }
    writer.end().await;
}

/// Answers. False if that came to nothing.
async fn answer(writer: &mut impl Writer, id: Option<Id>, result: serde_json::Result<Value>) -> bool {
    let Ok(message) = result.and_then(|result| serde_json::to_vec(&Response::new(id, Ok(result)))) else {
        return false;
    };
    writer.write(message).await.is_ok()
}

/// Calls a method and waits for its result.
async fn ask<M: Method>(
    reader: &mut impl Reader,
    writer: &mut impl Writer,
    id: u64,
    method: M,
) -> Result<Result<M::Result, Error>, ConnectError> {
    let failed = |error: std::io::Error| ConnectError::Io(error);
    let params = serde_json::to_value(method).map_err(|error| failed(error.into()))?;
    let request = serde_json::to_vec(&Request::new(id, M::NAME, params)).map_err(|error| failed(error.into()))?;
    writer.write(request).await.map_err(failed)?;
    let garbled = || Err(Error::new(ErrorCode::InvalidRequest, "the answer cannot be read"));
    let Ok(Some(message)) = reader.next().await else { return Ok(garbled()) };
    Ok(match serde_json::from_slice::<Response>(message).map(|response| response.outcome) {
        Ok(Outcome::Result(result)) => serde_json::from_value(result).or_else(|_| garbled()),
        Ok(Outcome::Error(error)) => Err(error),
        Err(_) => garbled(),
    })
}
