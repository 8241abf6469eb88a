//! What lets the server in at Google: a word signed by the operator's service account is changed for a token that is good
//! for an hour (RFC 7523).

use core::time::Duration;
use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{error::Unspecified, rsa};
use reqwest::Client;
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, time::Instant};
use url::form_urlencoded::Serializer;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Answer, Cause, ConfigError, Endpoint, Refusal, client, file, jwt, limits};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The operator's service account.
pub(super) struct Account {
    project: String,
    email: String,
    key: rsa::KeyPair,
    key_id: Option<String>,
    token_uri: Endpoint,
}

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
struct AccountFile {
    project_id: String,
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: String,
}

#[derive(Serialize)]
struct Header<'a> {
    typ: &'static str,
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'static str,
    aud: &'a str,
    iat: u64,
    exp: u64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

impl Account {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let bytes = file::read(path)?;
        Self::parse(&bytes).ok_or_else(|| ConfigError::Account(path.to_path_buf()))
    }

    fn parse(json: &[u8]) -> Option<Self> {
        let said: AccountFile = serde_json::from_slice(json).ok()?;
        let der = PrivatePkcs8KeyDer::from_pem_slice(said.private_key.as_bytes()).ok()?;
        let key = rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()?;
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        let has_name = !said.project_id.is_empty() && said.project_id.bytes().all(is_name);
        has_name.then_some(())?;
        Some(Self {
            project: said.project_id.clone(),
            email: said.client_email.clone(),
            key,
            key_id: said.private_key_id.clone(),
            token_uri: Endpoint::parse(&said.token_uri).ok()?,
        })
    }

    pub(super) fn project(&self) -> &str {
        &self.project
    }

    /// The word that asks for a token.
    fn word(&self, now: SystemTime) -> Result<Zeroizing<String>, Unspecified> {
        let iat = now.duration_since(UNIX_EPOCH).map_err(|_| Unspecified)?.as_secs();
        let exp = iat.saturating_add(limits::FCM_ASKED.as_secs());
        let claims = Claims { iss: &self.email, scope: SCOPE, aud: self.token_uri.url().as_str(), iat, exp };
        let header = Header { typ: "JWT", alg: "RS256", kid: self.key_id.as_deref() };
        jwt::rs256(&self.key, &header, &claims).map(Zeroizing::new)
    }
}

/// The token that is good now.
pub(super) struct Tokens {
    client: Client,
    account: Account,
    now: Mutex<Held>,
}

enum Held {
    Nothing,
    /// Good until then.
    Token(Zeroizing<String>, Instant),
    /// Nobody asks again until then: all who wake would.
    Failed(Answer, Instant),
}

impl Tokens {
    pub(super) fn new(client: Client, account: Account) -> Self {
        Self { client, account, now: Mutex::new(Held::Nothing) }
    }

    /// A token, or what its absence means for a wake. Those who come while one is asked for wait for it.
    pub(super) async fn token(&self) -> Result<Zeroizing<String>, Answer> {
        let mut held = self.now.lock().await;
        match &*held {
            Held::Token(token, until) if Instant::now() < *until => return Ok(token.clone()),
            Held::Failed(answer, until) if Instant::now() < *until => return Err(*answer),
            _ => {}
        }
        match self.ask().await {
            Ok(Granted { access_token, expires_in }) => {
                let token = Zeroizing::new(access_token);
                let good = Duration::from_secs(expires_in).min(limits::FCM_USED);
                *held =
                    Held::Token(token.clone(), Instant::now() + good.saturating_sub(limits::FCM_BEFORE.min(good / 2)));
                Ok(token)
            }
            Err(answer) => {
                *held = Held::Failed(answer, Instant::now() + limits::TOKEN_PAUSE);
                Err(answer)
            }
        }
    }

    /// This token is good no more, whatever was said of it.
    pub(super) async fn forget(&self, token: &str) {
        let mut held = self.now.lock().await;
        if matches!(&*held, Held::Token(now, _) if now.as_str() == token) {
            *held = Held::Nothing;
        }
    }

    async fn ask(&self) -> Result<Granted, Answer> {
        let word = self.account.word(SystemTime::now()).map_err(|_| Answer::Refused(Refusal::Sealing))?;
        let form = Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("assertion", word.as_str())
            .finish();
        let request = self.client.post(self.account.token_uri.url().clone());
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        let mut response = client::ask(request).await?;
        let status = response.status().as_u16();
        let cause = Cause::Token(status);
        match status {
            200 => {
                let body = Zeroizing::new(client::body(&mut response).await);
                serde_json::from_slice(&body).map_err(|_| Answer::later(Cause::Garbled))
            }
            429 | 500..=599 => Err(Answer::later_by(cause, response.headers(), SystemTime::now())),
            _ => Err(Answer::Refused(Refusal::Unauthorised(cause))),
        }
    }
}
