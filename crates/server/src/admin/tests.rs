#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lamplit_depot::InMemoryBackend;
use lamplit_wire::server::Epoch;

use super::*;

struct Asked {
    data: tempfile::TempDir,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
    desk: Arc<Desk>,
}

fn start() -> Asked {
    let data = tempfile::tempdir().unwrap();
    let desk = Arc::new(Desk {
        depot: Arc::new(Depot::on_backend(Box::new(InMemoryBackend::new()), Epoch([1; 8])).unwrap()),
        admission: Arc::default(),
        clock: Clock::start(),
        store: data.path().join("nothing"),
        copying: Mutex::default(),
    });
    let (stop, stops) = watch::channel(false);
    let serving = tokio::spawn(Admin::bind(data.path()).unwrap().serve(desk.clone(), stops));
    Asked { data, stop, serving, desk }
}

async fn say(asked: &Asked, line: &[u8]) -> String {
    let mut stream = UnixStream::connect(asked.data.path().join(SOCKET)).await.unwrap();
    stream.write_all(line).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn what_is_no_question_is_refused_and_the_next_is_answered() {
    let asked = start();
    let mode = fs::metadata(asked.data.path().join(SOCKET)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // As much as is read, and no end to it.
    let long = vec![b' '; usize::try_from(limits::ADMIN_LINE).unwrap()];
    for line in [&b"{}\n"[..], b"{\"ask\":\"backup\",\"to\":\"/x\",\"more\":1}\n", b"{\"ask\":\"gossip\"}\n", &long] {
        let answer = say(&asked, line).await;
        assert!(answer.contains("same version"), "{answer}");
    }
    let answer = say(&asked, b"{\"ask\":\"stats\"}\n").await;
    assert!(answer.contains("\"accounts\":0"), "{answer}");
    asked.stop.send_replace(true);
    asked.serving.await.unwrap();
    assert!(!asked.data.path().join(SOCKET).exists(), "it leaves no socket behind");
}

#[tokio::test]
async fn a_copy_replaces_nothing_and_is_one_at_a_time() {
    let asked = start();
    let old = asked.data.path().join("old");
    fs::write(&old, "an older copy").unwrap();
    let failed = |answer: Answer| match answer {
        Answer::Failed { why } => why,
        other => format!("{other:?}"),
    };
    assert!(failed(asked.desk.backup(old.clone()).await).contains("already"));
    assert_eq!(fs::read_to_string(&old).unwrap(), "an older copy");
    assert!(failed(asked.desk.backup("beside".into()).await).contains("no whole path"));
    let copying = asked.desk.copying.lock().await;
    assert!(failed(asked.desk.backup(asked.data.path().join("new")).await).contains("being made"));
    drop(copying);
    assert_eq!(asked.desk.backup(asked.data.path().join("new")).await, Answer::Copied);
}

#[test]
fn only_its_own_user_and_root_may_ask() {
    assert!(may_ask(1000, 1000) && may_ask(0, 1000) && may_ask(0, 0));
    assert!(!may_ask(1001, 1000) && !may_ask(1000, 0));
}

#[tokio::test]
async fn a_socket_that_was_left_is_replaced_and_anything_else_is_not() {
    let data = tempfile::tempdir().unwrap();
    drop(Admin::bind(data.path()).unwrap());
    Admin::bind(data.path()).unwrap();
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join(SOCKET), "mine").unwrap();
    assert!(matches!(Admin::bind(other.path()), Err(BindError::InTheWay(_))));
    let long = data.path().join("d".repeat(120));
    fs::create_dir(&long).unwrap();
    assert!(matches!(Admin::bind(&long), Err(BindError::TooLong(_))));
}
