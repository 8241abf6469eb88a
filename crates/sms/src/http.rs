//! Any provider that has an HTTP gateway: what is asked is a template, and what success looks like is declared.

use core::time::Duration;
use std::{collections::BTreeMap, error::Error, io, path::PathBuf};

use lamplit_types::PhoneNumber;
use regex::bytes::{Regex, RegexBuilder};
use reqwest::{
    Client, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde::Deserialize;

use crate::{
    Cause, ConfigError, Pending, Secret, SendError, Sender,
    config::Common,
    limits,
    queue::{self, Queue},
    template::{Escape, Template, Values},
    text, tls,
};

/// An HTTP gateway.
///
/// ```
/// # let config: lamplit_sms::Config = toml::from_str(r##"
/// kind = "http"
/// url = "https://sms.example/v1/messages"
/// method = "POST"
/// headers = { Authorization = "Bearer …" }
/// body_as = "json"
/// body = '{"to":"{number}","text":"{text}"}'
/// success = { status = [200, 202], body = '"queued"' }
/// # "##)?;
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Where to ask. `{number}` stands for the number in E.164, `{digits}` for the same without its `+`, and `{text}`
    /// for the text; what is put in is escaped as in a query.
    pub url: Secret,
    /// How to ask.
    #[serde(default)]
    pub method: Method,
    /// Headers, as they are.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// What to send along, with the same places as the URL.
    pub body: Option<Secret>,
    /// How what is put into the body is escaped. It also sets `Content-Type`, where no header does.
    pub body_as: Option<BodyAs>,
    /// What the answer must be.
    #[serde(default)]
    pub success: Success,
    /// A file of certificates, in PEM, that alone are trusted; else those that this system trusts.
    pub ca: Option<PathBuf>,
    /// Whether the way to another machine may be without encryption.
    #[serde(default)]
    pub in_clear: bool,
    /// How many texts may be under way at once.
    #[serde(default = "at_once")]
    pub at_once: u16,
    /// How many more may wait for their turn.
    #[serde(default = "waiting")]
    pub waiting: u16,
    /// How long the whole answer may take, in seconds.
    #[serde(default = "answer_seconds")]
    pub answer_seconds: u16,
}

/// How to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// With all in the URL.
    #[default]
    Get,
    /// With a body, or without.
    Post,
    /// With a body, or without.
    Put,
}

/// How what is put into a body is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyAs {
    /// As within the quotes of a JSON string.
    Json,
    /// As in an HTML form.
    Form,
}

/// What an answer must be to mean success.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Success {
    /// From the first to the last of these HTTP statuses.
    pub status: [u16; 2],
    /// A regular expression that must be found in the body's first 16 KiB.
    pub body: Option<String>,
}

impl Default for Success {
    fn default() -> Self {
        Self { status: [200, 299], body: None }
    }
}

pub(crate) fn at_once() -> u16 {
    limits::AT_ONCE_DEFAULT
}

pub(crate) fn waiting() -> u16 {
    limits::WAITING_DEFAULT
}

pub(crate) fn answer_seconds() -> u16 {
    limits::ANSWER_SECONDS_DEFAULT
}

pub(crate) struct Http {
    client: Client,
    method: Method,
    url: Template,
    body: Option<Template>,
    status: [u16; 2],
    pattern: Option<Regex>,
    queue: Queue,
}

impl Http {
    pub(crate) fn open(config: HttpConfig) -> Result<Self, ConfigError> {
        let common = Common {
            at_once: config.at_once,
            waiting: config.waiting,
            answer_seconds: config.answer_seconds,
            ca: config.ca.clone(),
            in_clear: config.in_clear,
        };
        common.check()?;
        let (url, is_clear) = url(&config, &common)?;
        let body = body(&config)?;
        let bodys = body.as_ref().map_or((false, false), Template::has);
        if !(url.has().0 || bodys.0) || !(url.has().1 || bodys.1) {
            return Err(ConfigError::NoPlace);
        }
        let [first, last] = config.success.status;
        if !(200..300).contains(&first) || !(200..300).contains(&last) || first > last {
            return Err(ConfigError::Status);
        }
        let pattern = config.success.body.as_deref().map(pattern).transpose()?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client(common.ca.as_deref())?)
            .default_headers(headers(&config)?)
            .user_agent("lamplit")
            // A text asked for in two places is sent twice.
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            // A connection that the gateway is about to close leaves open whether it took the text.
            .pool_max_idle_per_host(0)
            .connect_timeout(limits::CONNECT)
            .timeout(limits::CONNECT + Duration::from_secs(common.answer_seconds.into()));
        // A proxy that the environment names would read what is not encrypted, also what was to stay on this machine.
        let client = if is_clear { client.no_proxy() } else { client };
        let client = client.build().map_err(|_| ConfigError::Tls)?;
        let queue = Queue::new(common.at_once, common.waiting);
        Ok(Self { client, method: config.method, url, body, status: config.success.status, pattern, queue })
    }

    async fn offer(&self, values: &Values<'_>) -> Result<(), SendError> {
        let url = self.url.fill(values);
        let mut request = match self.method {
            Method::Get => self.client.get(url.as_str()),
            Method::Post => self.client.post(url.as_str()),
            Method::Put => self.client.put(url.as_str()),
        };
        if let Some(body) = &self.body {
            request = request.body(body.fill(values).to_string());
        }
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let status = response.status();
        let [first, last] = self.status;
        if !(first..=last).contains(&status.as_u16()) {
            return Err(refused(status));
        }
        let Some(pattern) = &self.pattern else { return Ok(()) };
        let mut body = Vec::new();
        let ended = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend(chunk.into_iter().take(limits::ANSWER_BYTES - body.len())),
                Ok(None) => break Ok(()),
                Err(error) => break Err(failed(&error)),
            }
            if body.len() == limits::ANSWER_BYTES {
                break Ok(());
            }
        };
        if pattern.is_match(&body) {
            return Ok(());
        }
        // A body that broke off may have been about to say yes.
        ended.and(Err(SendError::Refused(Cause::Body(status.as_u16()))))
    }
}

impl Sender for Http {
    fn send<'a>(&'a self, to: &'a PhoneNumber, text: &'a str) -> Pending<'a, Result<(), SendError>> {
        Box::pin(async move {
            text::count(text)?;
            let (number, digits) = (to.to_string(), to.digits());
            let values = Values { number: &number, digits: &digits, text };
            self.queue.run(queue::retry(|| self.offer(&values))).await
        })
    }
}

/// Where to ask, and whether that is without encryption.
fn url(config: &HttpConfig, common: &Common) -> Result<(Template, bool), ConfigError> {
    const LIKE: ConfigError = ConfigError::Url("\"https://sms.example/send?to={number}&text={text}\"");
    let url = Template::read(config.url.reveal(), Escape::Url)?;
    let values = Values { number: "1", digits: "1", text: "1" };
    let read = Url::parse(&url.fill(&values)).map_err(|_| LIKE)?;
    if !matches!(read.scheme(), "http" | "https") || read.host_str().is_none() {
        return Err(LIKE);
    }
    // Whoever gets the text must not depend on what the text is.
    let other = Values { number: "2", digits: "2", text: "2" };
    if Url::parse(&url.fill(&other)).ok().is_none_or(|other| other.origin() != read.origin()) {
        return Err(LIKE);
    }
    common.check_clear(&read, "https")?;
    Ok((url, read.scheme() == "http"))
}

fn body(config: &HttpConfig) -> Result<Option<Template>, ConfigError> {
    let escape = match config.body_as {
        Some(BodyAs::Json) => Escape::Json,
        Some(BodyAs::Form) => Escape::Url,
        None if config.body.is_none() => return Ok(None),
        None => return Err(ConfigError::Body),
    };
    let Some(body) = config.body.as_ref().filter(|_| config.method != Method::Get) else {
        return Err(ConfigError::Body);
    };
    Template::read(body.reveal(), escape).map(Some)
}

fn pattern(pattern: &str) -> Result<Regex, ConfigError> {
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(limits::PATTERN_BYTES).dfa_size_limit(limits::PATTERN_BYTES);
    builder.build().map_err(|_| ConfigError::Pattern)
}

fn headers(config: &HttpConfig) -> Result<HeaderMap, ConfigError> {
    if config.headers.len() > limits::HEADERS {
        return Err(ConfigError::Header);
    }
    let mut headers = HeaderMap::new();
    let content = match config.body_as {
        Some(BodyAs::Json) => Some("application/json"),
        Some(BodyAs::Form) => Some("application/x-www-form-urlencoded"),
        None => None,
    };
    if let Some(content) = content {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
    }
    for (name, value) in &config.headers {
        let name = HeaderName::try_from(name.as_str()).map_err(|_| ConfigError::Header)?;
        let mut value = HeaderValue::try_from(value.reveal()).map_err(|_| ConfigError::Header)?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// No answer, or not a whole one. Only where no connection came about it is certain that the text was not taken.
fn failed(error: &reqwest::Error) -> SendError {
    match (error.is_connect(), error.is_timeout()) {
        (true, _) if is_of_tls(error) => SendError::Unreachable(Cause::Secure),
        (true, true) => SendError::Unreachable(Cause::Silence),
        (true, false) => SendError::Unreachable(Cause::Connect),
        (false, true) => SendError::Unclear(Cause::Silence),
        (false, false) => SendError::Unclear(Cause::Garbled),
    }
}

/// Whether TLS is at the bottom of it. An I/O error does not name what it holds as its source, but the source of that.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source());
    }
    false
}

fn refused(status: StatusCode) -> SendError {
    let cause = Cause::Http(status.as_u16());
    match status.as_u16() {
        401 | 403 | 407 => SendError::Unauthorised(cause),
        // The two that say that nothing was done and that it may be tried again.
        429 | 503 => SendError::Busy(cause),
        // It waited for us, or for somebody behind it, or broke: whatever it had done until then is done.
        408 | 500..=599 => SendError::Unclear(cause),
        _ => SendError::Refused(cause),
    }
}

#[cfg(test)]
mod tests;
