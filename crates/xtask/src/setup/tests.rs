use super::*;

#[test]
fn nothing_is_missing_where_everything_is() {
    assert_eq!(missing(Purpose::ALL, |_| true), Vec::<&str>::new());
}

#[test]
fn only_what_the_purpose_needs_is_asked_for() {
    assert_eq!(missing(&[Purpose::Demo], |_| false), ["gcc", "libc6-dev"]);
    assert_eq!(
        missing(&[Purpose::Test], |_| false),
        ["gcc", "libc6-dev", "iproute2", "dbus", "gnome-keyring", "util-linux"]
    );
    let has = |program: &str| ["cc", "dbus-run-session", "gnome-keyring-daemon", "unshare"].contains(&program);
    assert_eq!(missing(&[Purpose::Test, Purpose::Bench], has), ["iproute2", "valgrind"]);
}

#[test]
fn programs_are_looked_for_on_the_path() {
    assert!(is_installed("sh"));
    assert!(!is_installed("no-such-program"));
}
