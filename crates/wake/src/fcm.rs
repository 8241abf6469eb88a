//! Google's push service (FCM, HTTP v1), by which devices with Android are woken.

mod token;

use std::{path::Path, time::SystemTime};

use reqwest::{Client, Response};
use serde::{Deserialize, Serialize};

use crate::{Answer, Cause, ConfigError, Endpoint, FcmConfig, FcmToken, Pending, Refusal, Sender, client, limits};
use token::{Account, Tokens};

const GOOGLE: &str = "https://fcm.googleapis.com";
/// Of several wakes that wait for a device the last is enough.
const COLLAPSE: &str = "wake";

pub(crate) struct Fcm {
    client: Client,
    url: String,
    tokens: Tokens,
}

/// Data and no notification, so that the app itself wakes. It is the same for everybody.
#[derive(Serialize)]
struct Request<'a> {
    message: Message<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    token: &'a str,
    data: Data,
    android: Android,
}

#[derive(Serialize)]
struct Data {
    wake: &'static str,
}

#[derive(Serialize)]
struct Android {
    collapse_key: &'static str,
    priority: &'static str,
    ttl: String,
}

#[derive(Deserialize)]
struct Failure {
    error: Failed,
}

#[derive(Deserialize)]
struct Failed {
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    error_code: Option<String>,
    #[serde(default)]
    field_violations: Vec<Violation>,
}

#[derive(Deserialize)]
struct Violation {
    #[serde(default)]
    field: String,
}

impl Fcm {
    pub(crate) fn open(config: &FcmConfig, ca: Option<&Path>) -> Result<Self, ConfigError> {
        let account = Account::read(&config.file)?;
        let url = config.url.as_deref().unwrap_or(GOOGLE);
        Endpoint::parse(url).map_err(|_| ConfigError::Url("fcm"))?;
        let url = format!("{}/v1/projects/{}/messages:send", url.trim_end_matches('/'), account.project());
        let client = client::fixed(ca)?;
        Ok(Self { tokens: Tokens::new(client.clone(), account), client, url })
    }

    async fn send(&self, target: &FcmToken) -> Answer {
        let token = match self.tokens.token().await {
            Ok(token) => token,
            Err(answer) => return answer,
        };
        let android = Android { collapse_key: COLLAPSE, priority: "HIGH", ttl: format!("{}s", limits::TTL.as_secs()) };
        let message = Message { token: target.token(), data: Data { wake: "1" }, android };
        let Ok(body) = serde_json::to_vec(&Request { message }) else { return Answer::Refused(Refusal::Sealing) };
        let request = self.client.post(&self.url).bearer_auth(token.as_str());
        let request = request.header("Content-Type", "application/json").body(body);
        let answer = match client::ask(request).await {
            Ok(response) => read(response).await,
            Err(answer) => answer,
        };
        if matches!(answer, Answer::Later { cause: Cause::Http(401), .. }) {
            self.tokens.forget(&token).await;
        }
        answer
    }
}

impl Sender<FcmToken> for Fcm {
    fn wake<'a>(&'a self, target: &'a FcmToken) -> Pending<'a, Answer> {
        Box::pin(self.send(target))
    }
}

async fn read(mut response: Response) -> Answer {
    let status = response.status().as_u16();
    let cause = Cause::Http(status);
    match status {
        200..=299 => Answer::Delivered,
        // The token ended before its time; the next try has another.
        401 => Answer::later(cause),
        403 => Answer::Refused(Refusal::Unauthorised(cause)),
        429 | 500..=599 => Answer::later_by(cause, response.headers(), SystemTime::now()),
        // The same statuses say that there is no such project, or that all of what is sent is wrong: then no device is to be
        // forgotten.
        400 | 404 if says_gone(&client::body(&mut response).await) => Answer::Gone,
        _ => Answer::Refused(Refusal::Other(cause)),
    }
}

/// Whether it is the target that does not exist.
fn says_gone(body: &[u8]) -> bool {
    let Ok(failure) = serde_json::from_slice::<Failure>(body) else { return false };
    failure.error.details.iter().any(|detail| {
        let unregistered = detail.error_code.as_deref() == Some("UNREGISTERED");
        unregistered || detail.field_violations.iter().any(|violation| violation.field == "message.token")
    })
}

#[cfg(test)]
mod tests;
