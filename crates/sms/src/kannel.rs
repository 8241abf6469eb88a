//! Real gateways for tests: Kannel with its fake message centre, and a message centre that speaks SMPP.
//!
//! Kannel has no SMPP side for others to sign in at; Debian has no other message centre that a test could run. So the one
//! here is a page of Perl (`kannel/smsc.pl`) around Net::SMPP, which knows the protocol from elsewhere than we do.

mod process;

use core::fmt;
use std::{
    fs, io,
    net::TcpListener,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{BodyAs, Config, HttpConfig, Secret, SmppConfig, Success};
use process::Process;

/// How long everything may take to be there.
const START: Duration = Duration::from_secs(20);
/// How often is started anew with other ports, should somebody else have taken one in between.
const STARTS: usize = 3;
const FAKE: &str = "/usr/lib/kannel/test/fakesmsc";
const NET_SMPP: &str = "/usr/share/perl5/Net/SMPP.pm";

/// Why there is no gateway. A test that unwraps it shows what to do.
#[derive(thiserror::Error)]
pub enum KannelError {
    /// Something that the system lacks.
    #[error("{0} is missing: apt-get install -y kannel kannel-extras libnet-smpp-perl (`cargo xtask test` does so)")]
    Missing(String),
    /// It did not start.
    #[error("{0} did not come up; it said: {1}")]
    Start(&'static str, String),
    /// What was waited for did not come.
    #[error("within {0:?} nothing like that came; what came: {1}")]
    Waited(Duration, String),
    /// The disk, or the like.
    #[error("the gateway's files: {0}")]
    Io(#[from] io::Error),
}

impl fmt::Debug for KannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A text that a telephone would have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Whom it is from.
    pub from: String,
    /// The telephone's number, as the gateway gave it to the message centre.
    pub to: String,
    /// All of it, put together again.
    pub text: String,
}

/// Kannel: its bearerbox and smsbox, with its own fake message centre behind them. All of it ends with this.
pub struct Kannel {
    folder: TempDir,
    sendsms: u16,
    _boxes: Vec<Process>,
}

impl Kannel {
    /// Starts everything, on free ports of 127.0.0.1.
    ///
    /// # Errors
    /// [`KannelError`] says what is missing, or what the programs said.
    pub fn start() -> Result<Self, KannelError> {
        for program in ["/usr/sbin/bearerbox", "/usr/sbin/smsbox", FAKE] {
            if !Path::new(program).is_file() {
                return Err(KannelError::Missing(program.to_owned()));
            }
        }
        let mut last = Self::try_start();
        for _ in 1..STARTS {
            if last.is_ok() {
                break;
            }
            last = Self::try_start();
        }
        last
    }

    fn try_start() -> Result<Self, KannelError> {
        let folder = tempfile::tempdir()?;
        let [admin, smsbox, fake, sendsms] = free_ports()?;
        let configuration = folder.path().join("kannel.conf");
        fs::write(&configuration, configure(admin, smsbox, fake, sendsms))?;
        let configuration = configuration.to_string_lossy();

        let mut boxes = Vec::new();
        let bearerbox = folder.path().join("bearerbox");
        boxes.push(Process::start(&["/usr/sbin/bearerbox", "-v", "0", &configuration], &bearerbox)?);
        until("bearerbox", &bearerbox, |_| listens(smsbox) && listens(fake))?;
        let centre = folder.path().join("fakesmsc");
        let fake = fake.to_string();
        let command = [FAKE, "-H", "127.0.0.1", "-r", &fake, "-i", "1", "-m", "0", "1 2 text nothing"];
        boxes.push(Process::start(&command, &centre)?);
        until("fakesmsc", &bearerbox, |said| said.contains("Fakesmsc client connected"))?;
        let box_log = folder.path().join("smsbox");
        boxes.push(Process::start(&["/usr/sbin/smsbox", "-v", "0", &configuration], &box_log)?);
        until("smsbox", &box_log, |_| listens(sendsms))?;
        Ok(Self { folder, sendsms, _boxes: boxes })
    }

    /// The URL of its sendsms, with the places of a template.
    pub fn sendsms(&self) -> String {
        let port = self.sendsms;
        format!(
            "http://127.0.0.1:{port}/cgi-bin/sendsms?username=lamplit&password=secret&from=Lamplit&to={{number}}\
             &charset=UTF-8&coding=2&text={{text}}"
        )
    }

    /// A sender's configuration for it.
    pub fn config(&self) -> Config {
        // What Kannel queues is taken too.
        http(&self.sendsms(), Success { status: [202, 202], body: Some("^[03]: ".to_owned()) })
    }

    /// All texts that came so far, in order. Of those that come in parts only whole ones.
    ///
    /// # Errors
    /// [`KannelError::Io`] when its log can't be read.
    pub fn received(&self) -> Result<Vec<Received>, KannelError> {
        Ok(read_texts(&said(&self.folder.path().join("fakesmsc"))))
    }

    /// Waits for the first text to this number.
    ///
    /// # Errors
    /// [`KannelError::Waited`] tells what came instead.
    pub fn wait_for(&self, number: &str, within: Duration) -> Result<Received, KannelError> {
        let ends = Instant::now() + within;
        loop {
            let received = self.received()?;
            if let Some(text) = received.iter().find(|text| text.to == number) {
                return Ok(text.clone());
            }
            if Instant::now() > ends {
                return Err(KannelError::Waited(within, format!("{received:?}")));
            }
            sleep(Duration::from_millis(50));
        }
    }
}

/// The configuration of an HTTP sender, for this URL.
pub(crate) fn http(url: &str, success: Success) -> Config {
    Config::Http(Box::new(HttpConfig {
        url: Secret::new(url),
        method: crate::Method::Get,
        headers: std::collections::BTreeMap::new(),
        body: None,
        body_as: None::<BodyAs>,
        success,
        ca: None,
        in_clear: false,
        at_once: 8,
        waiting: 64,
        answer_seconds: 10,
    }))
}

fn configure(admin: u16, smsbox: u16, fake: u16, sendsms: u16) -> String {
    format!(
        "group = core\nadmin-port = {admin}\nadmin-interface = 127.0.0.1\nadmin-password = secret\n\
         smsbox-port = {smsbox}\nsmsbox-interface = 127.0.0.1\nbox-deny-ip = \"*.*.*.*\"\nbox-allow-ip = 127.0.0.1\n\n\
         group = smsc\nsmsc = fake\nsmsc-id = fake\nhost = 127.0.0.1\nport = {fake}\nconnect-allow-ip = 127.0.0.1\n\n\
         group = smsbox\nbearerbox-host = 127.0.0.1\nbearerbox-port = {smsbox}\nsendsms-port = {sendsms}\n\
         sendsms-interface = 127.0.0.1\n\n\
         group = sendsms-user\nusername = lamplit\npassword = secret\nmax-messages = 4\nconcatenation = true\n"
    )
}

/// What the fake message centre says: `Got message 1: <from to ucs-2 …>`, and `udh … data …` for a part.
fn read_texts(said: &str) -> Vec<Received> {
    let mut texts = Vec::new();
    let mut parts: Vec<(String, Vec<u8>, Vec<u8>)> = Vec::new();
    for line in said.lines() {
        let Some((_, got)) = line.split_once("Got message ") else { continue };
        let Some(got) = got.split_once(": <").and_then(|(_, got)| got.strip_suffix('>')) else { continue };
        let mut words = got.splitn(4, ' ');
        let (Some(from), Some(to), Some(kind), Some(rest)) = (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let text = match kind {
            "ucs-2" => wide(&unescape(rest)),
            "udh" => {
                let Some((header, data)) = rest.split_once(" data ") else { continue };
                let (header, data) = (unescape(header), unescape(data));
                let [5, 0, 3, reference, total, _] = header.as_slice() else { continue };
                let whole = format!("{from} {to} {reference} {total}");
                let total = usize::from(*total);
                parts.push((whole.clone(), header, data));
                let mut own: Vec<_> = parts.iter().filter(|(name, ..)| *name == whole).collect();
                if own.len() < total {
                    continue;
                }
                own.sort_by(|(_, one, _), (_, other, _)| one.cmp(other));
                wide(&own.iter().flat_map(|(_, _, data)| data.clone()).collect::<Vec<_>>())
            }
            _ => rest.to_owned(),
        };
        texts.push(Received { from: from.to_owned(), to: to.to_owned(), text });
    }
    texts
}

fn unescape(escaped: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            byte => byte,
        });
    }
    bytes
}

/// UCS-2, or rather UTF-16, as telephones take it.
fn wide(bytes: &[u8]) -> String {
    let units: Vec<_> =
        bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?))).collect();
    String::from_utf16_lossy(&units)
}

/// A message centre that speaks SMPP. It ends with this.
pub struct Smsc {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
}

/// A command that the message centre took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Type and plan of the sender's number, and the number.
    pub from: (u8, u8, String),
    /// Type and plan of the receiver's number, and the number.
    pub to: (u8, u8, String),
    /// Its `data_coding`.
    pub coding: u8,
    /// Its `esm_class`.
    pub class: u8,
    /// What the telephone gets.
    pub bytes: Vec<u8>,
}

impl Smsc {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`KannelError`] says what is missing, or what the program said.
    pub fn start() -> Result<Self, KannelError> {
        if !Path::new(NET_SMPP).is_file() {
            return Err(KannelError::Missing(NET_SMPP.to_owned()));
        }
        let [port] = free_ports()?;
        let mut smsc = Self { folder: tempfile::tempdir()?, port, process: None };
        fs::write(smsc.folder.path().join("smsc.pl"), include_str!("kannel/smsc.pl"))?;
        smsc.resume()?;
        Ok(smsc)
    }

    /// Takes it away, connections and all, until [`Self::resume`].
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it again, on the same port.
    ///
    /// # Errors
    /// [`KannelError::Start`] tells what it said.
    pub fn resume(&mut self) -> Result<(), KannelError> {
        let folder = self.folder.path();
        let script = folder.join("smsc.pl");
        let command = ["perl", &script.to_string_lossy(), &self.port.to_string(), &folder.to_string_lossy()];
        self.process = Some(Process::start(&command, &folder.join("perl"))?);
        until("the message centre", &folder.join("perl"), |said| said.contains("listens"))
    }

    /// Where it is, as a URL.
    pub fn url(&self) -> String {
        format!("smpp://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A sender's configuration for it.
    pub fn config(&self) -> SmppConfig {
        SmppConfig {
            url: self.url(),
            user: "lamplit".to_owned(),
            password: Secret::new("secret"),
            system_type: String::new(),
            from: "Lamplit".to_owned(),
            ca: None,
            in_clear: false,
            at_once: 8,
            waiting: 64,
            answer_seconds: 3,
            enquire_seconds: 1,
        }
    }

    /// What it does with the next commands, one for each: `status 88` answers with that status, `deaf` says nothing,
    /// `close` ends the connection, `receipt` takes it and says later that it could not be delivered.
    ///
    /// # Errors
    /// [`KannelError::Io`] when they can't be written down.
    pub fn order(&self, orders: &[&str]) -> Result<(), KannelError> {
        let written = self.folder.path().join("written");
        fs::write(&written, orders.join("\n"))?;
        Ok(fs::rename(written, self.folder.path().join("orders"))?)
    }

    /// Everything it took note of, a line each: `bind`, `enquire_link`, `unbind`, `submit_sm …` and so on.
    pub fn notes(&self) -> Vec<String> {
        said(&self.folder.path().join("notes")).lines().map(str::to_owned).collect()
    }

    /// Every text, or part of one, that it was given, whatever it then did with it.
    pub fn submitted(&self) -> Vec<Submitted> {
        self.notes().iter().filter_map(|note| Submitted::read(note.strip_prefix("submit_sm ")?)).collect()
    }

    /// Waits until it has taken note of so many lines that begin with this.
    ///
    /// # Errors
    /// [`KannelError::Waited`] tells what it took note of instead.
    pub fn wait_for(&self, note: &str, count: usize, within: Duration) -> Result<(), KannelError> {
        let ends = Instant::now() + within;
        while self.notes().iter().filter(|line| line.starts_with(note)).count() < count {
            if Instant::now() > ends {
                return Err(KannelError::Waited(within, self.notes().join("; ")));
            }
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Submitted {
    fn read(note: &str) -> Option<Self> {
        let mut words = note.split(' ');
        let mut address = || Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.to_owned()));
        let (from, to) = (address()?, address()?);
        let (coding, class) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let digits = words.next().unwrap_or_default();
        let pairs = digits.as_bytes().chunks_exact(2);
        let bytes = pairs.filter_map(|pair| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()).collect();
        Some(Self { from, to, coding, class, bytes })
    }

    /// Its letters, without the header of a part.
    pub fn text(&self) -> String {
        let letters = if self.class & 0x40 == 0 { &self.bytes[..] } else { self.bytes.get(6..).unwrap_or_default() };
        if self.coding == 8 { wide(letters) } else { String::from_utf8_lossy(letters).into_owned() }
    }
}

/// Ports that nobody has. Somebody may take one before it is used.
fn free_ports<const COUNT: usize>() -> io::Result<[u16; COUNT]> {
    let mut ports = [0; COUNT];
    let mut held = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Whether somebody listens there. It is not tried, since whoever comes first is Kannel's message centre.
fn listens(port: u16) -> bool {
    // Of the network that this thread is in, which need not be the process's.
    let sockets = fs::read_to_string("/proc/thread-self/net/tcp").unwrap_or_default();
    // Local address, no remote one, and the state of listening.
    sockets.contains(&format!(":{port:04X} 00000000:0000 0A"))
}

fn said(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned()
}

fn until(program: &'static str, log: &Path, is_there: impl Fn(&str) -> bool) -> Result<(), KannelError> {
    let ends = Instant::now() + START;
    while !is_there(&said(log)) {
        if Instant::now() > ends || said(log).contains("PANIC") {
            return Err(KannelError::Start(program, said(log)));
        }
        sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
