use super::*;

fn number() -> api::Number {
    api::Number { number: Some("+8613800138000".to_owned()), ..api::Number::default() }
}

#[test]
fn a_number_that_is_being_taken_says_what_to_do() {
    let text = describe(&api::Number { leaves_ms: Some(1_800_000_000_000), ..number() }, None);
    assert!(text.contains("+8613800138000 is your number"), "{text}");
    assert!(text.contains("January") && text.contains("lamplit register"), "{text}");
}

#[test]
fn without_a_number_it_says_how_to_get_one_or_why_none_is_known() {
    let server = |connected| api::Server { place: "a:1".to_owned(), connected, why: None };
    let none = api::Number::default();
    assert!(describe(&none, Some(&server(true))).contains("lamplit register NUMBER"));
    assert!(describe(&none, Some(&server(false))).contains("none is reached"));
    assert!(describe(&none, None).contains("none is reached"));
}

#[test]
fn each_refusal_has_words_of_its_own() {
    let steps = [
        NumberStep::Wait { until_ms: 1_800_000_000_000 },
        NumberStep::Unreachable,
        NumberStep::Failed,
        NumberStep::Off,
        NumberStep::Wrong { left: 0 },
        NumberStep::Wrong { left: 3 },
        NumberStep::Gone,
        NumberStep::Lost,
        NumberStep::Waiting,
    ];
    let mut texts: Vec<String> = steps.map(|step| refused(Some(step)).message()).into();
    assert!(texts.iter().any(|text| text.contains("3 more can be tried")));
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), steps.len());
}

#[test]
fn in_one_line_it_says_what_is_and_what_will_be() {
    assert_eq!(briefly(&api::Number::default()), "none");
    assert_eq!(briefly(&number()), "+8613800138000");
    let coming = Some("+4915112345678".to_owned());
    assert_eq!(briefly(&api::Number { coming, ..number() }), "+8613800138000, to become +4915112345678");
}
