//! What only shows between processes: a second daemon, SIGKILL, a full file system, a real keyring.
//!
//! This program is its own children: each story starts it again with a part to play. Needs `unshare` and `mount`
//! (util-linux), `dbus-run-session` (dbus) and `gnome-keyring-daemon` (gnome-keyring).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and its parts talk over standard output"
)]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lamplit_node::{Order, Read, Table, Write};
use lamplit_store::{
    CommitError, DataDir, DirError, InitError, Kept, KeyError, KeyringChoice, OpenError, Store, init, keys,
};

const PART: &str = "LAMPLIT_TEST_PART";
const DATA: &str = "LAMPLIT_TEST_DATA";
const SECRET: &[u8] = &[0xa5; 96];

fn main() {
    if let Ok(part) = std::env::var(PART) {
        return play(&part, Path::new(&std::env::var_os(DATA).unwrap()));
    }
    let stories: [(&str, fn()); 7] = [
        ("a_second_daemon_is_refused", a_second_daemon_is_refused),
        ("what_was_committed_outlives_sigkill", what_was_committed_outlives_sigkill),
        ("a_killed_init_can_be_repeated", a_killed_init_can_be_repeated),
        ("a_full_disk_loses_nothing", a_full_disk_loses_nothing),
        ("keys_live_in_a_real_keyring", keys_live_in_a_real_keyring),
        ("without_a_bus_keys_live_in_a_file", without_a_bus_keys_live_in_a_file),
        ("a_bus_that_is_silent_is_given_up", a_bus_that_is_silent_is_given_up),
    ];
    let only = std::env::args().nth(1).filter(|word| !word.starts_with('-')).unwrap_or_default();
    for (name, story) in stories.into_iter().filter(|(name, _)| name.contains(&only)) {
        println!("story {name}");
        story();
    }
}

/// What a child does.
fn play(part: &str, data: &Path) {
    match part {
        "hold" => hold(data),
        "commit" => commit(data),
        "init" => drop(make(data, KeyringChoice::Never).unwrap()),
        "fill" => fill(data),
        "keyring" => keyring(data),
        "no keyring" => no_keyring(data),
        "keyring gone" => assert!(matches!(load(data), Err(KeyError::KeyringSilent(_)))),
        other => panic!("no part is called {other}"),
    }
}

fn a_second_daemon_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let mut first = start("hold", home.path());
    assert_eq!(said(&mut first).next().unwrap(), "held");

    let error = DataDir::open(home.path()).unwrap_err();
    assert!(matches!(error, DirError::Locked { pid: Some(pid), .. } if pid == first.id()), "{error}");
    assert!(error.to_string().contains("stop it or choose another --data"), "{error}");

    kill(first);
    DataDir::open(home.path()).unwrap();
}

fn hold(data: &Path) {
    let _held = DataDir::create(data).unwrap();
    println!("held");
    std::thread::sleep(Duration::from_secs(600));
}

fn what_was_committed_outlives_sigkill() {
    for heard in [1, 7, 30] {
        let home = tempfile::tempdir().unwrap();
        drop(make(home.path(), KeyringChoice::Never).unwrap());
        let mut child = start("commit", home.path());
        let mut said = said(&mut child);
        assert!(said.by_ref().take(heard).count() == heard);
        kill(child);
        let last: u32 = said.last().map_or(heard as u32, |line| line.parse().unwrap());

        let store = Store::open(&DataDir::open(home.path()).unwrap()).unwrap();
        let snapshot = store.snapshot().unwrap();
        let counter = snapshot.get(Table::Device, b"").unwrap().unwrap();
        let counter = u32::from_be_bytes(counter.try_into().unwrap());
        assert!(counter == last || counter == last + 1, "{counter} rows where {last} were acknowledged");
        assert_eq!(count(&store, Table::Log), counter as usize);
    }
}

/// Commits a row and a counter of the rows at a time, and tells each number once it is committed.
fn commit(data: &Path) {
    let store = Store::open(&DataDir::open(data).unwrap()).unwrap();
    for number in 1..1_000_000_u32 {
        let number = number.to_be_bytes().to_vec();
        let row = Write { table: Table::Log, key: number.clone(), value: Some(vec![1; 1000]) };
        let counter = Write { table: Table::Device, key: Vec::new(), value: Some(number.clone()) };
        store.commit([row, counter]).unwrap();
        println!("{}", u32::from_be_bytes(number.try_into().unwrap()));
    }
}

fn a_killed_init_can_be_repeated() {
    let begun = Instant::now();
    assert!(start("init", tempfile::tempdir().unwrap().path()).wait().unwrap().success());
    let whole = begun.elapsed();
    let (mut made, mut repeated) = (0, 0);
    for moment in 0..25 {
        let home = tempfile::tempdir().unwrap();
        let child = start("init", home.path());
        std::thread::sleep(whole * moment / 20);
        kill(child);
        match make(home.path(), KeyringChoice::Never) {
            Ok(_) => repeated += 1,
            Err(InitError::AlreadyThere(_)) => made += 1,
            Err(other) => panic!("killed at {moment} of 20: {other}"),
        }
        let dir = DataDir::open(home.path()).unwrap();
        assert_eq!(count(&Store::open(&dir).unwrap(), Table::Contacts), 1);
        assert_eq!(keys::load(&dir).unwrap().0.as_slice(), SECRET);
    }
    println!("  {made} were made before the kill, {repeated} after it");
}

fn a_full_disk_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--mount"]).arg(std::env::current_exe().unwrap());
    succeed(unshare, "fill", home.path(), "util-linux");
}

/// Fills a small file system that only this process sees.
fn fill(data: &Path) {
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs"]).arg(data).status();
    assert!(mounted.expect("mount is missing: apt-get install mount").success(), "a tmpfs cannot be mounted");
    let ballast = data.join("ballast");

    assert!(std::fs::write(&ballast, vec![0; 7_000_000]).is_err(), "the file system is larger than it should be");
    let error = make(data, KeyringChoice::Never).unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    std::fs::write(&ballast, vec![0; 1_000_000]).unwrap();
    let store = make(data, KeyringChoice::Never).unwrap().0;

    let row =
        |number: u32| Write { table: Table::Log, key: number.to_be_bytes().to_vec(), value: Some(vec![7; 10_000]) };
    let mut kept = 0;
    let refused = (0..).find_map(|number| store.commit([row(number)]).map(|()| kept += 1).err()).unwrap();
    assert!(matches!(refused, CommitError::DiskFull), "{refused}");
    assert!(kept > 20, "only {kept} rows fitted");
    for _ in 0..3 {
        assert!(store.commit([row(u32::MAX)]).is_err());
    }

    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(count(&store, Table::Log), kept);
    store.commit([row(u32::MAX)]).unwrap();
    drop(store);
    let store = Store::open(&DataDir::open(data).unwrap()).unwrap();
    assert_eq!(count(&store, Table::Log), kept + 1);
}

fn keys_live_in_a_real_keyring() {
    let home = tempfile::tempdir().unwrap();
    let mut session = Command::new("dbus-run-session");
    session.arg("--").arg(std::env::current_exe().unwrap());
    for variable in ["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"] {
        session.env(variable, home.path());
    }
    let data = home.path().join("data");
    succeed(session, "keyring", &data, "dbus gnome-keyring");
    // The session is over, and its keyring with it.
    succeed(without_bus(), "keyring gone", &data, "");
}

fn keyring(data: &Path) {
    let mut daemon = Command::new("gnome-keyring-daemon");
    daemon.args(["--unlock", "--components=secrets"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut daemon = daemon.spawn().expect("gnome-keyring-daemon is missing: apt-get install gnome-keyring");
    daemon.stdin.take().unwrap().write_all(b"password").unwrap();
    assert!(daemon.wait().unwrap().success());

    assert_eq!(make(data, KeyringChoice::Auto).unwrap().1, Kept::Keyring);
    let file = std::fs::read_to_string(data.join("device.key")).unwrap();
    let planted = "a5a5";
    assert!(format!("{SECRET:02x?}").replace(", ", "").contains(planted));
    assert!(!file.contains(planted), "the secret is in the file too");

    let other = data.with_file_name("other");
    assert_eq!(make(&other, KeyringChoice::Always).unwrap().1, Kept::Keyring);
    let entry = std::fs::read_to_string(other.join("device.key")).unwrap();
    let entry = keyring::Entry::new("lamplit", entry.split(' ').nth(2).unwrap()).unwrap();
    assert_eq!(load(&other).unwrap(), SECRET);
    entry.set_secret(b"something else").unwrap();
    assert!(matches!(load(&other), Err(KeyError::Damaged(_))));
    entry.delete_credential().unwrap();
    assert!(matches!(load(&other), Err(KeyError::KeyringForgot)));
    assert_eq!(load(data).unwrap(), SECRET);
}

fn without_a_bus_keys_live_in_a_file() {
    let home = tempfile::tempdir().unwrap();
    succeed(without_bus(), "no keyring", home.path(), "");
}

fn a_bus_that_is_silent_is_given_up() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("bus");
    let _never_answers = UnixListener::bind(&socket).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()));
    succeed(command, "no keyring", &home.path().join("data"), "");
}

fn no_keyring(data: &Path) {
    let always = data.join("always");
    let error = make(&always, KeyringChoice::Always).unwrap_err();
    assert!(matches!(error, InitError::Key(KeyError::NoKeyring(_))), "{error}");
    assert!(matches!(Store::open(&DataDir::open(&always).unwrap()), Err(OpenError::NoSuchDevice(_))));

    let auto = data.join("auto");
    let (store, kept) = make(&auto, KeyringChoice::Auto).unwrap();
    drop(store);
    assert_eq!(kept, Kept::File(auto.canonicalize().unwrap().join("device.key")));
    assert_eq!(load(&auto).unwrap(), SECRET);
}

fn make(data: &Path, choice: KeyringChoice) -> Result<(Store, Kept), InitError> {
    let row = Write { table: Table::Contacts, key: b"a".to_vec(), value: Some(b"1".to_vec()) };
    init(&DataDir::create(data).unwrap(), choice, SECRET, [row])
}

fn load(data: &Path) -> Result<Vec<u8>, KeyError> {
    keys::load(&DataDir::open(data).unwrap()).map(|(secret, _)| secret.to_vec())
}

fn count(store: &Store, table: Table) -> usize {
    store.snapshot().unwrap().scan(table, b"", None, Order::Up, usize::MAX).unwrap().len()
}

fn without_bus() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    command
}

fn with_part(mut command: Command, part: &str, data: &Path) -> Command {
    command.env(PART, part).env(DATA, data);
    command
}

/// Starts a child on its own.
fn start(part: &str, data: &Path) -> Child {
    let command = Command::new(std::env::current_exe().unwrap());
    with_part(command, part, data).stdout(Stdio::piped()).spawn().unwrap()
}

/// The lines a child prints.
fn said(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap)
}

/// SIGKILL.
fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Plays a part to its end, by way of a program that Debian has in `packages`.
fn succeed(command: Command, part: &str, data: &Path, packages: &str) {
    let program: PathBuf = command.get_program().into();
    let missing = || format!("{} is missing: apt-get install {packages}", program.display());
    let status = with_part(command, part, data).status().unwrap_or_else(|error| panic!("{}: {error}", missing()));
    let variable: &OsStr = part.as_ref();
    assert!(status.success(), "the part {variable:?} failed");
}
