#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use clap::{CommandFactory, error::ErrorKind};

use super::*;

#[test]
fn the_command_line_is_consistent() {
    Args::command().debug_assert();
}

#[test]
fn every_command_documents_its_json() {
    let args = Args::command();
    let several = args.get_subcommands().flat_map(clap::Command::get_subcommands);
    let alone = args.get_subcommands().filter(|command| !command.has_subcommands());
    for command in alone.chain(several) {
        let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("JSON"), "{} does not say what it prints with --json", command.get_name());
    }
}

/// The help of a command, such as `group list`.
fn help(path: &str) -> String {
    let mut command = Args::command();
    for name in path.split(' ') {
        command = command.find_subcommand(name).unwrap().clone();
    }
    command.get_after_long_help().unwrap().to_string()
}

#[test]
fn the_help_names_every_field_that_a_command_prints() {
    let document = lamplit_rpc::document().0;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (command, types) in [
        ("status", &["Status", "LitApp", "Storage"][..]),
        ("nearby", &["Nearby", "NearPerson", "NearDevice"]),
        ("server", &["Server"]),
        ("number", &["Number", "NumberStep"]),
        ("invite", &["Invited"]),
        ("contacts", &["Contact", "LitApp"]),
        ("safety", &["Safety"]),
        ("history", &["Message", "Reach", "File", "FileState"]),
        ("files", &["Transfer"]),
        ("storage", &["FileSpace"]),
        ("group list", &["Group", "Member"]),
        ("link", &["Linking"]),
        ("devices", &["Device"]),
    ] {
        let help = help(command);
        for field in types.iter().flat_map(|name| fields(&schemas[*name])) {
            assert!(help.contains(&format!("\"{field}\"")), "the help of {command} lacks {field}: {help}");
        }
    }
}

#[test]
fn whoever_waits_for_a_file_is_told_what_a_trouble_looks_like() {
    for (command, fields) in
        [("get", ["id", "path", "trouble"].as_slice()), ("send", &["id", "by", "fetched", "declined", "trouble"])]
    {
        let help = help(command);
        for field in fields {
            assert!(help.contains(&format!("\"{field}\"")), "the help of {command} lacks {field}: {help}");
        }
    }
}

#[test]
fn an_account_is_opened_at_a_server_and_not_by_a_link_code_too() {
    let says = |options: &str| {
        let line = ["lamplit", "init"].into_iter().chain(options.split_whitespace());
        Args::try_parse_from(line).map(drop).map_err(|error| error.kind())
    };
    assert_eq!(says("--recover +8613800138000 --server S --remove-others --device new"), Ok(()));
    assert_eq!(says("--link CODE --device new"), Ok(()));
    assert_eq!(says("--recover +8613800138000"), Err(ErrorKind::MissingRequiredArgument));
    assert_eq!(says("--recover +8613800138000 --server S --link CODE"), Err(ErrorKind::ArgumentConflict));
    for lonely in ["--device new", "--server S", "--remove-others"] {
        assert_eq!(says(lonely), Err(ErrorKind::MissingRequiredArgument), "{lonely}");
    }
}

#[test]
fn commands_are_listed_with_those_that_do_the_like() {
    let listed: Vec<String> = Args::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let parts = [
        "init",
        "run view stop status web",
        "invite accept contacts nearby dial rename note safety remove on off name",
        "say history",
        "send files get cancel",
        "group",
        "link devices",
        "server register verify number",
        "storage doctor",
        "completions man",
    ];
    assert_eq!(listed.join(" "), parts.join(" "));
}

/// The names of an object's fields, in any of its variants.
fn fields(schema: &serde_json::Value) -> Vec<String> {
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    let objects = core::iter::once(schema).chain(variants);
    objects.filter_map(|object| object["properties"].as_object()).flat_map(|fields| fields.keys().cloned()).collect()
}

/// What is typed in a page: behind `$ ` in a line of its own, or between backticks.
fn typed(page: &str) -> Vec<String> {
    let lines = page.lines().filter_map(|line| line.trim().strip_prefix("$ "));
    let inline = page.split('`').skip(1).step_by(2).filter(|text| !text.contains('\n'));
    let all = lines.chain(inline).filter(|text| text.starts_with("lamplit "));
    all.map(|text| text.split(" #").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_command_in_the_readme_is_one() {
    let typed = typed(include_str!("../../../../README.md"));
    assert!(typed.len() > 15, "{typed:?}");
    for line in typed {
        // A command that is only named lacks what comes after it.
        let may = [ErrorKind::MissingRequiredArgument, ErrorKind::DisplayHelp];
        if let Err(error) = Args::try_parse_from(line.split_whitespace()) {
            assert!(may.contains(&error.kind()), "{line}: {error}");
        }
    }
}

/// What `lamplit say Grace …` says, and with which options.
fn said(words: &[&str]) -> (Option<String>, Global) {
    let args = Args::try_parse_from(["lamplit", "say", "Grace"].iter().chain(words)).unwrap();
    let Command::Say(say) = args.command else { panic!("say is say") };
    (say.words(), args.global)
}

/// What `lamplit note Grace …` notes, and with which options.
fn noted(words: &[&str]) -> (Option<String>, Global) {
    let args = Args::try_parse_from(["lamplit", "note", "Grace"].iter().chain(words)).unwrap();
    let Command::Note(note) = args.command else { panic!("note is note") };
    (note.words(), args.global)
}

#[test]
fn options_are_options_before_between_and_after_the_words() {
    for words in [["--json", "good", "evening"], ["good", "--json", "evening"], ["good", "evening", "--json"]] {
        for (text, global) in [said(&words), noted(&words)] {
            assert_eq!(text.as_deref(), Some("good evening"), "{words:?}");
            assert!(global.json, "{words:?}");
        }
    }
    for (text, global) in [said(&["hello", "--data", "/tmp/ada"]), noted(&["hello", "--data=/tmp/ada"])] {
        assert_eq!(text.as_deref(), Some("hello"));
        assert_eq!(global.data, Some(PathBuf::from("/tmp/ada")));
    }
}

#[test]
fn what_is_said_may_begin_with_a_hyphen() {
    for (words, text) in [
        (["-", "well"], "- well"),
        (["-5", "degrees"], "-5 degrees"),
        (["- well", "then"], "- well then"),
        (["--well", "then"], "--well then"),
        (["well", "-"], "well -"),
    ] {
        assert_eq!(said(&words).0.as_deref(), Some(text));
        assert_eq!(noted(&words).0.as_deref(), Some(text));
    }
    let (text, global) = said(&["-", "well", "--json"]);
    assert_eq!(text.as_deref(), Some("- well"));
    assert!(global.json);
}

#[test]
fn after_two_hyphens_nothing_is_an_option() {
    for (words, text) in [
        (&["--", "--json"][..], "--json"),
        (&["--", "try", "--json"], "try --json"),
        (&["try", "--", "--json", "--data", "x"], "try --json --data x"),
        (&["--", "--", "--"], "-- --"),
    ] {
        for (said, global) in [said(words), noted(words)] {
            assert_eq!(said.as_deref(), Some(text));
            assert!(!global.json && global.data.is_none(), "{words:?}");
        }
    }
}

#[test]
fn an_option_nobody_knows_is_not_said_behind_other_words() {
    let refused = Args::try_parse_from(["lamplit", "say", "Grace", "hello", "--really"]).unwrap_err();
    assert!(refused.to_string().contains("-- --really"), "{refused}");
}

#[test]
fn a_lone_hyphen_is_standard_input_and_no_words_are_no_note() {
    assert_eq!(said(&["-"]).0, None);
    let (text, global) = said(&["-", "--json"]);
    assert!(text.is_none() && global.json);
    assert!(Args::try_parse_from(["lamplit", "say", "Grace"]).is_err());
    assert_eq!(noted(&[]).0, None);
    assert_eq!(noted(&["-"]).0.as_deref(), Some("-"));
}

/// What `lamplit safety …` is asked for.
fn safety(words: &[&str]) -> Result<Safety, ErrorKind> {
    let args = Args::try_parse_from(["lamplit", "safety"].iter().chain(words)).map_err(|error| error.kind())?;
    let Command::Safety(safety) = args.command else { panic!("safety is safety") };
    Ok(safety)
}

#[test]
fn a_safety_code_is_given_in_its_groups_or_as_one_word() {
    let code = "34122 99506 86082 35485 55040 51611 94002 41381 52502 86878 97684 30247";
    let groups: Vec<&str> = ["Grace", "--check"].into_iter().chain(code.split(' ')).collect();
    for words in [groups, vec!["--check", code, "--", "Grace"], vec!["Grace", "--check", code]] {
        let asked = safety(&words).unwrap();
        assert_eq!((asked.contact.as_str(), asked.check.join(" ").as_str()), ("Grace", code), "{words:?}");
    }
    // A group too many is nobody's name.
    let more: Vec<&str> = ["Grace", "--check"].into_iter().chain(code.split(' ')).chain(["11111"]).collect();
    assert_eq!(safety(&more).unwrap_err(), ErrorKind::UnknownArgument);
    assert!(safety(&["Grace"]).unwrap().check.is_empty());
}

#[test]
fn of_what_came_of_comparing_one_thing_is_said_at_a_time() {
    let ways: [&[&str]; 4] = [&["--same"], &["--not-same"], &["--forget"], &["--check", "34122"]];
    for (at, one) in ways.iter().enumerate() {
        for other in ways.iter().skip(at + 1) {
            let words: Vec<&str> = ["Grace"].iter().chain(*one).chain(*other).copied().collect();
            assert_eq!(safety(&words).unwrap_err(), ErrorKind::ArgumentConflict, "{words:?}");
        }
    }
}

#[test]
fn a_limit_for_files_is_a_size_within_bounds() {
    let limit = |size: &str| {
        let args = Args::try_parse_from(["lamplit", "storage", "--limit", size]).map_err(|error| error.to_string())?;
        let Command::Storage(storage) = args.command else { panic!("storage is storage") };
        Ok::<_, String>(storage.limit.unwrap().bytes())
    };
    assert_eq!([limit("20GiB"), limit("1.5 g"), limit("500MB")], [Ok(20 << 30), Ok(3 << 29), Ok(500_000_000)]);
    assert_eq!([limit("1MiB"), limit("16TiB")], [Ok(1 << 20), Ok(16 << 40)]);
    for (size, word) in
        [("20", "20GiB"), ("much", "20GiB"), ("1023KiB", "1.0 MiB"), ("17TiB", "16.0 TiB"), ("-1GiB", "")]
    {
        let refused = limit(size).unwrap_err();
        assert!(refused.contains(word), "{size}: {refused}");
    }
}

#[test]
fn a_timeout_has_bounds() {
    assert!(Args::try_parse_from(["lamplit", "accept", "x", "--timeout", "0"]).is_err());
    assert!(Args::try_parse_from(["lamplit", "accept", "x", "--timeout", "5"]).is_ok());
}
