//! How much of everything, and what happens then.

use core::time::Duration;

/// Parts that a text may be sent in, each paid for. A longer text is refused.
pub const PARTS: usize = 4;
/// How often a text that certainly was not taken is offered.
pub const TRIES: u32 = 3;
/// The first pause before it is offered again. Each further one is twice as long, and each is cut by chance.
pub const PAUSE: Duration = Duration::from_millis(500);

/// Texts under way at once, at most and where nothing is configured. Further ones wait.
pub const AT_ONCE: u16 = 64;
/// See [`AT_ONCE`].
pub const AT_ONCE_DEFAULT: u16 = 8;
/// Texts that may wait for their turn, at most and where nothing is configured. A further one is refused.
pub const WAITING: u16 = 4096;
/// See [`WAITING`].
pub const WAITING_DEFAULT: u16 = 256;
/// How long a text waits for its turn. Then it is refused.
pub const TURN: Duration = Duration::from_secs(30);

/// How long connecting may take, TLS and sign-in included. Then the gateway counts as not reached.
pub const CONNECT: Duration = Duration::from_secs(5);
/// The longest time for an answer that can be configured, in seconds.
pub const ANSWER_SECONDS: u16 = 60;
/// The time for an answer where none is configured, in seconds. Afterwards nobody knows whether the text was taken.
pub const ANSWER_SECONDS_DEFAULT: u16 = 15;

/// Bytes that are read of an HTTP answer's body. The rest is never read.
pub const ANSWER_BYTES: usize = 16 * 1024;
/// Bytes of a compiled pattern for an answer. A larger one is refused.
pub const PATTERN_BYTES: usize = 256 * 1024;
/// Headers that can be configured. With more the configuration is refused.
pub const HEADERS: usize = 32;

/// Bytes of an SMPP command. A message centre that announces a larger one is left.
pub const COMMAND_BYTES: usize = 8 * 1024;
/// How long SMPP commands may take to be written. Then the message centre is left.
pub const WRITE: Duration = Duration::from_secs(10);
/// How long a message centre may say nothing before it is asked whether it is there, where nothing is configured.
pub const ENQUIRE_SECONDS_DEFAULT: u16 = 30;
/// The longest such time, in seconds.
pub const ENQUIRE_SECONDS: u16 = 600;
/// Between two connections to a message centre, at least: this long when a text is waiting.
pub const RECONNECT: Duration = Duration::from_secs(1);
/// Between two connections to a message centre, at most, while nobody waits or it refuses the password.
pub const RECONNECT_MOST: Duration = Duration::from_secs(60);
/// How long the last words to a message centre may take.
pub const GOODBYE: Duration = Duration::from_secs(2);
