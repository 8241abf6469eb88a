//! The program, as its operator uses it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lamplit-server"));
    command.env_clear().env("HOME", data).stdin(Stdio::null());
    command
}

fn run(data: &Path, args: &[&str]) -> Output {
    program(data).args(args).output().unwrap()
}

/// A server that runs.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    fn start(data: &Path, args: &[&str]) -> Self {
        Self::of(program(data).args(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn of(mut child: Child) -> Self {
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// What it says up to the line that has `text` in it.
    fn until(&mut self, text: &str) -> Vec<String> {
        let mut said = Vec::new();
        while !said.last().is_some_and(|line: &String| line.contains(text)) {
            let mut line = String::new();
            assert_ne!(self.out.read_line(&mut line).unwrap(), 0, "it ended after {said:?}");
            said.push(line.trim().to_owned());
        }
        said
    }

    fn end(mut self, signal: Signal) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_where_it_is_and_what_it_took_for_granted_and_stops_when_told() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Running::start(home.path(), &["--listen", "[::1]:0"]);
    let said = server.until("may open an account");
    let address = said.iter().find(|line| line.starts_with("lamplit:server/")).unwrap();
    let (key, place) = address.strip_prefix("lamplit:server/").unwrap().split_once('@').unwrap();
    assert_eq!(key.len(), 52, "{address}");
    assert!(place.starts_with("[::1]:") && !place.ends_with(":0"), "{address}");
    let data = home.path().join(".local/share/lamplit-server");
    let told = format!("Its data: {} (by default: see --help)", data.display());
    assert!(said.contains(&told), "{said:?}");
    assert!(said.contains(&format!("It listens on UDP {place} (by --listen)")), "{said:?}");
    assert_eq!(server.end(Signal::TERM), Some(0));

    // The same server, from what is on the disk.
    let output = run(home.path(), &["address", "--listen", "192.0.2.1:4433"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("lamplit:server/{key}@192.0.2.1:4433\n"));
    let mut again = Running::start(home.path(), &["run", "--listen", "[::1]:0", "--data", data.to_str().unwrap()]);
    let said = again.until("may open an account");
    assert!(
        said.iter().any(|line| line.contains(key))
            && said.contains(&format!("Its data: {} (by --data)", data.display()))
    );
    assert_eq!(again.end(Signal::INT), Some(0));
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let failed = |args: &[&str]| {
        let output = run(home.path(), args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(failed(&["address"]).contains("start the server there first"));
    // Nobody's address here.
    let error = failed(&["--listen", "192.0.2.1:4433"]);
    assert!(error.contains("can't listen on 192.0.2.1:4433") && error.contains("--listen"), "{error}");
    let mut server = Running::start(home.path(), &["--listen", "[::1]:0"]);
    server.until("may open an account");
    assert!(failed(&["--listen", "[::1]:0"]).contains("is in use"));
}

#[test]
fn a_start_that_fails_at_the_store_leaves_no_key() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("depot.redb"), "no store").unwrap();
    fs::set_permissions(data.join("depot.redb"), fs::Permissions::from_mode(0o600)).unwrap();
    let output = run(home.path(), &["--listen", "[::1]:0", "--data", data.to_str().unwrap()]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("restore a backup"), "{error}");
    assert!(!data.join("server.key").exists());
}

#[test]
fn help_tells_of_commands_and_defaults() {
    let home = tempfile::tempdir().unwrap();
    let help = String::from_utf8(run(home.path(), &["--help"]).stdout).unwrap();
    for text in ["address", "--data", "~/.local/share/lamplit-server", "--listen", "[::]:4433", "LAMPLIT_LOG"] {
        assert!(help.contains(text), "{text} is not in {help}");
    }
}

#[test]
fn check_says_what_would_hold_and_by_whom_and_starts_and_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join(".local/share/lamplit-server");
    let output = run(home.path(), &["--check"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    for text in ["(by default: see --help)", "UDP [::]:4433", "no file", "no key yet", "no store yet"] {
        assert!(said.contains(text), "{text} is not in {said}");
    }
    assert!(!home.path().join(".local").exists(), "it made something");

    // The file that the program prints, with one of its lines changed.
    let file = String::from_utf8(run(home.path(), &["config"]).stdout).unwrap();
    fs::create_dir_all(&data).unwrap();
    let path = data.join("lamplit-server.toml");
    fs::write(&path, file.replace("#open = true", "open = false")).unwrap();
    let line = 1 + file.lines().position(|line| line == "#open = true").unwrap();
    let output = program(home.path()).arg("--check").env("LAMPLIT_SERVER_LISTEN", "[::1]:5").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("Nobody new may open an account ({}, line {line})", path.display())), "{said}");
    assert!(said.contains("It listens on UDP [::1]:5 (by LAMPLIT_SERVER_LISTEN)"), "{said}");

    fs::write(&path, "open = false\nlissen = \"[::]:1\"\n").unwrap();
    for args in [&["--check"][..], &["run", "--check"], &["run"], &["address"]] {
        let output = run(home.path(), args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(error.contains("line 2: there is no setting lissen: the nearest is listen"), "{error}");
    }
    fs::remove_file(&path).unwrap();
    fs::write(data.join("server.key"), "no key").unwrap();
    let output = run(home.path(), &["--check"]);
    assert_eq!(output.status.code(), Some(1), "a key that others may read");
    let output = program(home.path()).arg("--check").env("LAMPLIT_LOG", "lamplit=loud").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("LAMPLIT_LOG"), "{error}");
}

#[test]
fn a_server_that_is_not_open_says_so() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Running::start(home.path(), &["--listen", "[::1]:0", "--open", "false"]);
    let said = server.until("may open an account");
    assert_eq!(said.last().unwrap(), "Nobody new may open an account (by --open).");
    assert!(said.iter().any(|line| line.starts_with("Its settings: no file")), "{said:?}");
    assert_eq!(server.end(Signal::TERM), Some(0));
}

#[test]
fn how_codes_are_sent_is_said_and_neither_where_nor_as_whom() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Running::start(home.path(), &["--listen", "[::1]:0"]);
    let said = server.until("may open an account");
    assert!(said.contains(&"Codes by SMS: off (by default: see --help)".to_owned()), "{said:?}");
    assert_eq!(server.end(Signal::TERM), Some(0));

    // A message centre that hears of nobody who only checks.
    let centre = TcpListener::bind("127.0.0.1:0").unwrap();
    centre.set_nonblocking(true).unwrap();
    let path = home.path().join("a.toml");
    let table = format!(
        "listen = \"[::1]:0\"\n[sms]\nkind = \"smpp\"\nurl = \"smpp://{}\"\nuser = \"ada-user\"\npassword = \"ada-word\"\n",
        centre.local_addr().unwrap()
    );
    fs::write(&path, &table).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let file = path.to_str().unwrap();
    let output = run(home.path(), &["--check", "--config", file]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("Codes by SMS: over SMPP ({file}, line 2)\n")), "{said}");
    assert!(!said.contains("ada-") && !said.contains("smpp://") && !said.contains("Note"), "{said}");
    assert_eq!(output.status.code(), Some(0));
    assert!(matches!(centre.accept(), Err(error) if error.kind() == ErrorKind::WouldBlock));

    // One that starts signs in there.
    let mut server = Running::start(home.path(), &["--config", file]);
    let said = server.until("may open an account");
    assert!(said.contains(&format!("Codes by SMS: over SMPP ({file}, line 2)")), "{said:?}");
    centre.set_nonblocking(false).unwrap();
    drop(centre.accept().unwrap());
    assert_eq!(server.end(Signal::TERM), Some(0));

    fs::write(&path, table.replace("ada-word", "ada-word-too-long")).unwrap();
    for args in [["--check", "--config", file], ["run", "--config", file]] {
        let output = run(home.path(), &args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(error.contains("line 2") && error.contains("password under [sms] must be ASCII"), "{error}");
        assert!(!error.contains("ada-") && !error.contains("smpp://"), "{error}");
    }
    let output = program(home.path()).arg("--check").env("LAMPLIT_SERVER_SMS", "log").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("Codes by SMS: into the log: for development alone (by LAMPLIT_SERVER_SMS)"), "{said}");

    // And how many.
    fs::write(&path, "[sms]\nkind = \"log\"\ncodes_of_all = [20, 60]\n").unwrap();
    let output = run(home.path(), &["--check", "--config", file]);
    let said = String::from_utf8(output.stdout).unwrap();
    let told = format!("Codes to all numbers together: 20 at once, then one in 60 s ({file}, line 3)\n");
    assert!(said.contains(&told), "{said}");
    let mut check = program(home.path());
    let output = check.args(["--check", "--config", file]).env("LAMPLIT_SERVER_CODES_OF_ALL", "7,0").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("LAMPLIT_SERVER_CODES_OF_ALL is 7,0"), "{error}");
    let output = run(home.path(), &["--check"]);
    assert!(!String::from_utf8(output.stdout).unwrap().contains("all numbers"), "none are sent");
}

#[test]
fn its_status_is_told_to_this_machine_alone_and_only_if_wanted() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Running::start(home.path(), &["--listen", "[::1]:0", "--status", "127.0.0.1:0"]);
    let said = server.until("may open an account");
    let at = said.iter().find_map(|line| line.strip_prefix("Its status by HTTP: ")).unwrap();
    let at = at.strip_suffix(" (by --status)").unwrap();
    let ask = |what: &str| {
        let mut stream = TcpStream::connect(at).unwrap();
        write!(stream, "GET {what} HTTP/1.1\r\nHost: {at}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let ready = ask("/readyz");
    assert!(ready.starts_with("HTTP/1.1 200 OK") && ready.ends_with("\r\n\r\nok\n"), "{ready}");
    assert!(ask("/healthz").starts_with("HTTP/1.1 200 OK"));
    let counts = ask("/metrics");
    for text in ["lamplit_server_posts_total{outcome=\"kept\"} 0", "lamplit_server_connections 0", "# EOF"] {
        assert!(counts.contains(text), "{text} is not in {counts}");
    }
    let bytes = counts.lines().find_map(|line| line.strip_prefix("lamplit_server_store_bytes ")).unwrap();
    assert!(bytes.parse::<u64>().unwrap() > 0, "{bytes}");
    assert!(ask("/").starts_with("HTTP/1.1 404"));

    let output = run(home.path(), &["--check", "--status", "0.0.0.0:9464"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("an address of this machine alone"), "{error}");
    let taken =
        run(home.path(), &["--data", home.path().join("b").to_str().unwrap(), "--listen", "[::1]:0", "--status", at]);
    let error = String::from_utf8(taken.stderr).unwrap();
    assert!(error.contains("the status can't be asked for") && error.contains("--status"), "{error}");
    assert_eq!(server.end(Signal::TERM), Some(0));
}

#[test]
fn systemd_is_told_when_it_is_ready_and_when_it_stops_and_its_unit_starts_this_program() {
    let home = tempfile::tempdir().unwrap();
    let heard = UnixDatagram::bind(home.path().join("notify")).unwrap();
    heard.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let hear = || {
        let mut bytes = [0; 64];
        loop {
            match heard.recv(&mut bytes) {
                // With a time limit it ends so also after the process was halted for a moment (signal(7)).
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                length => return String::from_utf8(bytes[..length.unwrap()].to_vec()).unwrap(),
            }
        }
    };
    let unit = include_str!("../systemd/lamplit-server.service");
    let started = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/lamplit-server ")).unwrap();
    let (name, data) = unit.lines().find_map(|line| line.strip_prefix("Environment=")?.split_once('=')).unwrap();
    assert_eq!(data, "/var/lib/lamplit-server");
    let child = program(home.path())
        .args(started.split(' '))
        .env(name, home.path().join("data"))
        .env("LAMPLIT_SERVER_LISTEN", "[::1]:0")
        .env("NOTIFY_SOCKET", home.path().join("notify"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let server = Running::of(child.unwrap());
    assert_eq!(hear(), "READY=1\n");
    assert!(home.path().join("data/admin.sock").exists());
    assert_eq!(server.end(Signal::TERM), Some(0));
    assert_eq!(hear(), "STOPPING=1\n");
    assert!(!home.path().join("data/admin.sock").exists());
}

#[test]
fn the_manual_page_has_every_command_and_option() {
    let home = tempfile::tempdir().unwrap();
    let page = String::from_utf8(run(home.path(), &["manual"]).stdout).unwrap();
    assert!(page.contains(".TH lamplit-server 1"), "{page}");
    for text in ["backup", "restore", "verify", "stats", "config", "\\-\\-check", "\\-\\-status"] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
}
