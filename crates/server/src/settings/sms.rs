//! The table `[sms]` of the file: how codes are sent to telephones.

use lamplit_sms::{Config, LogConfig};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::settings::codes::{self, Codes};
use crate::settings::file::{FileError, Line, line_of};
use crate::settings::nearest;

/// What the environment takes: there is no gateway without a file.
pub(super) const WANTED: &str =
    "off, or log for development; a gateway is named in the file of settings, under [sms]: see `lamplit-server config`";

/// Its name in the file.
pub(super) const TABLE: &str = "sms";

/// The name of what each kind has beside its own.
pub(super) const CODES: &str = "codes_of_all";

/// A setting under `[sms]`.
pub(super) struct Setting {
    pub(super) name: &'static str,
    takes: &'static str,
    is_needed: bool,
}

impl Setting {
    const fn needed(name: &'static str, takes: &'static str) -> Self {
        Self { name, takes, is_needed: true }
    }

    const fn of(name: &'static str, takes: &'static str) -> Self {
        Self { name, takes, is_needed: false }
    }
}

const TEXT: &str = "a text in quotes";
const NUMBER: &str = "a number";
const SUCCESS: &str = "statuses and a pattern, such as { status = [200, 202], body = \"sent\" }";

/// The settings of each kind beside `kind` and [`CODES`].
pub(super) const KINDS: [(&str, &[Setting]); 3] = [
    (
        "http",
        &[
            Setting::needed("url", TEXT),
            Setting::of("method", "\"GET\", \"POST\" or \"PUT\""),
            Setting::of("headers", "names and texts, such as { Authorization = \"Bearer …\" }"),
            Setting::of("body", TEXT),
            Setting::of("body_as", "\"json\" or \"form\""),
            Setting::of("success", SUCCESS),
            Setting::of("ca", TEXT),
            Setting::of("in_clear", "true or false"),
            Setting::of("at_once", NUMBER),
            Setting::of("waiting", NUMBER),
            Setting::of("answer_seconds", NUMBER),
        ],
    ),
    (
        "smpp",
        &[
            Setting::needed("url", TEXT),
            Setting::needed("user", TEXT),
            Setting::needed("password", TEXT),
            Setting::of("system_type", TEXT),
            Setting::of("from", TEXT),
            Setting::of("ca", TEXT),
            Setting::of("in_clear", "true or false"),
            Setting::of("at_once", NUMBER),
            Setting::of("waiting", NUMBER),
            Setting::of("answer_seconds", NUMBER),
            Setting::of("enquire_seconds", NUMBER),
        ],
    ),
    ("log", &[]),
];

/// Reads the table: how codes are sent, and, if it says so, how many. Whatever is wrong is told without what stands there: it may be a
/// password.
pub(super) fn parse(text: &str, found: Spanned<DeValue<'_>>) -> Result<(Line<Config>, Option<Line<Codes>>), FileError> {
    let span = found.span();
    let begins = line_of(text, span.clone());
    let malformed = |line, what: String| FileError::Malformed { line, what };
    let DeValue::Table(mut table) = found.into_inner() else {
        return Err(malformed(begins, "sms is a table: write [sms], and its settings in lines below".to_owned()));
    };
    let Some(kind) = table.remove("kind") else {
        return Err(malformed(begins, "[sms] needs a kind: \"http\", \"smpp\" or \"log\"".to_owned()));
    };
    let known = KINDS.iter().find(|(name, _)| kind.get_ref().as_str() == Some(name));
    let Some((kind, settings)) = known else {
        let line = line_of(text, kind.span());
        return Err(malformed(line, "kind under [sms] takes \"http\", \"smpp\" or \"log\"".to_owned()));
    };
    let codes = match table.remove(CODES) {
        Some(value) => {
            let line = line_of(text, value.span());
            let value = Codes::deserialize(ValueDeserializer::from(value));
            let value = value.map_err(|_| malformed(line, format!("{CODES} under [sms] takes {}", codes::TAKES)))?;
            Some(Line { value, line })
        }
        None => None,
    };
    check_names(text, &table, kind, settings)?;
    if let Some(missing) = settings.iter().find(|setting| setting.is_needed && !table.contains_key(setting.name)) {
        return Err(malformed(begins, format!("[sms] of the kind \"{kind}\" needs {}", missing.name)));
    }
    // What an error of serde says shows what stands there.
    let places: Vec<_> = table.iter().map(|(name, value)| (name.get_ref().to_string(), value.span())).collect();
    let wrong = |error: toml::de::Error| {
        let at = error.span().unwrap_or_else(|| span.clone());
        let place = places.iter().find(|(_, place)| place.contains(&at.start));
        let setting = place.and_then(|(name, _)| settings.iter().find(|setting| setting.name == name));
        let what = match setting {
            Some(Setting { name, takes, .. }) => format!("{name} under [sms] takes {takes}"),
            None => "something under [sms] is of the wrong kind".to_owned(),
        };
        malformed(line_of(text, at), what)
    };
    let value = ValueDeserializer::from(Spanned::new(span.clone(), DeValue::Table(table)));
    let config = match *kind {
        "http" => Deserialize::deserialize(value).map(Config::Http),
        "smpp" => Deserialize::deserialize(value).map(Config::Smpp),
        _ => Ok(Config::Log(LogConfig {})),
    };
    Ok((Line { value: config.map_err(wrong)?, line: begins }, codes))
}

/// Finds a name that is none: serde knows no line for it.
fn check_names(text: &str, table: &DeTable<'_>, kind: &str, settings: &[Setting]) -> Result<(), FileError> {
    let unknown = |name: &Spanned<_>, of: String, known: &[&'static str]| {
        let name_text: &std::borrow::Cow<'_, str> = name.get_ref();
        FileError::UnknownUnder {
            line: line_of(text, name.span()),
            name: name_text.escape_debug().to_string(),
            under: of,
            nearest: nearest(name_text, known.iter().copied()),
        }
    };
    let mut known: Vec<&'static str> = settings.iter().map(|setting| setting.name).collect();
    // Where there is nothing else, whatever stands there was hardly meant to be it.
    known.extend((!settings.is_empty()).then_some(CODES));
    for (name, value) in table.iter() {
        if !known.contains(&name.get_ref().as_ref()) {
            return Err(unknown(name, format!("[sms] of the kind \"{kind}\""), &known));
        }
        if name.get_ref() == "success"
            && let Some(inner) = value.get_ref().as_table()
            && let Some((name, _)) = inner.iter().find(|(name, _)| !SUCCESS_NAMES.contains(&name.get_ref().as_ref()))
        {
            return Err(unknown(name, "success of [sms]".to_owned(), &SUCCESS_NAMES));
        }
    }
    Ok(())
}

/// What stands in `success`.
pub(super) const SUCCESS_NAMES: [&str; 2] = ["status", "body"];

/// What the environment says.
pub(super) fn of_environment(said: &str) -> Option<Option<Config>> {
    match said {
        "off" => Some(None),
        "log" => Some(Some(Config::Log(LogConfig {}))),
        _ => None,
    }
}

/// How codes are sent, without whom to and as whom.
pub(crate) const fn way(config: Option<&Config>) -> &'static str {
    match config {
        None => "off",
        Some(Config::Http(_)) => "through an HTTP gateway",
        Some(Config::Smpp(_)) => "over SMPP",
        Some(Config::Log(_)) => "into the log: for development alone",
    }
}

#[cfg(test)]
mod tests;
