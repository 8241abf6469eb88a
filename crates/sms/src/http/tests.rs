use std::{sync::Arc, time::Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

use super::*;
use crate::{
    Config,
    kannel::{Kannel, http},
    tls::tests::{certificate, tls_before},
};

fn number() -> PhoneNumber {
    PhoneNumber::parse("+8613800138000").unwrap()
}

const TEXT: &str = "Lamplit: your code is 123456";

/// Everything that was said to it, a request each.
type Heard = Arc<Mutex<Vec<String>>>;

/// A gateway that reads a request and then does as `behave` does.
async fn gateway<F>(behave: impl Fn(TcpStream, usize) -> F + Send + 'static) -> (String, Heard)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let heard = Heard::default();
    let all = heard.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read(&mut stream).await;
            let mut heard = heard.lock().await;
            heard.push(request);
            tokio::spawn(behave(stream, heard.len()));
        }
    });
    (url, all)
}

async fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        request.extend(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert_ne!(read, 0, "half a request");
            continue;
        };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return text;
        }
    }
}

fn answer(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nlocation: http://127.0.0.1:1/\r\n\r\n{body}", body.len())
        .into_bytes()
}

async fn always(status: u16, body: &'static str) -> (String, Heard) {
    gateway(move |mut stream, _| async move { drop(stream.write_all(&answer(status, body)).await) }).await
}

fn sender(url: &str, pattern: Option<&str>) -> Box<dyn Sender> {
    let success = Success { body: pattern.map(str::to_owned), ..Success::default() };
    let Config::Http(mut config) = http(&format!("{url}?to={{number}}&text={{text}}"), success) else { panic!() };
    config.answer_seconds = 2;
    Config::Http(config).open().unwrap()
}

#[tokio::test]
async fn kannel_sends_it_and_the_message_centre_has_it() {
    let kannel = Kannel::start().unwrap();
    let sender = kannel.config().open().unwrap();
    let long = "灯🏮 ".repeat(40);
    for (number, text) in
        [("+8613800138000", TEXT), ("+8613800138001", "灯火: 123456 & + % \" \\ = ?"), ("+8613800138002", long.trim())]
    {
        sender.send(&PhoneNumber::parse(number).unwrap(), text).await.unwrap();
        let received = kannel.wait_for(number, Duration::from_secs(20)).unwrap();
        assert_eq!((received.from.as_str(), received.text.as_str()), ("Lamplit", text));
    }
    assert_eq!(kannel.received().unwrap().len(), 3, "nothing came twice");
}

#[tokio::test]
async fn kannel_takes_nothing_from_whom_it_does_not_know() {
    let kannel = Kannel::start().unwrap();
    let url = kannel.sendsms().replace("secret", "wrong");
    let stranger = http(&url, Success::default()).open().unwrap();
    assert_eq!(stranger.send(&number(), TEXT).await, Err(SendError::Unauthorised(Cause::Http(403))));
    // The control: what goes before it would have come before this.
    kannel.config().open().unwrap().send(&PhoneNumber::parse("+8613800138001").unwrap(), TEXT).await.unwrap();
    kannel.wait_for("+8613800138001", Duration::from_secs(20)).unwrap();
    assert_eq!(kannel.received().unwrap().len(), 1);
}

#[tokio::test]
async fn many_at_once_come_once_each() {
    let kannel = Kannel::start().unwrap();
    let sender: Arc<dyn Sender> = kannel.config().open().unwrap().into();
    let sends: Vec<_> = (0..50)
        .map(|count| {
            let sender = sender.clone();
            tokio::spawn(async move {
                let number = PhoneNumber::parse(&format!("+86138001380{count:02}")).unwrap();
                sender.send(&number, &format!("code {count}")).await
            })
        })
        .collect();
    for send in sends {
        send.await.unwrap().unwrap();
    }
    let ends = Instant::now() + Duration::from_secs(20);
    while kannel.received().unwrap().len() < 50 && Instant::now() < ends {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut texts: Vec<_> = kannel.received().unwrap().into_iter().map(|text| (text.to, text.text)).collect();
    texts.sort();
    let expected: Vec<_> = (0..50).map(|count| (format!("+86138001380{count:02}"), format!("code {count}"))).collect();
    assert_eq!(texts, expected);
}

#[tokio::test]
async fn a_provider_gets_its_method_headers_and_body() {
    let (url, heard) = always(202, r#"{"state":"queued"}"#).await;
    let toml = format!(
        "kind = \"http\"\nurl = \"{url}v1?number={{number}}\"\nmethod = \"POST\"\nheaders = {{ Authorization = \"Bearer abc\" }}\n\
         body_as = \"json\"\nbody = '{{\"to\":\"{{digits}}\",\"text\":\"{{text}}\"}}'\n\
         success = {{ status = [202, 202], body = '\"state\":\"queued\"' }}"
    );
    let sender = toml::from_str::<Config>(&toml).unwrap().open().unwrap();
    sender.send(&number(), "say \"灯\"").await.unwrap();
    let heard = heard.lock().await;
    let request = &heard[0];
    assert!(request.starts_with("POST /v1?number=%2B8613800138000 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer abc\r\n"), "{request}");
    assert!(request.contains("content-type: application/json\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"to\":\"8613800138000\",\"text\":\"say \\\"灯\\\"\"}"), "{request}");
}

#[tokio::test]
async fn each_answer_means_one_thing_and_only_what_was_not_taken_is_asked_again() {
    use SendError as Error;
    for (status, error, asked) in [
        (200, None, 1),
        (299, None, 1),
        (301, Some(Error::Refused(Cause::Http(301))), 1),
        (307, Some(Error::Refused(Cause::Http(307))), 1),
        (400, Some(Error::Refused(Cause::Http(400))), 1),
        (401, Some(Error::Unauthorised(Cause::Http(401))), 1),
        (403, Some(Error::Unauthorised(Cause::Http(403))), 1),
        (408, Some(Error::Unclear(Cause::Http(408))), 1),
        (429, Some(Error::Busy(Cause::Http(429))), 3),
        (500, Some(Error::Unclear(Cause::Http(500))), 1),
        (502, Some(Error::Unclear(Cause::Http(502))), 1),
        (503, Some(Error::Busy(Cause::Http(503))), 3),
        (504, Some(Error::Unclear(Cause::Http(504))), 1),
    ] {
        let (url, heard) = always(status, "x").await;
        assert_eq!(sender(&url, None).send(&number(), TEXT).await.err(), error, "{status}");
        assert_eq!(heard.lock().await.len(), asked, "{status}");
    }
}

#[tokio::test]
async fn success_is_what_the_operator_says_it_is() {
    let (url, _) = always(200, "OK id=7").await;
    assert_eq!(sender(&url, Some(r"^OK id=\d+$")).send(&number(), TEXT).await, Ok(()));
    let (url, heard) = always(200, "ERR no money").await;
    assert_eq!(sender(&url, Some("^OK")).send(&number(), TEXT).await, Err(SendError::Refused(Cause::Body(200))));
    assert_eq!(heard.lock().await.len(), 1);
}

#[tokio::test]
async fn a_gateway_that_comes_back_gets_it() {
    let (url, heard) = gateway(|mut stream, count| async move {
        drop(stream.write_all(&answer(if count < 3 { 503 } else { 200 }, "x")).await);
    })
    .await;
    assert_eq!(sender(&url, None).send(&number(), TEXT).await, Ok(()));
    assert_eq!(heard.lock().await.len(), 3);
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = sender(&url, None).send(&number(), TEXT).await.unwrap_err();
    assert_eq!(error, SendError::Unreachable(Cause::Connect));
    assert!(!error.may_have_been_sent() && !error.is_permanent());
}

#[tokio::test]
async fn a_gateway_that_never_answers_is_left_and_not_asked_again() {
    let (url, heard) = gateway(|stream, _| async move {
        tokio::time::sleep(Duration::from_secs(600)).await;
        drop(stream);
    })
    .await;
    let began = Instant::now();
    assert_eq!(sender(&url, None).send(&number(), TEXT).await, Err(SendError::Unclear(Cause::Silence)));
    // Five seconds to connect and two for the answer, and many to spare.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(heard.lock().await.len(), 1);
}

#[tokio::test]
async fn a_gateway_that_answers_byte_by_byte_is_left() {
    let slow = |pattern: Option<&'static str>, head: &'static str| async move {
        let (url, heard) = gateway(move |mut stream, _| async move {
            for byte in head.bytes().chain(core::iter::repeat(b'x')) {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                if byte == b'x' {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
            }
        })
        .await;
        let result = sender(&url, pattern).send(&number(), TEXT).await;
        assert_eq!(heard.lock().await.len(), 1);
        result
    };
    // In its status line, in its headers, in its body; and a body that nobody wants to see is not waited for.
    assert_eq!(slow(None, "HTTP/1.1 200 ").await, Err(SendError::Unclear(Cause::Silence)));
    assert_eq!(slow(None, "HTTP/1.1 200 y\r\na: ").await, Err(SendError::Unclear(Cause::Silence)));
    let head = "HTTP/1.1 200 y\r\ncontent-length: 1000\r\n\r\n";
    assert_eq!(slow(Some("^OK"), head).await, Err(SendError::Unclear(Cause::Silence)));
    assert_eq!(slow(None, head).await, Ok(()));
}

#[tokio::test]
async fn of_a_gigabyte_only_the_beginning_is_read() {
    let endless = |head: &'static str| async move {
        let (written, mut count) = tokio::sync::mpsc::unbounded_channel();
        let (url, _) = gateway(move |mut stream, _| {
            let written = written.clone();
            async move {
                drop(stream.write_all(head.as_bytes()).await);
                let piece = [b'a'; 64 * 1024];
                for _ in 0..16 * 1024 {
                    let Ok(()) = stream.write_all(&piece).await else { break };
                    written.send(piece.len()).unwrap();
                }
            }
        })
        .await;
        let result = sender(&url, Some("b")).send(&number(), TEXT).await;
        let mut read = 0;
        while let Ok(Some(piece)) = tokio::time::timeout(Duration::from_secs(1), count.recv()).await {
            read += piece;
        }
        // What the kernel holds on the way is more than what is read.
        assert!(read < 64 * 1024 * 1024, "{read}");
        result
    };
    let head = "HTTP/1.1 200 y\r\ncontent-length: 1073741824\r\n\r\n";
    assert_eq!(endless(head).await, Err(SendError::Refused(Cause::Body(200))));
    assert_eq!(endless("HTTP/1.1 200 y\r\na: ").await, Err(SendError::Unclear(Cause::Garbled)));
    assert_eq!(endless("").await, Err(SendError::Unclear(Cause::Garbled)));
}

#[tokio::test]
async fn a_gateway_that_closes_or_speaks_otherwise_leaves_it_unclear() {
    for said in [
        &b""[..],
        b"HTTP/1.1 2",
        b"\xff\xfe\x00\x01\r\n\r\n",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 999999 x\r\n\r\n",
    ] {
        let (url, heard) = gateway(move |mut stream, _| async move { drop(stream.write_all(said).await) }).await;
        let error = sender(&url, None).send(&number(), TEXT).await.unwrap_err();
        assert_eq!(error, SendError::Unclear(Cause::Garbled), "{said:?}");
        assert!(error.may_have_been_sent());
        assert_eq!(heard.lock().await.len(), 1);
    }
    // A body that ends too soon, and one that is no text.
    let (url, _) = gateway(|mut stream, _| async move {
        drop(stream.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 100\r\n\r\nO").await);
    })
    .await;
    assert_eq!(sender(&url, Some("^OK")).send(&number(), TEXT).await, Err(SendError::Unclear(Cause::Garbled)));
    let (url, _) = gateway(|mut stream, _| async move {
        drop(stream.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 6\r\n\r\n\xff\xfe OK\x00").await);
    })
    .await;
    assert_eq!(sender(&url, Some("OK")).send(&number(), TEXT).await, Ok(()));
}

#[tokio::test]
async fn whoever_is_not_trusted_gets_nothing() {
    let (url, heard) = always(200, "x").await;
    let port = url.trim_matches('/').rsplit_once(':').unwrap().1.parse().unwrap();
    let url = format!("https://127.0.0.1:{}/?to={{number}}&text={{text}}", tls_before(port).await);
    let toml = format!("kind = \"http\"\nurl = \"{url}\"\n");
    let stranger = toml::from_str::<Config>(&toml).unwrap().open().unwrap();
    assert_eq!(stranger.send(&number(), TEXT).await, Err(SendError::Unreachable(Cause::Secure)));
    assert!(heard.lock().await.is_empty());
    let toml = format!("{toml}ca = \"{}\"", certificate().display());
    let known = toml::from_str::<Config>(&toml).unwrap().open().unwrap();
    assert_eq!(known.send(&number(), TEXT).await, Ok(()));
    assert_eq!(heard.lock().await.len(), 1);
}

#[tokio::test]
async fn no_error_tells_number_text_or_password() {
    for (status, body) in [(200, "+8613800138000 123456"), (403, "123456"), (500, "123456"), (301, "")] {
        let (url, _) = always(status, body).await;
        let error = sender(&format!("{url}?password=hidden"), Some("^OK")).send(&number(), TEXT).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!["13800138000", "123456", "hidden"].iter().any(|secret| shown.contains(secret)), "{shown}");
    }
}

/// It runs itself once more with a proxy in its environment, at which nobody is.
#[tokio::test]
async fn a_proxy_of_the_environment_is_told_nothing_that_is_not_encrypted() {
    const BEHIND: &str = "LAMPLIT_SMS_TEST_BEHIND_A_PROXY";
    if std::env::var_os(BEHIND).is_some() {
        let (url, heard) = always(200, "").await;
        sender(&url, None).send(&number(), TEXT).await.unwrap();
        assert_eq!(heard.lock().await.len(), 1);
        return;
    }
    let name = "http::tests::a_proxy_of_the_environment_is_told_nothing_that_is_not_encrypted";
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", name]).env(BEHIND, "1").env_remove("NO_PROXY").env_remove("no_proxy");
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        again.env(variable, "http://127.0.0.1:9");
    }
    let done = tokio::task::spawn_blocking(move || again.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}
