//! What would be used, and whether it can be.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, bail};
use lamplit_server::{KeyError, read_key};

use crate::settings::{Settings, sms};

/// Says every setting, and who said it. `listens` and `status` are where it is, or would be.
pub(crate) fn say(out: &mut impl Write, settings: &Settings, listens: &str, status: &str) -> io::Result<()> {
    match &settings.file {
        Some(file) => writeln!(out, "Its settings: {}", file.display())?,
        None => writeln!(out, "Its settings: no file, what is built in holds (`lamplit-server config` prints one)")?,
    }
    writeln!(out, "Its data: {} ({})", settings.data.value.display(), settings.data.by)?;
    writeln!(out, "It listens on UDP {listens} ({})", settings.listen.by)?;
    writeln!(out, "Its status by HTTP: {status} ({})", settings.status.by)?;
    writeln!(out, "It logs: {} ({})", settings.log.value, settings.log.by)?;
    writeln!(out, "Codes by SMS: {} ({})", sms::way(settings.sms.value.as_ref()), settings.sms.by)?;
    if settings.sms.value.is_some() {
        writeln!(out, "Codes to all numbers together: {} ({})", settings.codes.value, settings.codes.by)?;
    }
    let who = if settings.open.value { "Anybody who has the address" } else { "Nobody new" };
    writeln!(out, "{who} may open an account ({}).", settings.open.by)
}

/// Fails if the way to telephones is none. Nobody is spoken to.
pub(crate) fn sms(settings: &Settings) -> anyhow::Result<()> {
    let Some(config) = &settings.sms.value else { return Ok(()) };
    config.check().with_context(|| format!("codes can't be sent by SMS ({})", settings.sms.by))
}

/// Says what would be used, and fails if it cannot be. Changes nothing and opens no port, so a running server is not disturbed.
pub(crate) fn check(settings: &Settings) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for note in &settings.notes {
        writeln!(out, "Note: {note}.")?;
    }
    say(&mut out, settings, &settings.listen.value.to_string(), &settings.status.value.to_string())?;
    sms(settings)?;
    let data = &settings.data.value;
    match read_key(data) {
        Ok(_) => writeln!(out, "Its key is there.")?,
        Err(KeyError::Missing(_)) => writeln!(out, "It has no key yet: its first start makes one.")?,
        Err(error) => return Err(error.into()),
    }
    if data.exists() && !data.is_dir() {
        bail!("{} is no directory: name another with --data", data.display());
    }
    writeln!(out, "{}", if is_store(data) { "Its store is there." } else { "It has no store yet." })?;
    out.flush()?;
    Ok(())
}

fn is_store(data: &Path) -> bool {
    lamplit_server::store_of(data).is_file()
}
