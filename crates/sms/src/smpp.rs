//! A message centre, over SMPP 3.4: one connection that is kept, with so many texts under way on it.
//!
//! The commands are rusmpp's; the connection is ours (`session.rs`).

mod answer;
mod session;

use core::{
    sync::atomic::{AtomicBool, AtomicU8, Ordering},
    time::Duration,
};
use std::{path::PathBuf, sync::Arc};

use lamplit_types::PhoneNumber;
use rusmpp::{
    pdus::{BindTransceiver, SubmitSm},
    types::{COctetString, OctetString},
    values::{
        DataCoding, EsmClass, InterfaceVersion, IntermediateNotification, MCDeliveryReceipt, Npi, RegisteredDelivery,
        SmeOriginatedAcknowledgement, Ton,
    },
};
use serde::Deserialize;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    time::timeout,
};
use url::Url;

use crate::{
    Cause, ConfigError, Pending, Secret, SendError, Sender,
    config::{Common, within},
    http::{answer_seconds, at_once, waiting},
    limits,
    queue::{self, Queue},
    text::{self, Part},
    tls,
};
use session::{Job, Place, Way};

/// A message centre that speaks SMPP 3.4.
///
/// ```
/// # let config: lamplit_sms::Config = toml::from_str(r##"
/// kind = "smpp"
/// url = "smpps://smsc.example:3550"
/// user = "lamplit"
/// password = "…"
/// from = "Lamplit"
/// # "##)?;
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmppConfig {
    /// Where it is: `smpps` with TLS, `smpp` without. Port 2775 where none is named.
    pub url: String,
    /// The `system_id`.
    pub user: String,
    /// The password.
    pub password: Secret,
    /// The `system_type`, where the centre wants one.
    #[serde(default)]
    pub system_type: String,
    /// Whom the text comes from: a name, a number with `+`, or a short one; else whom the centre says.
    #[serde(default)]
    pub from: String,
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
    /// How long an answer may take, in seconds.
    #[serde(default = "answer_seconds")]
    pub answer_seconds: u16,
    /// After how many seconds of silence the centre is asked whether it is there.
    #[serde(default = "enquire_seconds")]
    pub enquire_seconds: u16,
}

fn enquire_seconds() -> u16 {
    limits::ENQUIRE_SECONDS_DEFAULT
}

pub(crate) struct Smpp {
    jobs: mpsc::Sender<Job>,
    queue: Queue,
    origin: Origin,
    /// How long the session may take, which itself waits for an answer less long.
    patience: Duration,
    /// Holds the parts of one text together.
    reference: AtomicU8,
}

#[derive(Clone)]
struct Origin {
    ton: Ton,
    npi: Npi,
    address: COctetString<1, 21>,
}

/// The `esm_class` of a text (SMPP 3.4, 5.2.12), in bits: rusmpp's default says that it acknowledges another one.
const PLAIN_MESSAGE: u8 = 0;
/// The same, with a header before the letters.
const HAS_HEADER: u8 = 0b0100_0000;

impl Smpp {
    pub(crate) fn open(config: &SmppConfig) -> Result<Self, ConfigError> {
        let (place, origin) = Self::read(config)?;
        let patience = 2 * limits::CONNECT + limits::RECONNECT + limits::WRITE + place.answer;
        let runtime = Handle::try_current().map_err(|_| ConfigError::Runtime)?;
        let (jobs, taken) = mpsc::channel(config.at_once.into());
        // It ends when the sender, and with it the other end of the channel, is dropped.
        runtime.spawn(session::keep(place, taken));
        let queue = Queue::new(config.at_once, config.waiting);
        Ok(Self { jobs, queue, origin, patience, reference: AtomicU8::new(0) })
    }

    /// Whether it would open. Nobody is spoken to.
    pub(crate) fn check(config: &SmppConfig) -> Result<(), ConfigError> {
        Self::read(config).map(drop)
    }

    /// The message centre that is configured, and whom texts come from.
    fn read(config: &SmppConfig) -> Result<(Place, Origin), ConfigError> {
        let common = Common {
            at_once: config.at_once,
            waiting: config.waiting,
            answer_seconds: config.answer_seconds,
            ca: config.ca.clone(),
            in_clear: config.in_clear,
        };
        common.check()?;
        within("enquire_seconds", config.enquire_seconds, 1..=limits::ENQUIRE_SECONDS)?;
        let origin = Origin::read(&config.from)?;
        let place = Place {
            way: way(config, &common)?,
            bind: bind(config)?,
            at_once: config.at_once.into(),
            answer: Duration::from_secs(config.answer_seconds.into()),
            enquire: Duration::from_secs(config.enquire_seconds.into()),
        };
        Ok((place, origin))
    }

    /// Hands over all parts in turn. A part that certainly was not taken is offered again without those before it.
    async fn offer(&self, to: &PhoneNumber, parts: &[Part]) -> Result<(), SendError> {
        for (position, part) in parts.iter().enumerate() {
            let submit = self.submit(to, part)?;
            queue::retry(|| self.hand_over(submit.clone())).await.map_err(|error| match error {
                SendError::Unreachable(cause) | SendError::Busy(cause) | SendError::Refused(cause) if position > 0 => {
                    SendError::Partly(cause)
                }
                error => error,
            })?;
        }
        Ok(())
    }

    async fn hand_over(&self, submit: SubmitSm) -> Result<(), SendError> {
        let (answer, mut answered) = oneshot::channel();
        let given = Arc::new(AtomicBool::new(false));
        let job = Job { submit, given: given.clone(), answer };
        // As many as are at once fit in: this waits for nobody.
        self.jobs.send(job).await.map_err(|_| SendError::Unreachable(Cause::Closed))?;
        let cause = match timeout(self.patience, &mut answered).await {
            Ok(Ok(result)) => return result,
            Ok(Err(_)) => Cause::Closed,
            Err(_) => Cause::Silence,
        };
        // From here on the session leaves it alone, or has marked it as given before.
        answered.close();
        if let Ok(result) = answered.try_recv() {
            return result;
        }
        if given.load(Ordering::SeqCst) {
            return Err(SendError::Unclear(cause));
        }
        Err(SendError::Unreachable(cause))
    }

    fn submit(&self, to: &PhoneNumber, part: &Part) -> Result<SubmitSm, SendError> {
        let on_failure = RegisteredDelivery::new(
            MCDeliveryReceipt::McDeliveryReceiptRequestedWhereFinalDeliveryOutcomeIsFailure,
            SmeOriginatedAcknowledgement::default(),
            IntermediateNotification::default(),
            0,
        );
        let submit = SubmitSm::builder()
            .source_addr_ton(self.origin.ton)
            .source_addr_npi(self.origin.npi)
            .source_addr(self.origin.address.clone())
            .dest_addr_ton(Ton::International)
            .dest_addr_npi(Npi::Isdn)
            .destination_addr(field("number", &to.digits()).map_err(|_| SendError::Text)?)
            .esm_class(EsmClass::from(if part.has_header { HAS_HEADER } else { PLAIN_MESSAGE }))
            .registered_delivery(on_failure)
            .data_coding(if part.is_wide { DataCoding::Ucs2 } else { DataCoding::McSpecific })
            .short_message(OctetString::from_slice(&part.bytes).map_err(|_| SendError::Text)?)
            .build();
        Ok(submit)
    }
}

impl Sender for Smpp {
    fn send<'a>(&'a self, to: &'a PhoneNumber, text: &'a str) -> Pending<'a, Result<(), SendError>> {
        Box::pin(async move {
            let parts = text::parts(text, self.reference.fetch_add(1, Ordering::Relaxed))?;
            self.queue.run(self.offer(to, &parts)).await
        })
    }
}

impl Origin {
    /// A name, a number of the world, a short number, or nobody.
    fn read(from: &str) -> Result<Self, ConfigError> {
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let (ton, npi, most, address) = match from.strip_prefix('+') {
            Some(digits) if is_digits(digits) => (Ton::International, Npi::Isdn, 15, digits),
            _ if is_digits(from) => (Ton::NetworkSpecific, Npi::Unknown, 15, from),
            _ if from.is_empty() => (Ton::Unknown, Npi::Unknown, 0, from),
            // What a telephone has room for (3GPP TS 23.040, 9.1.2.5).
            _ => (Ton::Alphanumeric, Npi::Unknown, 11, from),
        };
        if address.len() > most {
            return Err(ConfigError::Field { name: "from", most });
        }
        Ok(Self { ton, npi, address: field("from", address)? })
    }
}

fn way(config: &SmppConfig, common: &Common) -> Result<Way, ConfigError> {
    const LIKE: ConfigError = ConfigError::Url("\"smpps://smsc.example:3550\"");
    let url = Url::parse(&config.url).map_err(|_| LIKE)?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(LIKE)?.trim_matches(['[', ']']).to_owned();
    let has_more = !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty();
    if !matches!(url.scheme(), "smpp" | "smpps") || has_more {
        return Err(LIKE);
    }
    common.check_clear(&url, "smpps")?;
    let tls = if url.scheme() == "smpps" { Some(tls::client(common.ca.as_deref())?) } else { None };
    let name = host.clone().try_into().map_err(|_| LIKE)?;
    Ok(Way { host, port: url.port().unwrap_or(2775), tls: tls.map(|tls| (Arc::new(tls).into(), name)) })
}

fn bind(config: &SmppConfig) -> Result<BindTransceiver, ConfigError> {
    Ok(BindTransceiver::builder()
        .system_id(field("user", &config.user)?)
        .password(field("password", config.password.reveal())?)
        .system_type(field("system_type", &config.system_type)?)
        .interface_version(InterfaceVersion::Smpp3_4)
        .build())
}

/// Text with its end, as SMPP has it.
fn field<const MOST: usize>(name: &'static str, text: &str) -> Result<COctetString<1, MOST>, ConfigError> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    COctetString::from_vec(bytes).map_err(|_| ConfigError::Field { name, most: MOST - 1 })
}

#[cfg(test)]
mod tests;
