#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;

use super::*;

fn of(schema: Value) -> String {
    kind(&schema, 0).unwrap()
}

#[test]
fn each_schema_of_ours_has_its_type() {
    for (schema, expected) in [
        (json!({"type": "string"}), "string"),
        (json!({"type": ["string", "null"]}), "string | null"),
        (json!({"type": "integer", "format": "uint64", "minimum": 0}), "number"),
        (json!({"$ref": "#/components/schemas/Status"}), "Status"),
        (json!({"description": "x", "allOf": [{"$ref": "#/components/schemas/Status"}]}), "Status"),
        (json!({"anyOf": [{"$ref": "#/components/schemas/Status"}, {"type": "null"}]}), "Status | null"),
        (json!({"type": "array", "items": {"type": ["string", "null"]}}), "(string | null)[]"),
        (json!({"type": "array", "items": {"$ref": "#/components/schemas/LitApp"}}), "LitApp[]"),
        (json!({"type": "object"}), "Record<string, never>"),
        (json!({"type": "object", "additionalProperties": true}), "Record<string, unknown>"),
        (json!({"const": "sent", "type": "string"}), "\"sent\""),
        (json!({"enum": ["a", "b"]}), "\"a\" | \"b\""),
        (json!(true), "unknown"),
    ] {
        assert_eq!(of(schema.clone()), expected, "{schema}");
    }
    let object = json!({"type": "object", "properties": {"a": {"type": "string", "description": "An a."}, "b-c": {"type": "null"}},
        "required": ["a"]});
    assert_eq!(of(object), "{\n  /** An a. */\n  a: string;\n  'b-c'?: null;\n}");
    let tagged = json!({"oneOf": [{"description": "Good.", "const": 1}, {"description": "Bad.", "const": 2}]});
    assert_eq!(of(tagged), "\n  /** Good. */\n  | 1\n  /** Bad. */\n  | 2");
}

#[test]
fn what_is_not_known_is_an_error_and_not_a_guess() {
    assert!(kind(&json!({"type": "date"}), 0).is_err());
    assert!(kind(&json!({"type": "array"}), 0).is_err());
}

#[test]
fn long_comments_are_broken_and_cannot_be_ended_from_inside() {
    let mut text = String::new();
    comment(&mut text, &"many words */ ".repeat(20), 1);
    assert!(text.lines().all(|line| line.len() <= WIDTH));
    assert_eq!(text.matches("*/").count(), 1);
}
