#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::args::Where;

#[derive(Default)]
struct Of(BTreeMap<String, OsString>);

impl Of {
    fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }
}

impl Environment for Of {
    fn get(&self, name: &str) -> Option<OsString> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

fn place() -> Place {
    Place::default()
}

#[test]
fn an_option_comes_before_the_environment_that_before_the_file_and_that_before_what_is_built_in() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.toml");
    fs::write(&file, "listen = \"[::1]:1\"\nopen = false\ndata = \"/in/file\"\n").unwrap();
    let environment = Of::default().with("HOME", home.path());

    let read = Settings::read(&place(), &environment).unwrap();
    assert_eq!((read.listen.value, read.listen.by), (LISTEN, By::Default));
    assert_eq!((read.data.value, read.data.by), (home.path().join(".local/share/lamplit-server"), By::Default));
    assert!(read.open.value && read.file.is_none());

    let environment = environment.with("LAMPLIT_SERVER_CONFIG", &file);
    let read = Settings::read(&place(), &environment).unwrap();
    assert_eq!((read.listen.value.port(), read.listen.by), (1, By::File(file.clone(), 1)));
    assert_eq!((read.open.value, read.open.by), (false, By::File(file.clone(), 2)));
    assert_eq!((read.data.value, read.data.by), ("/in/file".into(), By::File(file.clone(), 3)));
    assert_eq!((read.log.value.as_str(), read.log.by), ("info", By::Default));
    assert_eq!(read.file, Some(file));

    let environment = environment.with("LAMPLIT_SERVER_LISTEN", "[::1]:2").with("LAMPLIT_SERVER_OPEN", "true");
    let environment = environment.with("LAMPLIT_SERVER_DATA", "/in/environment").with("LAMPLIT_LOG", "debug");
    let read = Settings::read(&place(), &environment).unwrap();
    assert_eq!((read.listen.value.port(), read.listen.by), (2, By::Environment("LAMPLIT_SERVER_LISTEN")));
    assert_eq!((read.open.value, read.open.by), (true, By::Environment("LAMPLIT_SERVER_OPEN")));
    assert_eq!(read.data.by, By::Environment("LAMPLIT_SERVER_DATA"));
    assert_eq!((read.log.value.as_str(), read.log.by), ("debug", By::Environment("LAMPLIT_LOG")));

    let listen = Some("[::1]:3".parse().unwrap());
    let read = Settings::read(&Place { listen, open: Some(false), ..place() }, &environment).unwrap();
    assert_eq!((read.listen.value.port(), read.listen.by), (3, By::Option("--listen")));
    assert_eq!((read.open.value, read.open.by), (false, By::Option("--open")));
}

#[test]
fn the_file_in_the_data_directory_is_read_and_cannot_move_it() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join(FILE);
    fs::write(&file, "open = false\n").unwrap();
    let place = Place { at: Where { config: None, data: Some(data.path().to_path_buf()) }, ..place() };
    let read = Settings::read(&place, &Of::default()).unwrap();
    assert_eq!(read.open.by, By::File(file.clone(), 1));

    fs::write(&file, "\ndata = \"/elsewhere\"\n").unwrap();
    let error = Settings::read(&place, &Of::default()).unwrap_err().to_string();
    assert!(error.contains("line 2") && error.contains("--config"), "{error}");
    let named = Place { at: Where { config: Some(file.clone()), ..place.at }, ..Place::default() };
    assert_eq!(Settings::read(&named, &Of::default()).unwrap().data.by, By::Option("--data"));
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_to_say() {
    let home = tempfile::tempdir().unwrap();
    let environment = || Of::default().with("HOME", home.path());
    let refused = |place: Place, environment: Of| format!("{:#}", Settings::read(&place, &environment).unwrap_err());
    let error = refused(place(), environment().with("LAMPLIT_SERVER_OPEN", "maybe"));
    assert!(error.contains("LAMPLIT_SERVER_OPEN is maybe") && error.contains("true or false"), "{error}");
    let error = refused(place(), environment().with("LAMPLIT_SERVER_CONFIG", "/nowhere/a.toml"));
    assert!(error.contains("/nowhere/a.toml"), "{error}");
    assert!(refused(place(), Of::default()).contains("--data"));

    let file = home.path().join("a.toml");
    let named = || Place { at: Where { config: Some(file.clone()), data: None }, ..place() };
    fs::write(&file, "data = \"beside\"\n").unwrap();
    assert!(refused(named(), environment()).contains("line 1: beside is no whole path"));
    fs::write(&file, "#".repeat(70_000)).unwrap();
    assert!(refused(named(), environment()).contains("65536 bytes"));
}

#[test]
fn codes_by_sms_are_off_or_as_the_environment_says_or_else_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.toml");
    let table = "open = true\n[sms]\nkind = \"smpp\"\nurl = \"smpps://a\"\nuser = \"u\"\npassword = \"p\"\n";
    fs::write(&file, table).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let environment = || Of::default().with("HOME", home.path());
    let read = |environment: Of| {
        let sms = Settings::read(&place(), &environment).unwrap().sms;
        (sms::way(sms.value.as_ref()), sms.by)
    };
    assert_eq!(read(environment()), ("off", By::Default));
    let named = || environment().with("LAMPLIT_SERVER_CONFIG", &file);
    assert_eq!(read(named()), ("over SMPP", By::File(file.clone(), 2)));
    let by = By::Environment("LAMPLIT_SERVER_SMS");
    assert_eq!(read(named().with("LAMPLIT_SERVER_SMS", "off")), ("off", by.clone()));
    let log = "into the log: for development alone";
    assert_eq!(read(environment().with("LAMPLIT_SERVER_SMS", "log")), (log, by));

    let wrong = named().with("LAMPLIT_SERVER_SMS", "https://sms.example/?password=hidden");
    let error = format!("{:#}", Settings::read(&place(), &wrong).unwrap_err());
    assert!(error.contains("LAMPLIT_SERVER_SMS takes off, or log") && !error.contains("hidden"), "{error}");

    assert!(Settings::read(&place(), &named()).unwrap().notes.is_empty());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let notes = Settings::read(&place(), &named()).unwrap().notes;
    assert!(matches!(notes.as_slice(), [note] if note.contains("everybody on this machine may read it")), "{notes:?}");
    let off = named().with("LAMPLIT_SERVER_SMS", "off");
    assert!(Settings::read(&place(), &off).unwrap().notes.is_empty());
}

#[test]
fn how_many_codes_there_are_is_as_the_environment_says_or_else_the_file() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.toml");
    fs::write(&file, "[sms]\nkind = \"log\"\ncodes_of_all = [20, 60]\n").unwrap();
    let environment = || Of::default().with("HOME", home.path());
    let read = |environment: Of| {
        let codes = Settings::read(&place(), &environment).unwrap().codes;
        (codes.value.rate(), codes.by)
    };
    assert_eq!(read(environment()), ((500, 6_000), By::Default));
    let named = || environment().with("LAMPLIT_SERVER_CONFIG", &file);
    assert_eq!(read(named()), ((20, 60_000), By::File(file.clone(), 3)));
    let by = By::Environment("LAMPLIT_SERVER_CODES_OF_ALL");
    assert_eq!(read(named().with("LAMPLIT_SERVER_CODES_OF_ALL", "7,1")), ((7, 1_000), by));
    let wrong = named().with("LAMPLIT_SERVER_CODES_OF_ALL", "many");
    let error = format!("{:#}", Settings::read(&place(), &wrong).unwrap_err());
    assert!(error.contains("LAMPLIT_SERVER_CODES_OF_ALL is many: it takes so many codes at once"), "{error}");
}

#[test]
fn a_name_in_the_environment_that_is_none_is_told() {
    let environment = Of::default().with("LAMPLIT_SERVER_LISTN", "[::1]:1").with("LAMPLIT_SERVER_DATA", "/d");
    let notes = Settings::read(&place(), &environment).unwrap().notes;
    assert!(matches!(notes.as_slice(), [note] if note.contains("nearest is LAMPLIT_SERVER_LISTEN")), "{notes:?}");
}
