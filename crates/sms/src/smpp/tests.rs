use std::time::Instant;

use futures_util::{SinkExt, StreamExt};
use rusmpp::{Command, CommandId, CommandStatus, Pdu, pdus::BindTransceiverResp, tokio_codec::CommandCodec};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::codec::Framed;

use super::*;
use crate::{
    Config,
    kannel::Smsc,
    tls::tests::{certificate, tls_before},
};

const TEXT: &str = "Lamplit: your code is 123456";
const SOON: Duration = Duration::from_secs(20);

fn number() -> PhoneNumber {
    PhoneNumber::parse("+8613800138000").unwrap()
}

fn open(config: SmppConfig) -> Box<dyn Sender> {
    Config::Smpp(Box::new(config)).open().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_message_centre_gets_each_text_as_it_is() {
    let smsc = Smsc::start().unwrap();
    let sender = open(smsc.config());
    sender.send(&number(), TEXT).await.unwrap();
    sender.send(&number(), "灯🏮").await.unwrap();
    let submitted = smsc.submitted();
    assert_eq!(submitted.iter().map(|part| part.text()).collect::<Vec<_>>(), [TEXT, "灯🏮"]);
    assert_eq!(submitted.iter().map(|part| part.coding).collect::<Vec<_>>(), [0, 8]);
    for part in &submitted {
        // A name; a number of the world in the telephone plan.
        assert_eq!(part.from, (5, 0, "Lamplit".to_owned()));
        assert_eq!(part.to, (1, 1, "8613800138000".to_owned()));
        assert_eq!(part.class, 0);
    }
    assert_eq!(smsc.notes().iter().filter(|note| note.starts_with("bind 0x34 good")).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_texts_come_in_parts_that_belong_together() {
    let smsc = Smsc::start().unwrap();
    let sender = open(smsc.config());
    for text in ["x".repeat(400), "灯🏮".repeat(60)] {
        let before = smsc.submitted().len();
        sender.send(&number(), &text).await.unwrap();
        let parts = smsc.submitted().split_off(before);
        assert_eq!(parts.iter().map(|part| part.text()).collect::<String>(), text);
        assert_eq!(parts.len(), 3);
        for (position, part) in (1..).zip(&parts) {
            assert_eq!(part.class, 0x40, "a header is there");
            assert_eq!(part.bytes[..6], [5, 0, 3, parts[0].bytes[3], 3, position]);
        }
    }
    let references: std::collections::BTreeSet<_> = smsc.submitted().iter().map(|part| part.bytes[3]).collect();
    assert_eq!(references.len(), 2, "two texts are not put together into one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_the_wrong_password_is_told_at_once() {
    let smsc = Smsc::start().unwrap();
    let sender = open(SmppConfig { password: Secret::new("wrong"), ..smsc.config() });
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(sender.send(&number(), TEXT).await, Err(SendError::Unauthorised(Cause::Smpp(0x0D))));
        assert!(began.elapsed() < Duration::from_secs(4));
    }
    // And the centre isn't asked for each text: who signs in wrongly too often is locked out.
    let binds = smsc.notes().iter().filter(|note| note.starts_with("bind")).count();
    assert!(binds <= 2, "{binds}");
    assert!(smsc.submitted().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_refuses_is_told_apart_and_only_what_it_has_no_room_for_is_offered_again() {
    let smsc = Smsc::start().unwrap();
    let sender = open(smsc.config());
    for (orders, result, offered) in [
        (&["status 11"][..], Err(SendError::Number(Cause::Smpp(0x0B))), 1),
        (&["status 1"], Err(SendError::Refused(Cause::Smpp(1))), 1),
        (&["status 88", "status 20"], Ok(()), 3),
        (&["status 88"; 3], Err(SendError::Busy(Cause::Smpp(0x58))), 3),
    ] {
        let before = smsc.submitted().len();
        smsc.order(orders).unwrap();
        assert_eq!(sender.send(&number(), TEXT).await, result, "{orders:?}");
        assert_eq!(smsc.submitted().len() - before, offered, "{orders:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_have_been_taken_is_not_offered_again() {
    let smsc = Smsc::start().unwrap();
    let sender = open(smsc.config());
    smsc.order(&["close"]).unwrap();
    assert_eq!(sender.send(&number(), TEXT).await, Err(SendError::Unclear(Cause::Closed)));
    assert_eq!(smsc.submitted().len(), 1);
    smsc.order(&["deaf"]).unwrap();
    assert_eq!(sender.send(&number(), TEXT).await, Err(SendError::Unclear(Cause::Silence)));
    assert_eq!(smsc.submitted().len(), 2);
    // It goes on with what comes then.
    assert_eq!(sender.send(&number(), TEXT).await, Ok(()));
    assert_eq!(smsc.submitted().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_long_text_only_the_part_that_was_not_taken_is_offered_again() {
    let smsc = Smsc::start().unwrap();
    let sender = open(smsc.config());
    let numbers = |from: usize| smsc.submitted()[from..].iter().map(|part| part.bytes[5]).collect::<Vec<_>>();
    smsc.order(&["take", "status 88"]).unwrap();
    assert_eq!(sender.send(&number(), &"x".repeat(400)).await, Ok(()));
    assert_eq!(numbers(0), [1, 2, 2, 3]);
    smsc.order(&["take", "status 1"]).unwrap();
    assert_eq!(sender.send(&number(), &"x".repeat(400)).await, Err(SendError::Partly(Cause::Smpp(1))));
    assert_eq!(numbers(4), [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_outage_it_signs_in_again() {
    let mut smsc = Smsc::start().unwrap();
    let sender = open(smsc.config());
    sender.send(&number(), TEXT).await.unwrap();
    smsc.stop();
    let error = sender.send(&number(), TEXT).await.unwrap_err();
    // The connection may not have been known to be gone yet, or was already.
    assert!(matches!(error, SendError::Unreachable(_) | SendError::Unclear(_)), "{error:?}");
    let error = sender.send(&number(), TEXT).await.unwrap_err();
    assert_eq!(error, SendError::Unreachable(Cause::Connect));
    smsc.resume().unwrap();
    sender.send(&number(), TEXT).await.unwrap();
    assert_eq!(smsc.submitted().len(), 2);
    // Also when nobody sends anything.
    smsc.stop();
    smsc.resume().unwrap();
    smsc.wait_for("bind", 3, SOON).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_centre_is_asked_whether_it_is_there_and_told_goodbye() {
    let smsc = Smsc::start().unwrap();
    let sender = open(smsc.config());
    sender.send(&number(), TEXT).await.unwrap();
    smsc.wait_for("enquire_link", 2, SOON).unwrap();
    drop(sender);
    smsc.wait_for("unbind", 1, SOON).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_answered() {
    let smsc = Smsc::start().unwrap();
    let sender = open(smsc.config());
    smsc.order(&["receipt"]).unwrap();
    sender.send(&number(), TEXT).await.unwrap();
    smsc.wait_for("deliver_sm_resp 0", 1, SOON).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_texts_share_one_connection_and_come_once_each() {
    let smsc = Smsc::start().unwrap();
    let sender: Arc<dyn Sender> = open(SmppConfig { waiting: 200, ..smsc.config() }).into();
    let send = |count: usize| {
        let sender = sender.clone();
        tokio::spawn(async move { sender.send(&number(), &format!("code {count}")).await })
    };
    for send in (0..200).map(send).collect::<Vec<_>>() {
        send.await.unwrap().unwrap();
    }
    let mut texts: Vec<_> = smsc.submitted().iter().map(|part| part.text()).collect();
    texts.sort();
    let mut expected: Vec<_> = (0..200).map(|count| format!("code {count}")).collect();
    expected.sort();
    assert_eq!(texts, expected);
    assert_eq!(smsc.notes().iter().filter(|note| note.starts_with("bind")).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_only_whom_it_trusts_gets_anything() {
    let smsc = Smsc::start().unwrap();
    let url = format!("smpps://127.0.0.1:{}", tls_before(smsc.port()).await);
    let stranger = open(SmppConfig { url: url.clone(), ..smsc.config() });
    assert_eq!(stranger.send(&number(), TEXT).await, Err(SendError::Unreachable(Cause::Secure)));
    assert!(smsc.notes().is_empty(), "no password left");
    let known = open(SmppConfig { url, ca: Some(certificate()), ..smsc.config() });
    known.send(&number(), TEXT).await.unwrap();
    assert_eq!(smsc.submitted().len(), 1);
}

type Line = Framed<TcpStream, CommandCodec>;
type Behaviour = core::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// A message centre that does as `behave` does from its first byte.
async fn raw(behave: impl Fn(TcpStream) -> Behaviour + Send + 'static) -> SmppConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smpp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(behave(stream));
        }
    });
    let limits = "answer_seconds = 1\nenquire_seconds = 1\nat_once = 2";
    toml::from_str(&format!("url = \"{url}\"\nuser = \"lamplit\"\npassword = \"secret\"\n{limits}")).unwrap()
}

/// A message centre that signs everybody in and then does as `behave` does.
async fn hostile(behave: impl Fn(Line) -> Behaviour + Clone + Send + Sync + 'static) -> SmppConfig {
    raw(move |stream| {
        let behave = behave.clone();
        Box::pin(async move {
            let mut line = Framed::new(stream, CommandCodec::new());
            let Some(Ok(bind)) = line.next().await else { return };
            assert_eq!(bind.id(), CommandId::BindTransceiver);
            let good = Pdu::from(BindTransceiverResp::default());
            line.send(Command::new(CommandStatus::EsmeRok, bind.sequence_number(), good)).await.unwrap();
            behave(line).await;
        })
    })
    .await
}

/// The next text, past all questions whether it is there.
async fn next_text(line: &mut Line) -> u32 {
    loop {
        let command = line.next().await.unwrap().unwrap();
        if command.id() == CommandId::SubmitSm {
            return command.sequence_number();
        }
    }
}

fn head(length: u32, id: u32, status: u32, number: u32) -> Vec<u8> {
    [length, id, status, number].into_iter().flat_map(u32::to_be_bytes).collect()
}

const SUBMIT_SM_RESP: u32 = 0x8000_0004;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_centre_that_says_nothing_when_signing_in_counts_as_not_reached() {
    let config = raw(|stream| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(600)).await;
            drop(stream);
        })
    })
    .await;
    let error = open(config).send(&number(), TEXT).await.unwrap_err();
    assert_eq!(error, SendError::Unreachable(Cause::Silence));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_centre_that_closes_or_speaks_otherwise_when_signing_in_counts_as_not_reached() {
    for (said, cause) in [
        (&b""[..], Cause::Closed),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Cause::Garbled),
        (b"\x00\x00\x00\x03\x80\x00\x00\x09\0\0\0\0\0\0\0\x01", Cause::Garbled),
        (b"\xff\xff\xff\xff\x80\x00\x00\x09\0\0\0\0\0\0\0\x01", Cause::Garbled),
        (b"\x00\x00\x00\x13\x80\x00\x00\x09\0\0\0\0\0\0\0\x01\xff\xfe\xfd", Cause::Garbled),
    ] {
        let config = raw(move |mut stream| {
            Box::pin(async move {
                let mut bind = [0; 256];
                let _ = stream.read(&mut bind).await;
                let _ = stream.write_all(said).await;
                let _ = stream.shutdown().await;
            })
        })
        .await;
        let error = open(config).send(&number(), TEXT).await.unwrap_err();
        assert_eq!(error, SendError::Unreachable(cause), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_a_gigabyte_is_not_taken_in() {
    let (written, mut count) = mpsc::unbounded_channel();
    let config = hostile(move |mut line| {
        let written = written.clone();
        Box::pin(async move {
            let number = next_text(&mut line).await;
            let mut stream = line.into_inner();
            let _ = stream.write_all(&head(1 << 30, SUBMIT_SM_RESP, 0, number)).await;
            let piece = [b'a'; 64 * 1024];
            for _ in 0..16 * 1024 {
                let Ok(()) = stream.write_all(&piece).await else { return };
                let _ = written.send(piece.len());
            }
        })
    })
    .await;
    assert_eq!(open(config).send(&number(), TEXT).await, Err(SendError::Unclear(Cause::Closed)));
    let mut read = 0;
    while let Ok(Some(piece)) = timeout(Duration::from_secs(1), count.recv()).await {
        read += piece;
    }
    assert!(read < 64 * 1024 * 1024, "{read}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_byte_by_byte_is_taken_in_or_left() {
    // Fast enough, it is an answer as any.
    let config = hostile(|mut line| {
        Box::pin(async move {
            let number = next_text(&mut line).await;
            let mut stream = line.into_inner();
            let mut answer = head(18, SUBMIT_SM_RESP, 0, number);
            answer.extend(b"1\0");
            for byte in answer {
                stream.write_all(&[byte]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_secs(600)).await;
        })
    })
    .await;
    assert_eq!(open(config).send(&number(), TEXT).await, Ok(()));
    // Too slow, it is none; and the centre is left, since it also says nothing when asked whether it is there.
    let (left, mut was_left) = mpsc::unbounded_channel();
    let config = hostile(move |mut line| {
        let left = left.clone();
        Box::pin(async move {
            let number = next_text(&mut line).await;
            let mut stream = line.into_inner();
            for byte in head(8000, SUBMIT_SM_RESP, 0, number).into_iter().chain(core::iter::repeat(b'1')) {
                if stream.write_all(&[byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            let _ = left.send(());
        })
    })
    .await;
    let sender = open(config);
    let error = sender.send(&number(), TEXT).await.unwrap_err();
    assert!(matches!(error, SendError::Unclear(_)), "{error:?}");
    timeout(SOON, was_left.recv()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_none_change_nothing() {
    let config = hostile(|mut line| {
        Box::pin(async move {
            let number = next_text(&mut line).await;
            let mut stream = line.into_inner();
            // For nobody; an enquiry that was never made; something that is in no book; then the answer.
            let mut said = head(16, SUBMIT_SM_RESP, 0x58, number.wrapping_add(1000));
            said.extend(head(16, 0x8000_0015, 0, 12345));
            said.extend(head(20, 0x8000_7777, 0, 1));
            said.extend(b"\xff\xff\xff\xff");
            said.extend(head(16, SUBMIT_SM_RESP, 0x0B, number));
            stream.write_all(&said).await.unwrap();
            tokio::time::sleep(Duration::from_secs(600)).await;
        })
    })
    .await;
    assert_eq!(open(config).send(&number(), TEXT).await, Err(SendError::Number(Cause::Smpp(0x0B))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_that_are_none_in_an_answer_leave_it_unclear() {
    let config = hostile(|mut line| {
        Box::pin(async move {
            let number = next_text(&mut line).await;
            let mut stream = line.into_inner();
            let mut said = head(20, SUBMIT_SM_RESP, 0, number);
            said.extend(b"\xff\xfe\xfd\0");
            stream.write_all(&said).await.unwrap();
            tokio::time::sleep(Duration::from_secs(600)).await;
        })
    })
    .await;
    let error = open(config).send(&number(), TEXT).await.unwrap_err();
    assert_eq!(error, SendError::Unclear(Cause::Closed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_questions_keeps_no_text_from_going() {
    let config = hostile(|line| {
        Box::pin(async move {
            let (mut say, mut hear) = line.split();
            let (texts, mut to_answer) = mpsc::channel::<u32>(16);
            tokio::spawn(async move {
                while let Some(Ok(command)) = hear.next().await {
                    if command.id() == CommandId::SubmitSm {
                        let _ = texts.send(command.sequence_number()).await;
                    }
                }
            });
            for number in 1.. {
                if let Ok(text) = to_answer.try_recv() {
                    let answer = Pdu::from(rusmpp::pdus::SubmitSmResp::default());
                    say.feed(Command::new(CommandStatus::EsmeRok, text, answer)).await.unwrap();
                }
                let question = Command::new(CommandStatus::EsmeRok, number, Pdu::EnquireLink);
                if say.feed(question).await.is_err() {
                    return;
                }
            }
        })
    })
    .await;
    // Megabytes of questions are on the way before the answer.
    let sender = open(SmppConfig { answer_seconds: 60, ..config });
    for _ in 0..3 {
        assert_eq!(sender.send(&number(), TEXT).await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_centre_that_reads_nothing_is_left_by_its_time() {
    let config = hostile(|line| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(600)).await;
            drop(line);
        })
    })
    .await;
    let sender = open(config);
    let error = sender.send(&number(), TEXT).await.unwrap_err();
    assert!(matches!(error, SendError::Unclear(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_listens_nothing_was_sent() {
    let config = raw(|_| Box::pin(async {})).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smpp://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = open(SmppConfig { url, ..config }).send(&number(), TEXT).await.unwrap_err();
    assert_eq!(error, SendError::Unreachable(Cause::Connect));
    assert!(!error.may_have_been_sent());
}
