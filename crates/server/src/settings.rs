//! What the operator decides, and who said it: the command line before the environment, the environment before the file, the
//! file before what is built in.

use core::fmt;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, anyhow, bail};
use lamplit_server::limits;

use crate::args::Place;
use crate::settings::file::Line;

mod codes;
pub(crate) mod file;
pub(crate) mod sms;
mod status;

pub(crate) use codes::Codes;
pub(crate) use status::Status;

/// Its name in the data directory.
const FILE: &str = "lamplit-server.toml";
/// Where it listens if nobody says.
const LISTEN: SocketAddr = SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 4433, 0, 0));
/// What is logged if nobody says.
const LOG: &str = "info";

/// The settings' names in the environment.
mod names {
    pub(super) const CONFIG: &str = "LAMPLIT_SERVER_CONFIG";
    pub(super) const DATA: &str = "LAMPLIT_SERVER_DATA";
    pub(super) const LISTEN: &str = "LAMPLIT_SERVER_LISTEN";
    pub(super) const OPEN: &str = "LAMPLIT_SERVER_OPEN";
    pub(super) const STATUS: &str = "LAMPLIT_SERVER_STATUS";
    pub(super) const SMS: &str = "LAMPLIT_SERVER_SMS";
    pub(super) const CODES: &str = "LAMPLIT_SERVER_CODES_OF_ALL";
    pub(super) const LOG: &str = "LAMPLIT_LOG";
    /// How all begin but the last, which the program `lamplit` has too.
    pub(super) const BEGINNING: &str = "LAMPLIT_SERVER_";
    pub(super) const ALL: [&str; 7] = [CONFIG, DATA, LISTEN, OPEN, STATUS, SMS, CODES];
}

/// All settings.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) data: Chosen<PathBuf>,
    pub(crate) listen: Chosen<SocketAddr>,
    pub(crate) open: Chosen<bool>,
    pub(crate) status: Chosen<Status>,
    pub(crate) log: Chosen<String>,
    /// Nothing if no codes are sent.
    pub(crate) sms: Chosen<Option<lamplit_sms::Config>>,
    /// How many of them.
    pub(crate) codes: Chosen<Codes>,
    /// The file that was read.
    pub(crate) file: Option<PathBuf>,
    /// What was said and means nothing.
    pub(crate) notes: Vec<String>,
}

/// A setting, and who said it.
#[derive(Clone, Debug)]
pub(crate) struct Chosen<T> {
    pub(crate) value: T,
    pub(crate) by: By,
}

/// Who said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Default,
    File(PathBuf, usize),
    Environment(&'static str),
    Option(&'static str),
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("by default: see --help"),
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Environment(name) => write!(f, "by {name}"),
            Self::Option(name) => write!(f, "by {name}"),
        }
    }
}

/// The environment, as it is or as a test has it.
pub(crate) trait Environment {
    /// What is said under this name. Nothing is not said.
    fn get(&self, name: &str) -> Option<OsString>;
    /// All names.
    fn names(&self) -> Vec<String>;
}

/// The environment of this process.
pub(crate) struct OfProcess;

impl Environment for OfProcess {
    fn get(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name).filter(|value| !value.is_empty())
    }

    fn names(&self) -> Vec<String> {
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
    }
}

impl Settings {
    /// Reads all there is.
    pub(crate) fn read(place: &Place, environment: &impl Environment) -> anyhow::Result<Self> {
        let named = place.at.config.clone().or_else(|| environment.get(names::CONFIG).map(PathBuf::from));
        let (file, data) = match named {
            Some(path) => {
                let text = read_file(&path)?.ok_or_else(|| anyhow!("there is no file {}", path.display()))?;
                let said = file::parse(&text).with_context(|| path.display().to_string())?;
                let in_file = said.data.clone().map(|data| absolute(data, &path)).transpose()?;
                (Some((path, said)), data(place, environment, in_file)?)
            }
            None => {
                let data = data(place, environment, None)?;
                let path = data.value.join(FILE);
                let file = match read_file(&path)? {
                    Some(text) => Some((path.clone(), file::parse(&text).with_context(|| path.display().to_string())?)),
                    None => None,
                };
                if let Some((_, file::Said { data: Some(Line { line, .. }), .. })) = &file {
                    bail!(
                        "{}, line {line}: the file lies in the data directory and cannot move it: name the file with --config, \
                         or the directory with --data",
                        path.display()
                    );
                }
                (file, data)
            }
        };
        let (file, said) = file.unzip();
        let said = said.unwrap_or_default();
        let of_file = |line| By::File(file.clone().unwrap_or_default(), line);
        let listen = Chosen::first([
            place.listen.map(|value| (value, By::Option("--listen"))),
            parsed(environment, names::LISTEN, "an address and a port, such as [::]:4433")?,
            said.listen.map(|said| (said.value, of_file(said.line))),
        ]);
        let open = Chosen::first([
            place.open.map(|value| (value, By::Option("--open"))),
            parsed(environment, names::OPEN, "true or false")?,
            said.open.map(|said| (said.value, of_file(said.line))),
        ]);
        let status = Chosen::first([
            place.status.map(|value| (value, By::Option("--status"))),
            parsed(environment, names::STATUS, status::WANTED)?,
            said.status.map(|said| (said.value, of_file(said.line))),
        ]);
        let log = Chosen::first([
            parsed(environment, names::LOG, "a text")?,
            said.log.map(|said| (said.value, of_file(said.line))),
        ]);
        let sms = Chosen::first([sms_of(environment)?, said.sms.map(|said| (Some(said.value), of_file(said.line)))]);
        let codes = Chosen::first([
            parsed(environment, names::CODES, codes::WANTED)?,
            said.codes.map(|said| (said.value, of_file(said.line))),
        ]);
        let mut notes = unknown_names(environment);
        notes.extend(sms.as_ref().and_then(readable_secret));
        Ok(Self {
            data,
            listen: listen.unwrap_or(Chosen { value: LISTEN, by: By::Default }),
            open: open.unwrap_or(Chosen { value: true, by: By::Default }),
            status: status.unwrap_or(Chosen { value: Status::Off, by: By::Default }),
            log: log.unwrap_or(Chosen { value: LOG.to_owned(), by: By::Default }),
            sms: sms.unwrap_or(Chosen { value: None, by: By::Default }),
            codes: codes.unwrap_or(Chosen { value: Codes::default(), by: By::Default }),
            notes,
            file,
        })
    }
}

impl<T> Chosen<T> {
    fn first<const N: usize>(said: [Option<(T, By)>; N]) -> Option<Self> {
        said.into_iter().flatten().next().map(|(value, by)| Self { value, by })
    }
}

/// The known name that `name` was most likely meant to be.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let scored = known.into_iter().map(|known| (strsim::jaro_winkler(name, known), known));
    scored.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, known)| known)
}

fn data(
    place: &Place,
    environment: &impl Environment,
    in_file: Option<(PathBuf, By)>,
) -> anyhow::Result<Chosen<PathBuf>> {
    let said = [
        place.at.data.clone().map(|data| (data, By::Option("--data"))),
        environment.get(names::DATA).map(|data| (PathBuf::from(data), By::Environment(names::DATA))),
        in_file,
    ];
    if let Some(said) = Chosen::first(said) {
        return Ok(said);
    }
    let of = |name| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = of("XDG_DATA_HOME").or_else(|| of("HOME").map(|home| home.join(".local/share")));
    let base = base.context("this user has no home: say where its data is with --data")?;
    Ok(Chosen { value: base.join("lamplit-server"), by: By::Default })
}

fn absolute(data: Line<PathBuf>, file: &Path) -> anyhow::Result<(PathBuf, By)> {
    let Line { value, line } = data;
    if value.is_absolute() {
        return Ok((value, By::File(file.to_path_buf(), line)));
    }
    // Nobody knows from where the server will be started.
    bail!("{}, line {line}: {} is no whole path: begin it with /", file.display(), value.display())
}

fn parsed<T: FromStr>(
    environment: &impl Environment,
    name: &'static str,
    wanted: &str,
) -> anyhow::Result<Option<(T, By)>> {
    let Some(said) = environment.get(name) else { return Ok(None) };
    let value = said.to_str().and_then(|said| said.parse().ok());
    let value = value.with_context(|| format!("{name} is {}: it takes {wanted}", said.display()))?;
    Ok(Some((value, By::Environment(name))))
}

/// It is not shown what was said: somebody may have taken it for the place of a gateway's URL.
fn sms_of(environment: &impl Environment) -> anyhow::Result<Option<(Option<lamplit_sms::Config>, By)>> {
    let Some(said) = environment.get(names::SMS) else { return Ok(None) };
    let value = said.to_str().and_then(sms::of_environment);
    let value = value.with_context(|| format!("{} takes {}", names::SMS, sms::WANTED))?;
    Ok(Some((value, By::Environment(names::SMS))))
}

/// A gateway's password that others on this machine can read.
fn readable_secret(sms: &Chosen<Option<lamplit_sms::Config>>) -> Option<String> {
    let (Some(lamplit_sms::Config::Http(_) | lamplit_sms::Config::Smpp(_)), By::File(path, _)) = (&sms.value, &sms.by)
    else {
        return None;
    };
    let mode = fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o007 != 0).then(|| {
        format!(
            "{} says how the server signs in at the SMS gateway, and everybody on this machine may read it: chmod o= it",
            path.display()
        )
    })
}

/// Told and no error: other programs name things so too, such as the variables that Kubernetes makes for a service.
fn unknown_names(environment: &impl Environment) -> Vec<String> {
    let mut unknown: Vec<String> = environment.names();
    unknown.retain(|name| name.starts_with(names::BEGINNING) && !names::ALL.contains(&name.as_str()));
    unknown.sort_unstable();
    let told = unknown.iter().take(limits::NOTES).map(|name| {
        let nearest = nearest(name, names::ALL).unwrap_or_default();
        format!("{name} in the environment is no setting and changes nothing; the nearest is {nearest}")
    });
    told.collect()
}

/// The text of a file, or `None` if it is not there.
fn read_file(path: &Path) -> anyhow::Result<Option<String>> {
    let unreadable = || format!("{} cannot be read", path.display());
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.with_context(unreadable)?,
    };
    let mut text = String::new();
    file.take(limits::SETTINGS_BYTES.saturating_add(1)).read_to_string(&mut text).with_context(unreadable)?;
    if text.len() as u64 > limits::SETTINGS_BYTES {
        bail!("{} is longer than {} bytes: it is no file of settings", path.display(), limits::SETTINGS_BYTES);
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests;
