#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use clap::CommandFactory;

use super::*;

#[test]
fn the_command_line_is_consistent() {
    Args::command().debug_assert();
}

#[test]
fn every_command_documents_its_json() {
    for command in Args::command().get_subcommands() {
        let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("JSON"), "{} does not say what it prints with --json", command.get_name());
    }
}

#[test]
fn what_is_said_may_begin_with_a_hyphen() {
    let args = Args::try_parse_from(["lamplit", "say", "Grace", "-", "well"]).unwrap();
    let Command::Say(say) = args.command else { panic!("say is say") };
    assert_eq!(say.text, ["-", "well"]);
}

#[test]
fn a_timeout_has_bounds() {
    assert!(Args::try_parse_from(["lamplit", "accept", "x", "--timeout", "0"]).is_err());
    assert!(Args::try_parse_from(["lamplit", "accept", "x", "--timeout", "5"]).is_ok());
}
