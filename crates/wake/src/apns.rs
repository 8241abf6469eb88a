//! Apple's push service (APNs, by tokens), by which devices with iOS and macOS are woken.
//!
//! A wake is an alert that says nothing and that the app may put something else for (`mutable-content`): Apple hands out a
//! few silent pushes an hour and none to an app that was closed by hand, which is no way to hear of a message.

use core::time::Duration;
use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    error::Unspecified,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use reqwest::{Client, Response};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::{
    Answer, ApnsConfig, ApnsTarget, Cause, ConfigError, Endpoint, Pending, Refusal, Sender, client, file, jwt, limits,
    target::is_topic,
};

const APPLE: &str = "https://api.push.apple.com";
const APPLE_SANDBOX: &str = "https://api.sandbox.push.apple.com";
/// Of several wakes that wait for a device the last is enough.
const COLLAPSE: &str = "wake";
/// What the app shows where it is not let to look: `wake` is a key in its table of texts, in the reader's language. It is the
/// same for everybody.
const PAYLOAD: &str = r#"{"aps":{"alert":{"loc-key":"wake"},"mutable-content":1}}"#;

pub(crate) struct Apns {
    client: Client,
    url: String,
    topic: String,
    provider: Provider,
}

/// Who asks: the operator's team, by a key of theirs.
struct Provider {
    key: EcdsaKeyPair,
    key_id: String,
    team_id: String,
    now: Mutex<Option<Made>>,
}

struct Made {
    token: Zeroizing<String>,
    at: Instant,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: u64,
}

#[derive(Deserialize)]
struct Failure {
    reason: String,
}

impl Apns {
    pub(crate) fn open(config: &ApnsConfig, ca: Option<&Path>) -> Result<Self, ConfigError> {
        let pem = file::read(&config.file)?;
        let key = p8(&pem).ok_or_else(|| ConfigError::P8(config.file.clone()))?;
        if !is_topic(&config.topic) {
            return Err(ConfigError::Topic);
        }
        let own = if config.sandbox { APPLE_SANDBOX } else { APPLE };
        let url = config.url.as_deref().unwrap_or(own);
        Endpoint::parse(url).map_err(|_| ConfigError::Url("apns"))?;
        let provider = Provider {
            key,
            key_id: id("key_id", &config.key_id)?,
            team_id: id("team_id", &config.team_id)?,
            now: Mutex::new(None),
        };
        let url = format!("{}/3/device/", url.trim_end_matches('/'));
        Ok(Self { client: client::fixed_http2(ca)?, url, topic: config.topic.clone(), provider })
    }

    async fn send(&self, target: &ApnsTarget) -> Answer {
        if target.topic() != self.topic {
            return Answer::Refused(Refusal::Topic);
        }
        let now = SystemTime::now();
        let (Ok(token), Ok(since)) = (self.provider.token(Instant::now(), now), now.duration_since(UNIX_EPOCH)) else {
            return Answer::Refused(Refusal::Sealing);
        };
        let request = self.client.post(format!("{}{}", self.url, target.token())).bearer_auth(token.as_str());
        let request = request
            .header("apns-topic", target.topic())
            .header("apns-push-type", "alert")
            .header("apns-priority", "10")
            .header("apns-expiration", since.saturating_add(limits::TTL).as_secs())
            .header("apns-collapse-id", COLLAPSE)
            .body(PAYLOAD);
        let answer = match client::ask(request).await {
            Ok(response) => read(response).await,
            Err(answer) => answer,
        };
        if matches!(answer, Answer::Later { cause: Cause::Http(403), .. }) {
            self.provider.expired(&token, Instant::now());
        }
        answer
    }
}

impl Sender<ApnsTarget> for Apns {
    fn wake<'a>(&'a self, target: &'a ApnsTarget) -> Pending<'a, Answer> {
        Box::pin(self.send(target))
    }
}

impl Provider {
    /// The token that is good now.
    fn token(&self, now: Instant, wall: SystemTime) -> Result<Zeroizing<String>, Unspecified> {
        let mut held = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let good = held.as_ref().filter(|made| now.saturating_duration_since(made.at) < limits::APNS_USED);
        if let Some(made) = good {
            return Ok(made.token.clone());
        }
        let iat = wall.duration_since(UNIX_EPOCH).map_err(|_| Unspecified)?.as_secs();
        let header = Header { alg: "ES256", kid: &self.key_id };
        let token = Zeroizing::new(jwt::es256(&self.key, &header, &Claims { iss: &self.team_id, iat })?);
        *held = Some(Made { token: token.clone(), at: now });
        Ok(token)
    }

    /// Apple says that it has ended. One that is young stays: Apple takes no new ones so often.
    fn expired(&self, token: &str, now: Instant) {
        let mut held = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |at: Instant| now.saturating_duration_since(at) >= limits::APNS_LEAST;
        if held.as_ref().is_some_and(|made| made.token.as_str() == token && is_old(made.at)) {
            *held = None;
        }
    }
}

async fn read(mut response: Response) -> Answer {
    let status = response.status().as_u16();
    let cause = Cause::Http(status);
    match status {
        200 => Answer::Delivered,
        410 => Answer::Gone,
        429 | 500..=599 => {
            // Apple does not always say when; a device that is asked too often is left for a while.
            Answer::later_by(cause, response.headers(), SystemTime::now())
        }
        _ => refused(cause, &client::body(&mut response).await),
    }
}

fn refused(cause: Cause, body: &[u8]) -> Answer {
    let reason = serde_json::from_slice::<Failure>(body).map(|failure| failure.reason).unwrap_or_default();
    match (cause, reason.as_str()) {
        (_, "BadDeviceToken" | "Unregistered" | "ExpiredToken") => Answer::Gone,
        (_, "DeviceTokenNotForTopic" | "TopicDisallowed") => Answer::Refused(Refusal::Topic),
        (Cause::Http(403), "ExpiredProviderToken") => Answer::later(cause),
        (Cause::Http(403), _) => Answer::Refused(Refusal::Unauthorised(cause)),
        _ => Answer::Refused(Refusal::Other(cause)),
    }
}

fn p8(pem: &[u8]) -> Option<EcdsaKeyPair> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem).ok()?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der()).ok()
}

fn id(name: &'static str, id: &str) -> Result<String, ConfigError> {
    let is_id = id.len() == 10 && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_id { Ok(id.to_owned()) } else { Err(ConfigError::Id(name)) }
}

const _: () = assert!(limits::APNS_LEAST.as_secs() < limits::APNS_USED.as_secs());
const _: () = assert!(limits::APNS_USED.as_secs() < Duration::from_secs(60 * 60).as_secs());

#[cfg(test)]
mod tests;
