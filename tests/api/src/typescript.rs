//! TypeScript types from an OpenRPC document: as much of JSON Schema as our types come to, and an error for the rest.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// The longest line of a comment.
const WIDTH: usize = 116;

const HEAD: &str = "\
// Made from the Rust definitions by `cargo xtask api`. Changes by hand are lost.
//
// Numbers are whole and below 2^53. Times are milliseconds since 1970-01-01 UTC and end in _ms.
";

/// The types of everything in the document, and two tables: `Methods` and `Notifications`.
///
/// # Errors
/// If there is something in a schema that this does not know.
pub fn typescript(document: &Value) -> Result<String> {
    let mut text = HEAD.to_owned();
    let schemas = object(document, "/components/schemas")?;
    for (name, schema) in schemas {
        text.push('\n');
        declare(&mut text, name, schema).with_context(|| format!("the type {name}"))?;
    }
    text.push_str("\n/** Every method: what it takes and what it answers with. */\nexport interface Methods {\n");
    for method in list(document, "/methods")? {
        declare_method(&mut text, method)?;
    }
    text.push_str("}\n\n/** What the daemon says by itself after `subscribe`. */\nexport interface Notifications {\n");
    for notification in list(document, "/x-notifications")? {
        comment(&mut text, string(notification, "summary"), 1);
        let params = notification.get("params").context("a notification has parameters")?;
        let _ = writeln!(text, "  {}: {};", key(string(notification, "name")), kind(params, 1)?);
    }
    text.push_str("}\n\n/** Why a call was refused. */\nexport type ErrorCode =\n");
    for (name, error) in object(document, "/components/errors")? {
        let code = error.get("code").and_then(Value::as_i64).context("an error has a code")?;
        let _ = writeln!(text, "  /** {name}: {} */\n  | {code}", string(error, "message"));
    }
    text.truncate(text.trim_end().len());
    text.push_str(";\n");
    Ok(text)
}

fn declare(text: &mut String, name: &str, schema: &Value) -> Result<()> {
    comment(text, string(schema, "description"), 0);
    if is_interface(schema) {
        let _ = writeln!(text, "export interface {name} {}", kind(schema, 0)?);
    } else {
        let kind = kind(schema, 0)?;
        // Variants begin with a line of their own.
        let space = if kind.starts_with('\n') { "" } else { " " };
        let _ = writeln!(text, "export type {name} ={space}{kind};");
    }
    Ok(())
}

/// Whether it is an object and nothing but that.
fn is_interface(schema: &Value) -> bool {
    schema.get("properties").is_some() && schema.get("oneOf").is_none() && schema.get("anyOf").is_none()
}

fn declare_method(text: &mut String, method: &Value) -> Result<()> {
    let name = string(method, "name");
    let words = method.get("description").and_then(Value::as_str).unwrap_or_else(|| string(method, "summary"));
    comment(text, words, 1);
    let result = method.pointer("/result/schema").context("a method has a result")?;
    let _ = writeln!(text, "  {}: {{", key(name));
    let parameters = list(method, "/params")?;
    if parameters.is_empty() {
        text.push_str("    params: Record<string, never>;\n");
    } else {
        text.push_str("    params: {\n");
        for parameter in parameters {
            comment(text, string(parameter, "description"), 3);
            let needed = parameter.get("required") == Some(&Value::Bool(true));
            let schema = parameter.get("schema").context("a parameter has a schema")?;
            let mark = if needed { "" } else { "?" };
            let _ = writeln!(text, "      {}{mark}: {};", key(string(parameter, "name")), kind(schema, 3)?);
        }
        text.push_str("    };\n");
    }
    let _ = writeln!(text, "    result: {};\n  }};", kind(result, 2)?);
    Ok(())
}

/// A schema as a type. What it says over several lines is indented by `depth`.
fn kind(schema: &Value, depth: usize) -> Result<String> {
    let Value::Object(schema) = schema else {
        return Ok("unknown".to_owned());
    };
    if let Some(Value::String(reference)) = schema.get("$ref") {
        return Ok(reference.rsplit('/').next().unwrap_or_default().to_owned());
    }
    if let Some(Value::Array(all)) = schema.get("allOf") {
        return joined(all, " & ", depth);
    }
    if let Some(Value::Array(any)) = schema.get("oneOf").or_else(|| schema.get("anyOf")) {
        return variants(any, depth);
    }
    if let Some(value) = schema.get("const") {
        return Ok(value.to_string());
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return Ok(values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "));
    }
    match schema.get("type") {
        Some(Value::String(name)) => named(name, schema, depth),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            Ok(names.map(|name| named(name, schema, depth)).collect::<Result<Vec<_>>>()?.join(" | "))
        }
        None => Ok("unknown".to_owned()),
        Some(other) => bail!("the type {other} is not known"),
    }
}

fn named(name: &str, schema: &Map<String, Value>, depth: usize) -> Result<String> {
    Ok(match name {
        "string" | "boolean" | "null" => name.to_owned(),
        "integer" | "number" => "number".to_owned(),
        "array" => {
            let item = kind(schema.get("items").context("an array has items")?, depth)?;
            if item.contains(['|', '&']) { format!("({item})[]") } else { format!("{item}[]") }
        }
        "object" => fields(schema, depth)?,
        other => bail!("the type {other} is not known"),
    })
}

fn fields(schema: &Map<String, Value>, depth: usize) -> Result<String> {
    let Some(Value::Object(properties)) = schema.get("properties") else {
        let open = !matches!(schema.get("additionalProperties"), None | Some(Value::Bool(false)));
        return Ok(if open { "Record<string, unknown>" } else { "Record<string, never>" }.to_owned());
    };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut text = "{\n".to_owned();
    for (name, property) in properties {
        comment(&mut text, string(property, "description"), depth + 1);
        let mark = if required.contains(&name.as_str()) { "" } else { "?" };
        let _ = writeln!(text, "{}{}{mark}: {};", indent(depth + 1), key(name), kind(property, depth + 1)?);
    }
    text.push_str(&indent(depth));
    text.push('}');
    Ok(text)
}

/// One of several, a line each where there are words about them.
fn variants(any: &[Value], depth: usize) -> Result<String> {
    if !any.iter().any(|variant| variant.get("description").is_some()) {
        return joined(any, " | ", depth);
    }
    let mut text = String::new();
    for variant in any {
        text.push('\n');
        comment(&mut text, string(variant, "description"), depth + 1);
        let _ = write!(text, "{}| {}", indent(depth + 1), kind(variant, depth + 1)?);
    }
    Ok(text)
}

fn joined(schemas: &[Value], between: &str, depth: usize) -> Result<String> {
    Ok(schemas.iter().map(|schema| kind(schema, depth)).collect::<Result<Vec<_>>>()?.join(between))
}

/// A doc comment, broken into lines.
fn comment(text: &mut String, words: &str, depth: usize) {
    if words.is_empty() {
        return;
    }
    let indent = indent(depth);
    let words = words.replace("*/", "* /");
    if words.len() + indent.len() + 7 <= WIDTH && !words.contains('\n') {
        let _ = writeln!(text, "{indent}/** {words} */");
        return;
    }
    let _ = writeln!(text, "{indent}/**");
    let mut line = String::new();
    for word in words.split_whitespace() {
        if line.len() + word.len() + indent.len() + 4 > WIDTH {
            let _ = writeln!(text, "{indent} *{line}");
            line.clear();
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{indent} *{line}\n{indent} */");
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// A name as TypeScript takes it for a key.
fn key(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { name.to_owned() } else { format!("'{name}'") }
}

fn string<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn object<'v>(value: &'v Value, pointer: &str) -> Result<&'v Map<String, Value>> {
    value.pointer(pointer).and_then(Value::as_object).with_context(|| format!("there is no {pointer}"))
}

fn list<'v>(value: &'v Value, pointer: &str) -> Result<&'v Vec<Value>> {
    value.pointer(pointer).and_then(Value::as_array).with_context(|| format!("there is no {pointer}"))
}

#[cfg(test)]
mod tests;
