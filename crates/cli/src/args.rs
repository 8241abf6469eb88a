//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use lamplit_rpc::Origin;
use lamplit_types::{ByteCount, ByteCountError, FileLimit};

const ABOUT: &str = "Who of your contacts is on, and a word with them: sealed, from device to device.";

const OVERVIEW: &str = "\
Who of your contacts is on, and a word with them: sealed, directly between devices that are near each other, with no
server and no internet; between those that are apart through a server, if both use the same one.

One program is both the daemon, which talks to the devices nearby, and the commands that talk to the daemon.";

const AFTER: &str = "\
First steps:
  lamplit init --name Ada      make an account on this device
  lamplit run                  start the daemon; the other commands go in another terminal
  lamplit invite               show a link and a QR code for one person
  lamplit accept LINK          accept somebody's invite
  lamplit say Grace hello      say something
  lamplit on qq                let contacts see that you are on QQ";

const AFTER_LONG: &str = "\
First steps:
  lamplit init --name Ada      make an account on this device
  lamplit run                  start the daemon; the other commands go in another terminal
  lamplit invite               show a link and a QR code for one person
  lamplit accept LINK          accept somebody's invite
  lamplit say Grace hello      say something
  lamplit on qq                let contacts see that you are on QQ

JSON:
  With --json every command prints one JSON object a line to standard output; each command's own help says which.
  Ids are text, times are milliseconds since 1970-01-01 UTC and end in _ms. What goes wrong is one object on standard
  error: {\"error\": \"what and what to do\"}.

Exit codes:
  0  done
  1  refused or failed; the message says why and what to do
  2  the command line is wrong
  3  no daemon is running
  4  no such contact, or more than one
  5  it took too long

Environment:
  LAMPLIT_DATA  the data directory, as --data
  LAMPLIT_LOG   what the daemon logs, such as debug or lamplit_client=debug
  NO_COLOR      no colours, if set to anything";

/// Words that a safety code is typed in, at most.
const CODE_WORDS: usize = 12;

#[derive(Debug, Parser)]
#[command(name = "lamplit", version, about = ABOUT, long_about = OVERVIEW, after_help = AFTER, after_long_help = AFTER_LONG)]
#[command(max_term_width = 100, propagate_version = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Global {
    /// Where this device's data is kept [default: lamplit in the user's data directory]
    #[arg(long, value_name = "DIR", env = "LAMPLIT_DATA", hide_env = true, global = true)]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an account on this device and show its recovery phrase
    #[command(after_long_help = "\
Examples:
  lamplit init --name 'Ada Lovelace'
  lamplit init --link lamplit:link/…      become a device of an account that you have, with what `lamplit link` shows there
  lamplit init --recover +8613800138000 --server lamplit:server/…
                                          open your account where all its devices are lost

On a terminal it then asks for three words of the phrase, to see that it stands on paper.
What is begun with --link and breaks off goes on with the same command, or with a new code.
With --recover it asks for the code that comes to the number, and for the recovery phrase; neither is shown, and without a
terminal each is a line of standard input. A phrase that is not the right one changes nothing, and another can be typed.

JSON: {\"account\", \"device\", \"name\", \"phrase\": [12 words], \"keys\": \"keyring\" or \"file\", \"data\"}; with --link {\"device\",
\"called\", \"name\", \"data\"} and then {\"told\", \"total\", \"last\"} as messages come; with --recover {\"asked\": number}, {\"account\",
\"device\", \"called\", \"name\", \"keys\", \"data\"}, {\"contacts\": how many} once they are here, and {\"device\", \"removed\": true} for each
that is removed")]
    Init(Init),
    /// Run the daemon in the foreground, until Ctrl-C or `lamplit stop`
    #[command(after_long_help = "\
Examples:
  lamplit run
  lamplit run --view
  lamplit run --bind 192.168.1.7:4242 --no-discovery
  lamplit run --web                       let programs of this machine connect by WebSocket
  lamplit run --web 4300 --web-origin http://localhost:8080

With --web the daemon also listens on 127.0.0.1 and [::1]; `lamplit web` shows what a program needs to connect. Pages may
connect only from where --web-origin says, and need the token, too.

Once that is known, and whenever it changes, it says whether devices find each other on this network.

JSON: {\"ready\": true, \"addresses\": [\"IP:port\"], \"discovery\", \"hearing\", \"web\": URL or null} once it can be reached,
{\"hearing\": \"no_network\", \"blocked\", \"alone\" or \"others\"} whenever that changes, {\"stopped\": true} at the end")]
    Run(Run),
    /// Open the terminal view of the running daemon: people, chat, nearby
    #[command(after_long_help = "\
In it, ? or F1 shows all keys. Leaving it leaves the daemon running.

JSON: none, it is for people; `lamplit contacts`, `lamplit history` and `lamplit nearby` tell the same")]
    View,
    /// Stop the daemon and wait until it has stopped
    #[command(after_long_help = "JSON: {\"stopped\": true}")]
    Stop,
    /// Show how this device is
    #[command(after_long_help = "\
JSON: {\"version\", \"account\", \"device\", \"name\", \"devices\", \"contacts\", \"unread\", \"waiting\", \"lit\": [{\"app\", \"source\",
\"since_ms\"}], \"near\": [contact ids], \"strangers\", \"addresses\", \"discovery\", \"hearing\": \"off\", \"no_network\", \"blocked\",
\"untested\", \"alone\" or \"others\", \"removed\", \"clock\": {\"state\": \"unknown\", \"agrees\", \"ahead\", \"behind\" or \"disputed\", and
for some \"minutes\", \"others\"}, \"server\": as `lamplit server` has it, or null, \"number\": as
`lamplit number` has it, \"storage\": {\"state\": \"working\"} or {\"state\":
\"failing\", \"reason\"}}")]
    Status,
    /// Show what a program of this machine needs to connect to the daemon by WebSocket
    #[command(after_long_help = "\
The daemon must run with --web. Whoever has the token can do all that you can do with this program; it is another one
each time the daemon starts. docs/api.md tells what to do with it.

JSON: {\"url\", \"token\"}")]
    Web,
    /// Make an invite for one person: a link and a QR code
    #[command(after_long_help = "\
Whoever has the link can become your contact, once. Hand it over in person, or on a way you trust. This device must be
running and reachable while it is accepted.

JSON: {\"link\", \"expires_ms\"}")]
    Invite(Invite),
    /// Accept an invite and wait until its maker is a contact
    #[command(after_long_help = "\
Example:
  lamplit accept 'lamplit:…'

JSON: {\"contact\"}, as `lamplit contacts` has it")]
    Accept(Accept),
    /// List contacts: what they are on, whether they are near, what is unread
    #[command(after_long_help = "\
JSON, a line each: {\"id\", \"name\", \"alias\" or null, \"note\" or null, \"number\" or null, \"compared\" as `lamplit safety` has it, \"devices\",
\"since_ms\", \"unread\", \"near\", \"lit\": [{\"app\", \"source\", \"since_ms\"}]}")]
    Contacts,
    /// Show who can be reached directly now, since when and over what
    #[command(after_long_help = "\
Examples:
  lamplit nearby
  lamplit nearby --follow

JSON: {\"people\": [{\"contact\", \"name\", \"lit\", \"devices\": [{\"device\", \"since_ms\", \"over\": \"lan\", \"ble\" or \"server\",
\"family\": \"ipv4\", \"ipv6\" or null, \"address\" or null}]}], \"own\": [devices], \"strangers\", \"addresses\", \"discovery\",
\"hearing\"}; with --follow a line whenever that is different")]
    Nearby(Nearby),
    /// Connect to a contact at an address, where the network hides devices from each other
    #[command(after_long_help = "\
The other's `lamplit status` shows their addresses.

Example:
  lamplit dial Grace 192.168.1.7:4242

JSON: {\"contact\", \"near\": true}")]
    Dial(Dial),
    /// Call a contact something else, or what they call themselves
    #[command(after_long_help = "\
Examples:
  lamplit rename Grace 'Grace from work'
  lamplit rename Grace                    go back to what she calls herself

JSON: {\"contact\", \"name\" or null}")]
    Rename(Rename),
    /// Keep a note about a contact, or remove it
    #[command(after_long_help = "\
Notes never leave your own devices.

Examples:
  lamplit note Grace likes jasmine tea
  lamplit note Grace                      remove the note

JSON: {\"contact\", \"note\" or null}")]
    Note(Note),
    /// Show the safety code with a contact, to compare, and keep what came of it
    #[command(after_long_help = "\
If both of you see the same code, nobody stands between you: whom you write to is who showed you the code. Compare it face to
face, or in a call in which you know the voice; never by messages here, which whoever stands between could change. The other
types `lamplit safety` and your name. The QR code holds the same digits: scan it with any telephone and compare, or hand what that
read to --check, which compares for you.

What came of it is kept on all of your own devices, and nobody else sees it. It is for this contact as they are now: whoever is
removed and met again has not been compared. New devices of theirs change nothing.

If the codes differ, look again, both of you, each at the code with the other. If they still differ, say --not-same: whoever
you write to is not who showed you the code, or somebody reads along. Say nothing here that is not for strangers; remove the
contact and meet again, by an invite that goes from hand to hand.

Examples:
  lamplit safety Grace
  lamplit safety Grace --same
  lamplit safety Grace --check 34122 99506 86082 35485 55040 51611 94002 41381 52502 86878 97684 30247

JSON: {\"contact\", \"code\", \"compared\": \"not_yet\", \"same\" or \"different\"}")]
    Safety(Safety),
    /// Forget a contact; messages stay
    #[command(after_long_help = "JSON: {\"contact\", \"removed\": true}")]
    Remove(Remove),
    /// Let contacts see that you are on an app
    #[command(after_long_help = "\
Example:
  lamplit on sina-weibo

JSON: {\"app\", \"on\": true}")]
    On(App),
    /// Let an app go dark
    #[command(after_long_help = "JSON: {\"app\", \"on\": false}")]
    Off(App),
    /// Change your own name, as contacts see it
    #[command(after_long_help = "JSON: {\"name\"}")]
    Name(Name),
    /// Say something to a contact or a group
    #[command(after_long_help = "\
TO is a name, the beginning of one that fits nobody else, or an id. The message is kept for each of their devices until that has
it, up to 30 days; in a group, for those of each member. It goes when a device is near, or through the server that both use.
With - as text, standard input is sent. Options are options among the words too; after -- nothing is.

Examples:
  lamplit say Grace hello there
  lamplit say Grace -- try it with --json
  date | lamplit say Grace -

JSON: {\"id\", \"conversation\"}")]
    Say(Say),
    /// Show a conversation and mark it as read
    #[command(after_long_help = "\
Own messages end in how far they have come: sent (kept here until a device of theirs has it), delivered, read; in a
group with how many: delivered to 3 of 4, read by 2.
If more are unread than --limit shows, they stay unread.

Examples:
  lamplit history Grace
  lamplit history Grace --follow

JSON, a line each, oldest first: {\"index\", \"id\", \"conversation\", \"from\", \"from_name\" or null, \"mine\",
\"text\", \"sent_ms\", \"arrived_ms\", \"progress\": \"sent\", \"delivered\", \"read\" or null, \"reach\": {\"members\", \"delivered\", \"read\"} or
null}; of a file also \"file\": {\"id\", \"name\", \"size\", \"picture\": [width, height] or null, \"state\": {\"state\": \"offered\", \"wanted\",
\"here\" with \"path\", \"declined\" or \"withdrawn\"}, \"fetched_by\": [accounts], \"declined_by\"}; with --follow also {\"id\",
\"conversation\", \"progress\"} as messages come further")]
    History(History),
    /// Send files to a contact or a group, and wait until they are there
    #[command(after_long_help = "\
In a group everybody who is near is waited for, as far as that is known: of members who are no contacts of yours it is not.

Each file goes to whoever has the conversation when they fetch it: up to 64 MiB their device does that by itself. It is sent
from where it lies, when the two are near, so leave it there until it is fetched; only the offer goes through the server. What
breaks off goes on later, also after a restart of either side. Ctrl-C ends the waiting and not the sending; `lamplit cancel`
takes a file back. Where and when a picture was taken is taken out of a copy that is sent, unless you say --keep-metadata; films
and documents go as they are, with all that they tell, the place too.

Examples:
  lamplit send Grace picture.jpg
  lamplit send Grace --caption 'from today' a.jpg b.jpg
  lamplit send choir --no-wait song.mp3

JSON, a line each: {\"id\", \"conversation\", \"path\"} as each is sent, {\"id\", \"by\": an account, \"fetched\": true} as
somebody has it, {\"id\", \"by\", \"declined\": true} as somebody does not want it; while it is waited for {\"id\", \"trouble\": why it
does not go, or null once it goes on}, whenever that changes")]
    Send(Send),
    /// List files that were sent and offered, with how far they are
    #[command(after_long_help = "\
JSON, a line each: a message as `lamplit history` has it, and while something is done with its file, or was tried in vain,
\"transfer\": {\"file\", \"kind\": \"reading\", \"fetching\" or \"serving\", \"done\", \"total\", \"trouble\" or null}")]
    Files,
    /// Fetch a file that was offered, and wait until it is here
    #[command(after_long_help = "\
FILE is the beginning of an id that `lamplit files` shows, or a name. Ctrl-C ends only the waiting: the fetching goes on, until the
file is here or `lamplit cancel` declines it. Why it does not come, such as a full disk, is said whenever that changes.

Examples:
  lamplit get film.mp4
  lamplit get film.mp4 --no-wait

JSON, a line each: {\"id\", \"path\"} once it is here, with --no-wait at once and \"path\" null if it is not; while it is waited for
{\"id\", \"trouble\": why it does not come, or null once it goes on}, whenever that changes")]
    Get(Get),
    /// Take back a file that was sent, or decline one that was offered
    #[command(after_long_help = "\
FILE is the beginning of an id that `lamplit files` shows, or a name. Whoever has it whole keeps it.

JSON: {\"id\"}")]
    Cancel(FileArgs),
    /// Groups: several people in one conversation
    #[command(subcommand)]
    Group(Group),
    /// Link a new device of yours: show a code for it, and wait until it knows everything
    #[command(after_long_help = "\
On the new device: lamplit init --link CODE. The code is good once, for ten minutes, and until this command is ended with
Ctrl-C. Whoever has it becomes a device of your account: show it to nobody.

JSON: {\"link\", \"expires_ms\"}, then {\"device\"} as `lamplit devices` has it, then {\"told\", \"total\", \"last\"} as messages go")]
    Link(Link),
    /// List your own devices, or change what one is called
    #[command(after_long_help = "\
A device is named by its name or the beginning of its id.

Examples:
  lamplit devices
  lamplit devices rename 'work laptop'
  lamplit devices rename phone --device 3fa4

JSON, a line each: {\"id\", \"name\" or null, \"this\", \"since_ms\", \"near\", \"seen_ms\" or null, \"certificate_until_ms\"}")]
    Devices(Devices),
    /// Show, choose or leave the server that carries your messages when people are apart
    #[command(after_long_help = "\
The server keeps what is said until the other's device fetches it, and can read none of it. It learns whose devices write to
whose, how much and when. Others must use the same server. What goes through it is what is said, in groups too, who is in a
group, offers of files, and what you and your contacts are called; files themselves and presence go between devices that are near.
Whoever runs it gives out its link.

Examples:
  lamplit server
  lamplit server use lamplit:server/…@sync.example.org:4433
  lamplit server leave

JSON: {\"place\": \"HOST:PORT\", \"connected\", \"why\": text or null}, or null without a server")]
    Server(Server),
    /// Have a code sent by SMS to your telephone number, to show that it is yours
    #[command(after_long_help = "\
The server that you use sends it. `lamplit verify CODE` shows that it came: the number is your account's then, and your contacts
see it. To change your number, do the same with the new one: the old one is free then. An account needs no number.

Example:
  lamplit register '+86 138 0013 8000'

JSON: as `lamplit number`")]
    Register(Register),
    /// Show the code that came by SMS: the number is your account's then
    #[command(after_long_help = "\
A code is good for ten minutes, on the device that asked for it, and may be tried five times. If another account had the number
until now, it keeps it for seven days, so that nobody loses a number to whoever holds their telephone for a moment; you are told
from when on it is yours.

Example:
  lamplit verify 123456

JSON: as `lamplit number`")]
    Verify(Verify),
    /// Show your telephone number, or give it up
    #[command(after_long_help = "\
If somebody else shows that they have your number, you keep it for seven days. Is it still yours? Then `lamplit register` and
`lamplit verify` once more. Your account stays yours in any case: a number opens none.

JSON: {\"number\" or null, \"leaves_ms\": when somebody else gets it, or null, \"coming\": a number that will be yours, or null,
\"comes_ms\" or null, \"asked\": the number a code was asked for, or null, \"step\": null or {\"step\": \"waiting\", \"sent\", \"wait\" with
\"until_ms\", \"unreachable\", \"failed\", \"off\", \"done\", \"wrong\" with \"left\", \"gone\" or \"lost\"}}")]
    Number(Number),
    /// Show what files from other devices take here and may take, or set that
    #[command(after_long_help = "\
What is here counts, and what is on its way. A file that would go beyond the limit does not come by itself, and `lamplit get`
refuses it. Under a lower limit nothing is deleted, and what is on its way still comes. Files that you delete or move away count no
more within the hour. Those that you send lie where you keep them and do not count.

Examples:
  lamplit storage
  lamplit storage --limit 20GiB
  lamplit storage --limit 500MB

JSON: {\"here\", \"coming\", \"limit\", \"free\" on the disk, or null}, in bytes")]
    Storage(Storage),
    /// Find what keeps devices from finding each other here, and what to do about it
    #[command(after_long_help = "\
Looks at interfaces, multicast, firewalls, routes, port, clock and disk; changes nothing. Works with a running daemon and
without: with one, the clock is compared with those of contacts too. As root it sees more of a firewall.

JSON, a line each: {\"check\", \"level\": \"ok\", \"warn\" or \"fail\", \"what\", \"advice\" or null}. Ends with 1 if something is wrong.")]
    Doctor(Doctor),
    /// Print what makes a shell complete lamplit's commands and options
    #[command(after_long_help = "\
Examples:
  lamplit completions bash > ~/.local/share/bash-completion/completions/lamplit
  lamplit completions zsh > ~/.zfunc/_lamplit         with ~/.zfunc in $fpath
  lamplit completions fish > ~/.config/fish/completions/lamplit.fish

JSON: none; the script is printed")]
    Completions(Completions),
    /// Print the manual page, or write those of all commands
    #[command(after_long_help = "\
Examples:
  lamplit man | man -l -
  lamplit man --out ~/.local/share/man/man1

JSON: {\"pages\": [paths]} with --out; without it the page is printed")]
    Man(Man),
}

#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("account").args(["link", "recover"]))]
pub(crate) struct Init {
    /// Your name, as contacts will see it [default: your login name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Join the account on another device of yours, which shows this code with `lamplit link`
    #[arg(long, value_name = "CODE")]
    pub(crate) link: Option<String>,
    /// Open the account of this telephone number, with a code that is sent there and the recovery phrase
    #[arg(long, value_name = "NUMBER", requires = "server")]
    pub(crate) recover: Option<String>,
    /// The link of the server that keeps that account: lamplit:server/…@HOST:PORT
    #[arg(long, value_name = "LINK", requires = "recover")]
    pub(crate) server: Option<String>,
    /// Remove all other devices of that account, as when they are lost or stolen
    #[arg(long, requires = "recover")]
    pub(crate) remove_others: bool,
    /// What to call this device [default: the name of the host]
    #[arg(long, value_name = "NAME", requires = "account")]
    pub(crate) device: Option<String>,
    /// Whether to keep this device's keys in the system's keyring
    #[arg(long, value_enum, default_value_t = Keyring::Auto)]
    pub(crate) keyring: Keyring,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Link {
    /// Print the code alone
    #[arg(long)]
    pub(crate) no_qr: bool,
    /// Don't wait for the new device
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Server {
    #[command(subcommand)]
    pub(crate) command: Option<ServerCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServerCommand {
    /// Use a server, instead of the one before if there was one
    #[command(after_long_help = "JSON: as `lamplit server` has it")]
    Use(UseServer),
    /// Use no server any more. What it keeps for you stays there for 30 days
    #[command(after_long_help = "JSON: null")]
    Leave,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct UseServer {
    /// Its link: lamplit:server/…@HOST:PORT
    pub(crate) link: String,
    /// How long to wait until it knows this device
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Register {
    /// The number with its country code: +86 138 0013 8000
    pub(crate) number: String,
    /// How long to wait until the server has sent it
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Verify {
    /// The code of six digits
    pub(crate) code: String,
    /// How long to wait for the server's answer
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Number {
    #[command(subcommand)]
    pub(crate) command: Option<NumberCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NumberCommand {
    /// Give the number up: it is free for somebody else, and your contacts see it no more
    #[command(after_long_help = "JSON: as `lamplit number`")]
    Free,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Devices {
    #[command(subcommand)]
    pub(crate) command: Option<DevicesCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DevicesCommand {
    /// Call one of your devices something else; contacts don't see it
    #[command(after_long_help = "JSON: {\"device\" or null, \"name\"}")]
    Rename(RenameDevice),
    /// Remove one of your devices: it hears nothing more, and all others get new keys
    #[command(after_long_help = "\
Asks for the recovery phrase, which is not shown as you type it; without a terminal it is read from standard input. Your other
devices and your contacts hear of it when they meet one that knows, or by the server. What the removed device has, it keeps.

Example:
  lamplit devices remove 'old phone'

JSON: {\"device\", \"removed\": true}")]
    Remove(RemoveDevice),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RenameDevice {
    /// The new name
    pub(crate) name: String,
    /// Which device [default: this one]
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RemoveDevice {
    /// Which: a name, or the beginning of an id
    pub(crate) device: String,
}

/// Where keys are kept.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Keyring {
    /// In the keyring if there is one, else in a file that only you can read
    Auto,
    /// In a file that only you can read
    Never,
    /// In the keyring, or not at all
    Always,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Run {
    /// The address and port to listen on [default: every address, a port of the system's choice]
    #[arg(long, value_name = "ADDR")]
    pub(crate) bind: Option<SocketAddr>,
    /// Neither show this device to others on the network nor look for them
    #[arg(long)]
    pub(crate) no_discovery: bool,
    /// Let programs of this machine connect by WebSocket, at this port [default: one of the system's choice]
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "0")]
    pub(crate) web: Option<u16>,
    /// Let pages from there connect, too, such as http://localhost:8080; may be given again
    #[arg(long, value_name = "ORIGIN", requires = "web", value_parser = Origin::parse)]
    pub(crate) web_origin: Vec<Origin>,
    /// Open the terminal view too; the daemon stops when you leave it
    #[arg(long)]
    pub(crate) view: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Doctor {
    /// The address and port that `lamplit run` is to be bound to
    #[arg(long, value_name = "ADDR")]
    pub(crate) bind: Option<SocketAddr>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Nearby {
    /// Go on showing who comes and goes, until Ctrl-C
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Invite {
    /// Print the link alone
    #[arg(long)]
    pub(crate) no_qr: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Accept {
    /// The link
    pub(crate) link: String,
    /// How long to wait
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Say {
    /// To whom: a contact or a group
    pub(crate) to: String,
    /// What; - for standard input
    #[arg(allow_hyphen_values = true)]
    pub(crate) text: String,
    /// Further words
    #[arg(value_name = "WORD")]
    pub(crate) more: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Send {
    /// To whom: a contact or a group
    pub(crate) to: String,
    /// What
    #[arg(required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What to say with the first of them
    #[arg(long, value_name = "TEXT")]
    pub(crate) caption: Option<String>,
    /// Leave in pictures what they tell of where and when they were taken
    #[arg(long)]
    pub(crate) keep_metadata: bool,
    /// Do not wait until they are there
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Get {
    /// Which file
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// Do not wait until it is here
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FileArgs {
    /// Which file
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Storage {
    /// What they may take from now on, 1MiB to 16TiB [on a new device: 64GiB]
    #[arg(long, value_name = "SIZE", value_parser = file_limit)]
    pub(crate) limit: Option<FileLimit>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct History {
    /// With whom: a contact or a group
    pub(crate) with: String,
    /// How many messages, the latest [default: 50, and all that are unread]
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Go on showing what comes, until Ctrl-C
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct App {
    /// The app, such as qq or sina-weibo
    pub(crate) app: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Name {
    /// The name
    pub(crate) name: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Rename {
    /// Whom
    pub(crate) contact: String,
    /// The new name
    pub(crate) name: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Note {
    /// About whom
    pub(crate) contact: String,
    /// The note
    #[arg(allow_hyphen_values = true)]
    pub(crate) note: Option<String>,
    /// Further words
    #[arg(value_name = "WORD")]
    pub(crate) more: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Safety {
    /// With whom
    pub(crate) contact: String,
    /// You compared it, and both saw the same
    #[arg(long, conflicts_with_all = ["not_same", "forget", "check"])]
    pub(crate) same: bool,
    /// You compared it, and the two codes differ
    #[arg(long, conflicts_with_all = ["forget", "check"])]
    pub(crate) not_same: bool,
    /// It was not compared: forget what came of it before
    #[arg(long, conflicts_with = "check")]
    pub(crate) forget: bool,
    /// Compare it with the other's: what they read out, or what was read from their QR code
    #[arg(long, value_name = "CODE", num_args = 1..=CODE_WORDS)]
    pub(crate) check: Vec<String>,
    /// Print the code alone
    #[arg(long)]
    pub(crate) no_qr: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Remove {
    /// Whom
    pub(crate) contact: String,
    /// Don't ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Group {
    /// Found a group with some contacts
    #[command(after_long_help = "\
Its members learn each other's name and devices, and see when one of them is near; they need not be each other's contacts.
You may add and remove members, and make others admins, who may too; everybody may rename the group, and leave.

Example:
  lamplit group new choir Grace Hedy

JSON: {\"group\": its id}")]
    New(NewGroup),
    /// List your groups
    #[command(after_long_help = "\
JSON, a line each: {\"id\", \"name\", \"members\": [{\"id\", \"name\", \"role\": \"founder\", \"admin\" or \"member\", \"me\",
\"contact\"}], \"joined\", \"unread\"}; also those that you are in no more")]
    List,
    /// Show who is in a group
    #[command(after_long_help = "JSON: as `lamplit group list` has it")]
    Show(OneGroup),
    /// Add contacts to a group
    #[command(after_long_help = "JSON: {\"group\", \"added\": [contact ids]}")]
    Add(GroupMembers),
    /// Remove somebody from a group: they get nothing more of it
    #[command(after_long_help = "JSON: {\"group\", \"removed\": their id}")]
    Remove(GroupMember),
    /// Let a member add and remove others, or no longer
    #[command(after_long_help = "JSON: {\"group\", \"member\", \"admin\"}")]
    Admin(GroupAdmin),
    /// Call a group something else, for all its members
    #[command(after_long_help = "JSON: {\"group\", \"name\"}")]
    Rename(RenameGroup),
    /// Leave a group; messages stay
    #[command(after_long_help = "JSON: {\"group\", \"left\": true}")]
    Leave(OneGroup),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct NewGroup {
    /// What it is called
    pub(crate) name: String,
    /// Contacts
    #[arg(value_name = "MEMBER", required = true)]
    pub(crate) members: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct OneGroup {
    /// Which
    pub(crate) group: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct GroupMembers {
    /// Which
    pub(crate) group: String,
    /// Contacts
    #[arg(value_name = "MEMBER", required = true)]
    pub(crate) members: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct GroupMember {
    /// Which
    pub(crate) group: String,
    /// Whom
    pub(crate) member: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct GroupAdmin {
    /// Which
    pub(crate) group: String,
    /// Whom
    pub(crate) member: String,
    /// They may no longer
    #[arg(long)]
    pub(crate) off: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RenameGroup {
    /// Which
    pub(crate) group: String,
    /// Its new name
    pub(crate) name: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Dial {
    /// Whom
    pub(crate) contact: String,
    /// Where: an IP address and a port
    pub(crate) address: SocketAddr,
    /// How long to wait
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Completions {
    /// For which shell
    pub(crate) shell: Shell,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Man {
    /// Where to write a page for each command
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

impl Say {
    /// What is said: its words, or `None` for standard input.
    ///
    /// The first word is an argument of its own because only that may begin with a hyphen: of one argument with many
    /// words that may, clap takes every option behind the first for one of them.
    pub(crate) fn words(&self) -> Option<String> {
        (self.text != "-" || !self.more.is_empty()).then(|| joined(&self.text, &self.more))
    }
}

impl Note {
    /// The note, or `None` to remove it.
    pub(crate) fn words(&self) -> Option<String> {
        self.note.as_ref().map(|first| joined(first, &self.more))
    }
}

fn joined(first: &str, more: &[String]) -> String {
    core::iter::once(first).chain(more.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}

fn file_limit(text: &str) -> Result<FileLimit, String> {
    let ByteCount(bytes) = text.parse().map_err(|error: ByteCountError| error.to_string())?;
    FileLimit::new(bytes).map_err(|error| error.to_string())
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) if (1..=86_400).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err("a number of seconds from 1 to 86400".to_owned()),
    }
}

#[cfg(test)]
mod tests;
