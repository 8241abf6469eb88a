use proptest::prelude::*;

use super::*;

fn fill(template: &str, escape: Escape, text: &str) -> String {
    let values = Values { number: "+8613800138000", digits: "8613800138000", text };
    Template::read(template, escape).unwrap().fill(&values).to_string()
}

#[test]
fn what_is_put_in_stays_one_value() {
    let text = "a&b=c+d \"e\"\\\n灯{number}";
    assert_eq!(
        fill("to={number}&as={digits}&text={text}", Escape::Url, text),
        "to=%2B8613800138000&as=8613800138000&text=a%26b%3Dc%2Bd%20%22e%22%5C%0A%E7%81%AF%7Bnumber%7D"
    );
    assert_eq!(
        fill(r#"{"to":"{number}","sms":{"text":"{text}"}}"#, Escape::Json, text),
        r#"{"to":"+8613800138000","sms":{"text":"a&b=c+d \"e\"\\\u000a灯{number}"}}"#
    );
}

#[test]
fn braces_that_are_no_places_are_themselves_and_words_that_are_none_mistakes() {
    assert_eq!(fill("{}{ {\"a\":{}} {1} {", Escape::Json, "x"), "{}{ {\"a\":{}} {1} {");
    assert!(matches!(Template::read("to={nummer}", Escape::Url), Err(ConfigError::Place)));
}

proptest! {
    #[test]
    fn any_text_is_read_back_as_it_was(text in any::<String>()) {
        let filled = fill("{text}&x={text}", Escape::Url, &text);
        let read: Vec<_> = url::form_urlencoded::parse(format!("y={filled}").as_bytes()).into_owned().collect();
        prop_assert_eq!(read, [("y".to_owned(), text.clone()), ("x".to_owned(), text.clone())]);

        let filled = fill(r#"{"a":["{text}"]}"#, Escape::Json, &text);
        let read: serde_json::Value = serde_json::from_str(&filled).unwrap();
        prop_assert_eq!(&read["a"][0], &text);
    }

    #[test]
    fn any_template_may_be_asked(template in "[a-z{}\"]{0,30}") {
        let _ = Template::read(&template, Escape::Json);
    }
}
