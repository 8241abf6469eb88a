//! Messages to a daemon, as any program of the same user can write them.

use lamplit_rpc::{ErrorCode, api::Call, limits, read};
use serde_json::json;

/// Reads `data` as a call or a batch of them, which has no more than it may. One that is read can be written and is the same again; a
/// refusal says what was wrong, in few words and with a number that is in the list.
pub fn request(data: &[u8]) {
    let calls = read(data);
    assert!((1..=limits::BATCH).contains(&calls.len()), "{} calls", calls.len());
    for call in calls {
        match call {
            Ok(call) => assert_eq!(again(&call), Some((call.method(), call.params().ok()))),
            Err(error) => {
                let bytes = error.message.len();
                assert!((1..=limits::ERROR_BYTES).contains(&bytes), "{bytes} bytes");
                assert!(ErrorCode::ALL.iter().any(|(code, ..)| *code as i64 == error.code), "{}", error.code);
            }
        }
    }
}

/// The method and parameters of a call that was written and read.
fn again(call: &Call) -> Option<(&'static str, Option<serde_json::Value>)> {
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": call.method(), "params": call.params().ok()? });
    let call = read(message.to_string().as_bytes()).pop()?.ok()?;
    Some((call.method(), call.params().ok()))
}
