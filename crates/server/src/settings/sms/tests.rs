#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lamplit_sms::{HttpConfig, SmppConfig};

use super::*;
use crate::settings::file::{COMMENTED, parse};

/// The three tables of the commented file, each with the # taken away before its lines, and, if `whole`, before those that have two.
fn examples(whole: bool) -> Vec<String> {
    let tables = COMMENTED.split("#[sms]\n").skip(1).map(|table| {
        let lines = table.lines().filter_map(|line| line.strip_prefix('#')).filter(|line| !line.starts_with(' '));
        let lines = lines.filter_map(|line| match line.strip_prefix('#') {
            Some(more) => whole.then_some(more),
            None => Some(line),
        });
        lines.fold("[sms]\n".to_owned(), |table, line| table + line + "\n")
    });
    tables.collect()
}

#[test]
fn the_commented_tables_open_and_the_file_names_every_setting() {
    let ways: Vec<_> = examples(false)
        .iter()
        .map(|table| {
            let config = parse(table).unwrap().sms.unwrap().value;
            config.check().unwrap();
            way(Some(&config))
        })
        .collect();
    assert_eq!(ways, ["through an HTTP gateway", "over SMPP", "into the log: for development alone"]);
    for (_, settings) in KINDS {
        for name in settings.iter().map(|setting| setting.name) {
            let begins = |line: &str| line.trim_start_matches('#').starts_with(&format!("{name} = "));
            assert!(COMMENTED.lines().any(begins), "{name}");
        }
    }
    // What has two # is good too, where it is written.
    for (table, more) in [(0, "method"), (1, "ca"), (1, "enquire_seconds"), (1, CODES)] {
        let table = examples(true).into_iter().nth(table).unwrap();
        assert!(table.contains(&format!("\n{more} = ")) && parse(&table).is_ok(), "{table}");
    }
    let table = examples(true).into_iter().nth(1).unwrap();
    assert_eq!(parse(&table).unwrap().codes.unwrap().value, Codes::default());
}

#[test]
fn the_names_are_those_that_are_read() {
    let read = |message: String| -> Vec<String> {
        let (_, names) = message.split_once("expected").unwrap();
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let names = |kind: &str| -> Vec<&str> {
        let (_, settings) = KINDS.iter().find(|(name, _)| *name == kind).unwrap();
        settings.iter().map(|setting| setting.name).collect()
    };
    let error = toml::from_str::<HttpConfig>("none = 1").unwrap_err();
    assert_eq!(read(error.message().to_owned()), names("http"));
    let error = toml::from_str::<SmppConfig>("none = 1").unwrap_err();
    assert_eq!(read(error.message().to_owned()), names("smpp"));
    let error = toml::from_str::<HttpConfig>("url = \"\"\nsuccess = { none = 1 }").unwrap_err();
    assert_eq!(read(error.message().to_owned()), SUCCESS_NAMES);
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_without_what_stands_there() {
    const HTTP: &str = "open = true\n\n[sms]\nkind = \"http\"\nurl = \"https://hidden.example/{number}{text}\"\n";
    const SMPP: &str = "[sms]\nkind = \"smpp\"\nurl = \"smpps://hidden\"\n";
    let http = |more: &str| format!("{HTTP}{more}\n");
    let smpp = |more: &str| format!("{SMPP}{more}\n");
    for (text, line, says) in [
        (http("ulr = \"hidden\""), 6, "[sms] of the kind \"http\" has no setting ulr: the nearest is url"),
        (http("\nansver_seconds = 3"), 7, "the nearest is answer_seconds"),
        (http("success = { statsu = [200, 200] }"), 6, "success of [sms] has no setting statsu: the nearest is status"),
        (http("[sms.success]\npattern = \"hidden\""), 7, "success of [sms] has no setting pattern"),
        (http("at_once = \"hidden\""), 6, "at_once under [sms] takes a number"),
        (http("waiting = 70000"), 6, "waiting under [sms] takes a number"),
        (http("headers = \"hidden\""), 6, "headers under [sms] takes names and texts"),
        (http("headers = { X = 3 }"), 6, "headers under [sms] takes names and texts"),
        (http("method = \"hidden\""), 6, "method under [sms] takes \"GET\""),
        (http("success = { status = [200] }"), 6, "success under [sms] takes statuses and a pattern"),
        (http("success = \"hidden\""), 6, "success under [sms] takes statuses and a pattern"),
        (http("codes_of_all = \"hidden\""), 6, "codes_of_all under [sms] takes so many codes at once"),
        (http("codes_of_all = [4242]"), 6, "codes_of_all under [sms] takes so many codes at once"),
        (http("codes_of_all = [1, 2, 4242]"), 6, "such as [500, 6]"),
        (http("codes_of_all = [0, 6]"), 6, "from 1 to 1000000"),
        (http("codes_of_all = [500, 86401]"), 6, "from 1 to 86400"),
        (http("code_of_all = [500, 6]"), 6, "has no setting code_of_all: the nearest is codes_of_all"),
        (http("in_clear = \"hidden\""), 6, "in_clear under [sms] takes true or false"),
        (smpp("user = \"hidden\""), 1, "[sms] of the kind \"smpp\" needs password"),
        (smpp("user = \"u\"\npassword = 4242"), 5, "password under [sms] takes a text in quotes"),
        ("\n[sms]\nkind = \"http\"".to_owned(), 2, "needs url"),
        ("\n[sms]\nkind = \"pigeon\"".to_owned(), 3, "kind under [sms] takes \"http\", \"smpp\" or \"log\""),
        ("\n[sms]\nkind = 3".to_owned(), 3, "kind under [sms] takes"),
        ("\n[sms]\nurl = \"hidden\"".to_owned(), 2, "[sms] needs a kind"),
        ("[sms]\nkind = \"log\"\nurl = \"hidden\"".to_owned(), 3, "[sms] of the kind \"log\" has no setting url;"),
        ("\nsms = \"hidden\"".to_owned(), 2, "sms is a table"),
        ("\n[[sms]]\nkind = \"log\"".to_owned(), 2, "sms is a table"),
        ("[smss]\nkind = \"log\"".to_owned(), 1, "there is no setting smss: the nearest is sms"),
        ("[sms]\nkind = \"log\"\n[sms]\nkind = \"log\"".to_owned(), 3, ""),
    ] {
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("line {line}: ")) && error.contains(says), "{text}: {error}");
        assert!(!error.contains("hidden") && !error.contains("4242"), "{text}: {error}");
    }
}

#[test]
fn it_is_a_table_however_that_is_written_and_other_settings_are_read_beside_it() {
    for text in [
        "sms = { kind = \"log\" }\nopen = false",
        "open = false\nsms.kind = \"log\"",
        "open = false\n[sms]\nkind = \"log\"",
    ] {
        let said = parse(text).unwrap();
        assert!(matches!(said.sms.unwrap().value, Config::Log(_)) && !said.open.unwrap().value, "{text}");
    }
    // How many codes there are is said beside each kind, in a line of its own.
    let said = parse("[sms]\nkind = \"log\"\ncodes_of_all = [20, 3600]").unwrap().codes.unwrap();
    assert_eq!((said.value.rate(), said.line), ((20, 3_600_000), 3));
    assert!(parse("[sms]\nkind = \"log\"").unwrap().codes.is_none());
    // A wrong one beside it has its own line.
    let error = parse("[sms]\nkind = \"log\"\n[opened]\n").unwrap_err();
    assert!(error.to_string().starts_with("line 3"), "{error}");
}
