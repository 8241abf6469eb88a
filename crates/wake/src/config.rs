use std::{path::PathBuf, sync::Arc};

use serde::Deserialize;

use crate::{
    Answer, Pending, Reach, Refusal, Sender, Subject, Target, VapidKey, apns::Apns, client, fcm::Fcm,
    web_push::WebPushSender,
};

/// How devices are woken, as the server's configuration says under `[wake]`. With nothing said there are Web Push and
/// UnifiedPush, and neither FCM nor APNs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How push services of the web reach the operator. Apple's takes no wake without it.
    pub vapid_subject: Option<Subject>,
    /// Whether push services may be at addresses of an inner network.
    pub inner: bool,
    /// A file of certificates, in PEM, that alone are trusted; else those that this system trusts.
    pub ca: Option<PathBuf>,
    /// Google's.
    pub fcm: Option<FcmConfig>,
    /// Apple's.
    pub apns: Option<ApnsConfig>,
}

/// How Google's push service is asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FcmConfig {
    /// The service account's file, in JSON, as Firebase's console makes it.
    pub file: PathBuf,
    /// Where Google is, if not at its own place.
    pub url: Option<String>,
}

/// How Apple's push service is asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApnsConfig {
    /// The key's file, `AuthKey_….p8`.
    pub file: PathBuf,
    /// The key's name: ten letters and digits.
    pub key_id: String,
    /// The team's name: ten letters and digits.
    pub team_id: String,
    /// The app's name. Targets of other apps are refused.
    pub topic: String,
    /// Whether the app is one that is being developed.
    #[serde(default)]
    pub sandbox: bool,
    /// Where Apple is, if not at its own place.
    pub url: Option<String>,
}

/// What is wrong with a [`Config`]. It never tells what stands in a file of keys.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file of certificates that can't be read.
    #[error("ca under [wake] must be a file of certificates in PEM")]
    Ca,
    /// TLS can't be set up.
    #[error(
        "this system's certificates can't be read: install ca-certificates, or name a file of them: ca = \"…\" under [wake]"
    )]
    Tls,
    /// A file of keys that can't be read.
    #[error("{} cannot be read: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// Everybody may read it.
    #[error("everybody on this machine may read {path}, which holds a key: chmod o= {path}", path = .0.display())]
    Open(PathBuf),
    /// It holds something else.
    #[error("{} is no file of a service account with its private key, in JSON: make one in Firebase's console, under service accounts", .0.display())]
    Account(PathBuf),
    /// It holds something else.
    #[error("{} holds no key on P-256 in PEM: get one at Apple's developer site, under keys, for APNs", .0.display())]
    P8(PathBuf),
    /// No name that Apple gives.
    #[error("{0} under [wake.apns] must be ten letters and digits, as Apple's developer site shows it")]
    Id(&'static str),
    /// No app's name.
    #[error("topic under [wake.apns] must be the app's name at Apple, such as \"org.example.app\"")]
    Topic,
    /// No URL.
    #[error("url under [wake.{0}] must be like \"https://push.example\"")]
    Url(&'static str),
}

impl Config {
    /// How far wakes may go.
    pub const fn reach(&self) -> Reach {
        if self.inner { Reach::Inner } else { Reach::Public }
    }

    /// Looks at all that [`Self::open`] looks at, files of keys too. Nobody is spoken to.
    ///
    /// # Errors
    /// [`ConfigError`] says what to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        client::guarded(self.ca.as_deref(), self.reach())?;
        self.fcm.as_ref().map(|fcm| Fcm::open(fcm, self.ca.as_deref())).transpose()?;
        self.apns.as_ref().map(|apns| Apns::open(apns, self.ca.as_deref())).transpose()?;
        Ok(())
    }

    /// Opens the way to all push services. Nobody is spoken to yet.
    ///
    /// # Errors
    /// [`ConfigError`] says what to change. Whether a push service knows us shows with the first wake.
    pub fn open(self, key: VapidKey) -> Result<Arc<dyn Sender>, ConfigError> {
        let ca = self.ca.as_deref();
        let reach = self.reach();
        let fcm = self.fcm.as_ref().map(|fcm| Fcm::open(fcm, ca)).transpose()?;
        let apns = self.apns.as_ref().map(|apns| Apns::open(apns, ca)).transpose()?;
        let web = WebPushSender::new(client::guarded(ca, reach)?, reach, key, self.vapid_subject);
        Ok(Arc::new(Every { web, fcm, apns }))
    }
}

/// All push services.
struct Every {
    web: WebPushSender,
    fcm: Option<Fcm>,
    apns: Option<Apns>,
}

impl Sender for Every {
    fn wake<'a>(&'a self, target: &'a Target) -> Pending<'a, Answer> {
        match target {
            Target::WebPush(target) => self.web.wake(target),
            Target::UnifiedPush(target) => self.web.wake(target),
            Target::Fcm(target) => self.fcm.as_ref().map_or_else(off, |fcm| fcm.wake(target)),
            Target::Apns(target) => self.apns.as_ref().map_or_else(off, |apns| apns.wake(target)),
        }
    }
}

fn off<'a>() -> Pending<'a, Answer> {
    Box::pin(core::future::ready(Answer::Refused(Refusal::Off)))
}

#[cfg(test)]
mod tests;
