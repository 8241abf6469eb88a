//! The interface as an OpenRPC document (OpenRPC 1.3, JSON Schema draft 7), made from the types of [`api`].

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    api::{self, Described, Document, Event, Lagged},
    frame::ErrorCode,
};

/// Where the schemas of named types are.
const SCHEMAS: &str = "/components/schemas";

const ABOUT: &str = "What screens and programs talk to a Lamplit daemon with: JSON-RPC 2.0 on a Unix socket in the data \
                     directory, and on a WebSocket of the loopback. docs/api.md tells how to connect.";

/// The document that `rpc.discover` answers with.
pub fn document() -> Document {
    // A field that may be left out of what is asked is always there in what is answered.
    let mut asked = generator(SchemaSettings::draft07().for_deserialize());
    let mut answered = generator(SchemaSettings::draft07().for_serialize());
    let methods: Vec<Value> = api::describe(&mut asked, &mut answered).into_iter().map(method).collect();
    let notifications = json!([
        notification("event", "Something happened. Only after `subscribe`.", answered.subschema_for::<Event>()),
        notification(
            "lagged",
            "Events were dropped because the reader was slow. Only after `subscribe`.",
            answered.subschema_for::<Lagged>(),
        ),
    ]);
    let mut schemas = asked.take_definitions(true);
    schemas.extend(answered.take_definitions(true));
    let errors: Map<String, Value> = ErrorCode::ALL
        .iter()
        .map(|(code, name, meaning)| ((*name).to_owned(), json!({ "code": *code as i64, "message": meaning.trim() })))
        .collect();
    let document = json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "Lamplit",
            "description": ABOUT,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0 OR MIT" },
        },
        "methods": methods,
        "components": { "schemas": schemas, "errors": errors },
        "x-notifications": notifications,
    });
    match document {
        Value::Object(document) => Document(document),
        _ => Document(Map::new()),
    }
}

fn generator(settings: SchemaSettings) -> SchemaGenerator {
    let settings = settings.with(|settings| {
        settings.definitions_path = SCHEMAS.into();
        settings.meta_schema = None;
    });
    SchemaGenerator::new(settings)
}

fn method(Described { name, params, result }: Described) -> Value {
    let params = params.to_value();
    let (summary, description) = words(&params);
    let mut method = json!({
        "name": name,
        "summary": summary,
        "paramStructure": "by-name",
        "params": parameters(&params),
        "result": { "name": "result", "schema": result.to_value() },
    });
    if let (Some(description), Some(method)) = (description, method.as_object_mut()) {
        method.insert("description".to_owned(), description.into());
    }
    method
}

fn notification(name: &str, summary: &str, schema: Schema) -> Value {
    json!({ "name": name, "summary": summary, "params": schema.to_value() })
}

/// The properties of an object as what OpenRPC calls content descriptors: those that must be there first.
fn parameters(params: &Value) -> Vec<Value> {
    let required: Vec<&str> =
        params.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = params.get("properties").and_then(Value::as_object).into_iter().flatten();
    let mut parameters: Vec<(bool, Value)> = properties
        .map(|(name, schema)| {
            let needed = required.contains(&name.as_str());
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            (needed, json!({ "name": name, "description": description, "required": needed, "schema": schema }))
        })
        .collect();
    parameters.sort_by_key(|(needed, _)| !needed);
    parameters.into_iter().map(|(_, parameter)| parameter).collect()
}

/// The first sentence of a doc comment, and all of it if there is more.
fn words(schema: &Value) -> (String, Option<String>) {
    let whole = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    match whole.split_once(". ") {
        Some((first, _)) => (format!("{first}."), Some(whole.to_owned())),
        None => (whole.to_owned(), None),
    }
}

#[cfg(test)]
mod tests;
