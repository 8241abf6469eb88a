#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use lamplit_sms::kannel::Kannel;
use lamplit_sms::{Config, Pending};
use serde::Deserialize;

use super::*;

const NUMBER: &str = "+8613800138000";

fn number() -> PhoneNumber {
    PhoneNumber::parse(NUMBER).unwrap()
}

fn code() -> SmsCode {
    SmsCode::parse("048151").unwrap()
}

/// The settings under `[sms]` in the file that `lamplit-server config` prints, with `kind`.
fn example(kind: &str) -> String {
    let file = include_str!("../settings/lamplit-server.toml");
    let mut examples = file.split("#[sms]\n").skip(1);
    let example = examples.find(|example| example.contains(&format!("#kind = \"{kind}\""))).unwrap();
    example.lines().map_while(|line| line.strip_prefix('#')).filter(|line| !line.starts_with(['#', ' '])).fold(
        String::new(),
        |mut toml, line| {
            toml.push_str(line);
            toml.push('\n');
            toml
        },
    )
}

#[tokio::test]
async fn a_code_goes_through_kannel_as_the_file_of_settings_shows_it() {
    let kannel = Kannel::start().unwrap();
    let port = kannel.sendsms().split_once("127.0.0.1:").unwrap().1.split_once('/').unwrap().0.to_owned();
    let settings = example("http").replace("127.0.0.1:13013", &format!("127.0.0.1:{port}"));
    let config: Config = toml::from_str(&settings.replace("CHANGE-ME", "secret")).unwrap();
    let metrics = Arc::<Metrics>::default();
    let texts = Texts::new(Some(config.open().unwrap()), metrics.clone());
    assert_eq!(texts.send(number(), code()).await, Sent::Taken);
    let received = tokio::task::spawn_blocking(move || kannel.wait_for(NUMBER, Duration::from_secs(60)).unwrap());
    let received = received.await.unwrap();
    assert_eq!(received.from, "Lamplit");
    assert_eq!(received.text, "048151 is your Lamplit code. Whoever asks you for it is a fraud.");
    assert!(metrics.text(0, 0).contains("lamplit_server_texts_total{outcome=\"taken\"} 1\n"));

    // With a wrong password, and where nobody listens any more.
    let wrong = settings.replace("CHANGE-ME", "wrong");
    let texts = Texts::new(Some(toml::from_str::<Config>(&wrong).unwrap().open().unwrap()), metrics.clone());
    assert_eq!(texts.send(number(), code()).await, Sent::Failed);
    assert!(metrics.text(0, 0).contains("lamplit_server_texts_total{outcome=\"failed\"} 1\n"));
}

#[test]
fn the_page_on_operating_shows_the_same_settings_for_kannel() {
    let page = include_str!("../../../../docs/operating.md");
    for line in example("http").lines() {
        assert!(page.lines().any(|shown| shown == line), "{line}");
    }
}

/// Gives one answer to all.
struct Always(Result<(), SendError>);

impl Sender for Always {
    fn send<'a>(&'a self, _: &'a PhoneNumber, _: &'a str) -> Pending<'a, Result<(), SendError>> {
        Box::pin(async { self.0 })
    }
}

#[tokio::test]
async fn what_may_be_on_its_way_is_waited_for_and_what_never_will_be_is_told_apart_from_what_may_be_later() {
    use SendError as Error;
    let metrics = Arc::<Metrics>::default();
    for (answer, sent) in [
        (Ok(()), Sent::Taken),
        (Err(Error::Unclear(Cause::Silence)), Sent::Taken),
        (Err(Error::Number(Cause::Smpp(0x0B))), Sent::Unreachable),
        (Err(Error::Refused(Cause::Http(400))), Sent::Unreachable),
        (Err(Error::Refused(Cause::Body(200))), Sent::Unreachable),
        (Err(Error::Refused(Cause::Http(302))), Sent::Failed),
        (Err(Error::Refused(Cause::Http(404))), Sent::Failed),
        (Err(Error::Unauthorised(Cause::Http(401))), Sent::Failed),
        (Err(Error::Unreachable(Cause::Connect)), Sent::Failed),
        (Err(Error::Busy(Cause::Http(503))), Sent::Failed),
        (Err(Error::Partly(Cause::Closed)), Sent::Failed),
        (Err(Error::Full), Sent::Failed),
    ] {
        let texts = Texts::new(Some(Box::new(Always(answer))), metrics.clone());
        assert_eq!(texts.send(number(), code()).await, sent, "{answer:?}");
    }
    let counts = metrics.text(0, 0);
    for (outcome, count) in [("taken", 1), ("unclear", 1), ("refused", 3), ("failed", 7)] {
        let line = format!("lamplit_server_texts_total{{outcome=\"{outcome}\"}} {count}\n");
        assert!(counts.contains(&line), "{line} is not in {counts}");
    }
}

#[tokio::test]
async fn without_a_way_to_telephones_no_number_gets_one() {
    let texts = Texts::new(None, Arc::default());
    assert_eq!(texts.send(number(), code()).await, Sent::Failed);
}

#[test]
fn the_text_is_one_part_in_every_alphabet() {
    for number in [0, 48_151, 999_999] {
        let code = SmsCode::from_random(number);
        let text = text(code);
        assert!(text.starts_with(&code.to_string()), "telephones look for it there");
        // Those of GSM 7 bit (3GPP TS 23.038, 6.2.1) that take one septet and are the same in ASCII.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ',' | ':' | '-');
        assert!(text.chars().all(plain), "{}", *text);
        // 160 septets; and 70 letters where a gateway sends all as UCS-2.
        assert!(text.len() <= 160 && text.len() <= 70, "{}", text.len());
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Deserialize)]
struct Http {
    url: String,
}

#[test]
fn no_log_at_any_level_tells_number_code_or_password() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let gateway = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let at = gateway.local_addr().unwrap();
            let settings = example("http").replace("127.0.0.1:13013", &at.to_string());
            let Http { url } = toml::from_str(&settings).unwrap();
            assert!(url.contains("password=CHANGE-ME"), "{url}");
            let texts = Texts::new(Some(toml::from_str::<Config>(&settings).unwrap().open().unwrap()), Arc::default());
            let answering = tokio::spawn(async move {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                for answer in ["202 Accepted\r\ncontent-length: 11\r\n\r\n0: Accepted", "400 No\r\n\r\n"] {
                    let (mut stream, _) = gateway.accept().await.unwrap();
                    let mut asked = Vec::new();
                    while !asked.ends_with(b"\r\n\r\n") {
                        asked.push(stream.read_u8().await.unwrap());
                    }
                    let asked = String::from_utf8(asked).unwrap();
                    assert!(asked.contains("8613800138000") && asked.contains("048151"), "{asked}");
                    stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.unwrap();
                }
            });
            assert_eq!(texts.send(number(), code()).await, Sent::Taken);
            assert_eq!(texts.send(number(), code()).await, Sent::Unreachable);
            answering.await.unwrap();
        });
    });
    let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(said.contains("a code was not sent") && said.contains("HTTP status 400"), "{said}");
    for secret in ["13800138000", "048151", "CHANGE-ME"] {
        assert!(!said.contains(secret), "{said}");
    }
}
