use super::*;

#[test]
fn a_step_prints_as_the_line_to_type() {
    let step = Step::cargo("docs", "doc --workspace").variable("RUSTDOCFLAGS", "-D warnings").argument("it's");
    assert_eq!(step.to_string(), r"RUSTDOCFLAGS='-D warnings' cargo doc --workspace 'it'\''s'");
}

#[test]
fn a_failing_step_says_how_to_repeat_it() {
    let error = Step::new("lookup", "ls", "--no-such-option").run().unwrap_err();
    assert!(error.to_string().ends_with("To repeat just this:\n  ls --no-such-option"), "{error}");
}

#[test]
fn a_missing_program_is_named() {
    let error = Step::new("lookup", "no-such-program", "").run().unwrap_err();
    assert_eq!(error.to_string(), "no-such-program doesn't start; is it installed?");
}

#[test]
fn the_first_failure_ends_a_task() {
    let steps = [Step::new("one", "false", ""), Step::new("two", "no-such-program", "")];
    assert!(run_all(&steps).unwrap_err().to_string().starts_with("one failed"));
    assert!(run_all(&[Step::new("one", "true", "")]).is_ok());
}
