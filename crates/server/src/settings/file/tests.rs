#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn the_commented_file_says_nothing_and_names_every_setting() {
    let said = parse(COMMENTED).unwrap();
    assert!(said.data.is_none() && said.listen.is_none() && said.open.is_none() && said.log.is_none());
    assert!(said.sms.is_none());
    // The table has tests of its own.
    let (settings, _) = COMMENTED.split_once("#[sms]\n").unwrap();
    let settings =
        settings.lines().filter_map(|line| line.strip_prefix('#')).filter(|line| !line.starts_with([' ', '#']));
    let settings: Vec<&str> = settings.filter(|line| !line.is_empty()).collect();
    let names: Vec<&str> = settings.iter().filter_map(|line| line.split(" = ").next()).collect();
    assert_eq!(names, NAMES.strip_suffix(&[sms::TABLE]).unwrap());
    let said = parse(&settings.join("\n")).unwrap();
    assert_eq!(said.listen.unwrap().value, crate::settings::LISTEN);
    assert!(said.open.unwrap().value);
    assert_eq!(said.status.unwrap().value, Status::Off);
    let log = said.log.unwrap();
    assert_eq!((log.value.as_str(), log.line), (crate::settings::LOG, 5));
}

#[test]
fn what_is_no_setting_is_refused_with_its_line_and_the_nearest_name() {
    let error = parse("# a comment\n\nlistn = \"[::]:1\"\n").unwrap_err();
    assert_eq!(error, FileError::Unknown { line: 3, name: "listn".to_owned(), nearest: "listen" });
    let error = parse("open = true\n[opened]\na = 1\n").unwrap_err();
    assert_eq!(error, FileError::Unknown { line: 2, name: "opened".to_owned(), nearest: "open" });
}

#[test]
fn what_is_written_wrong_is_refused_with_its_line() {
    for (text, at) in [
        ("open = true\nlisten = \"nowhere\"\n", 2),
        ("open = \"yes\"\n", 1),
        ("open = true\n\nopen = false\n", 3),
        ("\nopen\n", 2),
        ("open = true\nstatus = \"0.0.0.0:9464\"", 2),
        ("log = [\"info\"]", 1),
    ] {
        let error = parse(text).unwrap_err();
        assert!(matches!(error, FileError::Malformed { line, .. } if line == at), "{text:?}: {error}");
    }
}
