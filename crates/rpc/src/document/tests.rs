#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use crate::api::METHODS;

#[test]
fn every_method_is_described_with_its_parameters_and_its_result() {
    let Document(document) = document();
    let methods = document["methods"].as_array().unwrap();
    let names: Vec<&str> = methods.iter().map(|method| method["name"].as_str().unwrap()).collect();
    assert_eq!(names, METHODS);
    for method in methods {
        assert!(!method["summary"].as_str().unwrap().is_empty(), "{method}");
        for parameter in method["params"].as_array().unwrap() {
            assert!(!parameter["description"].as_str().unwrap().is_empty(), "{parameter}");
            assert!(parameter["schema"].is_object(), "{parameter}");
        }
    }
    let history = methods.iter().find(|method| method["name"] == "history").unwrap();
    let parameters: Vec<_> =
        history["params"].as_array().unwrap().iter().map(|it| (&it["name"], &it["required"])).collect();
    assert_eq!(
        parameters,
        [(&json!("conversation"), &json!(true)), (&json!("before"), &json!(false)), (&json!("limit"), &json!(false))]
    );
    assert_eq!(history["result"]["schema"]["$ref"], "#/components/schemas/HistoryPage");
}

#[test]
fn every_reference_leads_somewhere_and_every_type_has_words() {
    let document = Value::Object(document().0);
    let mut found = 0;
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
                    found += 1;
                }
                waiting.extend(map.values());
            }
            Value::Array(values) => waiting.extend(values),
            _ => {}
        }
    }
    assert!(found > 10, "{found} references");
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name} is not described");
    }
}
