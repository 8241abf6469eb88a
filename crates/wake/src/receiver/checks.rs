//! What each push service looks at before it takes a wake.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Heard, State, files, lock};

/// A status and a body.
type Said = (u16, String);

/// What Google gives who shows a good word.
const TOKEN: &str = "ya29.a-token";

/// What the request deserves.
pub(super) fn answer(state: &State, heard: &Heard) -> Said {
    let (url, keys) = (lock(&state.url).clone(), lock(&state.keys));
    let Some(keys) = keys.as_ref() else { return (503, String::new()) };
    let known = match heard.path.as_str() {
        "/token" => {
            let said = google_token(heard, &url, &keys.google);
            if said.is_some() {
                *lock(&state.granted) += 1;
            }
            said.ok_or((400, json!({ "error": "invalid_grant" }).to_string()))
        }
        path if path.starts_with("/v1/projects/") => google(heard),
        path if path.starts_with("/3/device/") => apple(heard, &keys.apple),
        path if path.starts_with("/plain/") => plain(heard),
        _ => web(heard, &url),
    };
    known.unwrap_or_else(|wrong| wrong)
}

/// A push service of the web: RFC 8030, 8188, 8291 and 8292.
fn web(heard: &Heard, url: &str) -> Result<Said, Said> {
    let wrong = |status: u16, what: &str| (status, what.to_owned());
    delivery(heard)?;
    let authorization = heard.header("authorization").ok_or_else(|| wrong(401, "no authorization"))?;
    let parts = authorization.strip_prefix("vapid ").ok_or_else(|| wrong(401, "not vapid"))?;
    let part = |name: &str| parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let (Some(token), Some(key)) = (part("t"), part("k")) else { return Err(wrong(401, "no t or k")) };
    let key = BASE64URL_NOPAD.decode(key.as_bytes()).map_err(|_| wrong(401, "k"))?;
    let (header, claims) = opened(token, &ECDSA_P256_SHA256_FIXED, &key).ok_or_else(|| wrong(403, "signature"))?;
    let ends = claims.get("exp").and_then(Value::as_u64).unwrap_or_default();
    let now = now();
    let is_good = header == json!({ "typ": "JWT", "alg": "ES256" })
        && claims.get("aud").and_then(Value::as_str) == Some(url)
        && ends > now
        && ends <= now + 24 * 60 * 60
        && claims.get("sub").and_then(Value::as_str) == Some("mailto:push@lamp.example");
    if !is_good {
        return Err(wrong(403, "claims"));
    }
    if heard.header("content-encoding") != Some("aes128gcm") || heard.body.len() < 86 + 18 {
        return Err(wrong(400, "not sealed"));
    }
    Ok((201, String::new()))
}

/// A push service that takes what comes.
fn plain(heard: &Heard) -> Result<Said, Said> {
    delivery(heard)?;
    match heard.header("authorization") {
        None => Ok((200, String::new())),
        Some(_) => Err((400, "nobody asked who it is".to_owned())),
    }
}

/// How a push message says how it is to be treated (RFC 8030, section 5).
fn delivery(heard: &Heard) -> Result<(), Said> {
    let ttl = heard.header("ttl").and_then(|ttl| ttl.parse::<u32>().ok());
    let is_topic = |topic: &str| topic.len() <= 32 && topic.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_good = ttl.is_some_and(|ttl| ttl > 0)
        && matches!(heard.header("urgency"), Some("very-low" | "low" | "normal" | "high"))
        && heard.header("topic").is_some_and(is_topic);
    if is_good { Ok(()) } else { Err((400, "ttl, urgency or topic".to_owned())) }
}

/// Where Google changes words for tokens (RFC 7523).
fn google_token(heard: &Heard, url: &str, key: &[u8]) -> Option<Said> {
    let form: BTreeMap<String, String> = form_urlencoded::parse(&heard.body).into_owned().collect();
    (form.get("grant_type")? == "urn:ietf:params:oauth:grant-type:jwt-bearer").then_some(())?;
    let (header, claims) = opened(form.get("assertion")?, &RSA_PKCS1_2048_8192_SHA256, key)?;
    let (iat, exp) = (claims.get("iat")?.as_u64()?, claims.get("exp")?.as_u64()?);
    let now = now();
    let is_good = header == json!({ "typ": "JWT", "alg": "RS256", "kid": files::RSA_KEY_ID })
        && claims.get("iss")? == files::EMAIL
        && claims.get("scope")? == "https://www.googleapis.com/auth/firebase.messaging"
        && claims.get("aud")?.as_str()? == format!("{url}/token")
        && iat <= now
        && now < exp
        && exp.saturating_sub(iat) <= 60 * 60;
    is_good.then(|| {
        let granted = json!({ "access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer" });
        (200, granted.to_string())
    })
}

/// Google's push service.
fn google(heard: &Heard) -> Result<Said, Said> {
    if heard.header("authorization") != Some(format!("Bearer {TOKEN}").as_str()) {
        return Err((401, json!({ "error": { "status": "UNAUTHENTICATED" } }).to_string()));
    }
    if heard.path != format!("/v1/projects/{}/messages:send", files::PROJECT) {
        return Err((404, json!({ "error": { "status": "NOT_FOUND" } }).to_string()));
    }
    let said: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    let token = said.pointer("/message/token").and_then(Value::as_str).unwrap_or_default();
    let wanted = json!({ "message": {
        "token": token,
        "data": { "wake": "1" },
        "android": { "collapse_key": "wake", "priority": "HIGH", "ttl": "604800s" },
    } });
    let is_json = heard.header("content-type") == Some("application/json");
    if token.is_empty() || said != wanted || !is_json {
        return Err((400, json!({ "error": { "status": "INVALID_ARGUMENT" } }).to_string()));
    }
    Ok((200, json!({ "name": format!("projects/{}/messages/1", files::PROJECT) }).to_string()))
}

/// Apple's push service.
fn apple(heard: &Heard, key: &[u8]) -> Result<Said, Said> {
    let wrong = |status: u16, reason: &str| (status, json!({ "reason": reason }).to_string());
    // Apple closes a connection that speaks anything else.
    if heard.version != "HTTP/2.0" {
        return Err(wrong(505, "Http2Only"));
    }
    let token = heard.header("authorization").and_then(|said| said.strip_prefix("Bearer "));
    let token = token.ok_or_else(|| wrong(403, "MissingProviderToken"))?;
    let (header, claims) =
        opened(token, &ECDSA_P256_SHA256_FIXED, key).ok_or_else(|| wrong(403, "InvalidProviderToken"))?;
    let made = claims.get("iat").and_then(Value::as_u64).unwrap_or_default();
    if header != json!({ "alg": "ES256", "kid": files::KEY_ID })
        || claims.get("iss").and_then(Value::as_str) != Some(files::TEAM_ID)
    {
        return Err(wrong(403, "InvalidProviderToken"));
    }
    if made > now() || made + 60 * 60 < now() {
        return Err(wrong(403, "ExpiredProviderToken"));
    }
    let device = heard.path.trim_start_matches("/3/device/");
    if device.is_empty() || !device.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong(400, "BadDeviceToken"));
    }
    if heard.header("apns-topic") != Some(files::TOPIC) {
        return Err(wrong(400, "DeviceTokenNotForTopic"));
    }
    let said: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    let is_good = heard.header("apns-push-type") == Some("alert")
        && heard.header("apns-priority") == Some("10")
        && heard.header("apns-collapse-id") == Some("wake")
        && heard.header("apns-expiration").and_then(|at| at.parse::<u64>().ok()).is_some_and(|at| at > now())
        && said == json!({ "aps": { "alert": { "loc-key": "wake" }, "mutable-content": 1 } });
    if is_good { Ok((200, String::new())) } else { Err(wrong(400, "BadPayload")) }
}

/// Header and claims of a signed word, if the signature is by this key.
fn opened(token: &str, algorithm: &'static dyn VerificationAlgorithm, key: &[u8]) -> Option<(Value, Value)> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
    UnparsedPublicKey::new(algorithm, key).verify(signed.as_bytes(), &signature).ok()?;
    let (header, claims) = signed.split_once('.')?;
    let json = |part: &str| serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok();
    Some((json(header)?, json(claims)?))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Heard {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}
