//! Push services of the web (RFC 8030), those of UnifiedPush among them.

use std::time::SystemTime;

use reqwest::{
    Client, RequestBuilder, Response,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue},
};

use crate::{
    Answer, Cause, Endpoint, Pending, Reach, Refusal, Sender, Subject, UnifiedPush, VapidKey, WebPush, client, limits,
    seal,
};

/// A wake may be what a call waits for, so the device is to have it also when it saves its battery (RFC 8030, section 5.3).
const URGENCY: &str = "high";
/// Of several wakes that wait for a device the last is enough (RFC 8030, section 5.4).
const TOPIC: &str = "wake";

pub(crate) struct WebPushSender {
    client: Client,
    reach: Reach,
    key: VapidKey,
    subject: Option<Subject>,
}

impl WebPushSender {
    pub(crate) const fn new(client: Client, reach: Reach, key: VapidKey, subject: Option<Subject>) -> Self {
        Self { client, reach, key, subject }
    }

    async fn sealed(&self, target: &WebPush) -> Answer {
        let now = SystemTime::now();
        let authorization = self.key.authorization(target.endpoint(), self.subject.as_ref(), now);
        let (Ok(authorization), Ok(sealed)) = (authorization, seal::seal(target)) else {
            return Answer::Refused(Refusal::Sealing);
        };
        let Ok(mut authorization) = HeaderValue::from_str(&authorization) else {
            return Answer::Refused(Refusal::Sealing);
        };
        authorization.set_sensitive(true);
        let headers = |request: RequestBuilder| {
            let request = request.header(CONTENT_ENCODING, "aes128gcm").header(AUTHORIZATION, authorization);
            request.body(sealed)
        };
        self.push(target.endpoint(), headers).await
    }

    async fn plain(&self, endpoint: &Endpoint) -> Answer {
        self.push(endpoint, |request| request.body(seal::WORD)).await
    }

    async fn push(&self, endpoint: &Endpoint, with: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Answer {
        // Names are looked at when they are looked up; here is what has none.
        if !endpoint.is_within(self.reach) {
            return Answer::Refused(Refusal::Inner);
        }
        let request = self.client.post(endpoint.url().clone()).header(CONTENT_TYPE, "application/octet-stream");
        let request = request.header("TTL", limits::TTL.as_secs()).header("Urgency", URGENCY).header("Topic", TOPIC);
        match client::ask(with(request)).await {
            Ok(response) => read(&response),
            Err(answer) => answer,
        }
    }
}

impl Sender<WebPush> for WebPushSender {
    fn wake<'a>(&'a self, target: &'a WebPush) -> Pending<'a, Answer> {
        Box::pin(self.sealed(target))
    }
}

impl Sender<UnifiedPush> for WebPushSender {
    fn wake<'a>(&'a self, target: &'a UnifiedPush) -> Pending<'a, Answer> {
        match target {
            UnifiedPush::Sealed(target) => Box::pin(self.sealed(target)),
            UnifiedPush::Plain(endpoint) => Box::pin(self.plain(endpoint)),
        }
    }
}

/// What the status says; nobody reads the body.
fn read(response: &Response) -> Answer {
    let status = response.status().as_u16();
    let cause = Cause::Http(status);
    match status {
        200..=299 => Answer::Delivered,
        404 | 410 => Answer::Gone,
        401 | 403 => Answer::Refused(Refusal::Unauthorised(cause)),
        408 | 425 | 429 | 500..=599 => Answer::later_by(cause, response.headers(), SystemTime::now()),
        _ => Answer::Refused(Refusal::Other(cause)),
    }
}

#[cfg(test)]
mod tests;
