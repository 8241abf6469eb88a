//! The local network: QUIC links between devices that DNS-SD found.
//!
//! A device shows its current beacon as the instance name of a `_lamplit._udp` service ([RFC 6763]) on every network
//! it is on, under a host name and a port that are drawn anew with the beacon. Whoever recognises the beacon dials the address
//! it came from; where multicast is blocked, an address typed or taken from an invitation does the same.
//!
//! What answers is a QUIC connection ([RFC 9000]) with a key that goes with the port: it names nobody and proves nothing. A
//! dialler shows none and accepts any, and the Noise handshake above, which both bind to the TLS exporter
//! ([RFC 8446, 7.5]) of this very connection, is what authenticates. TLS 1.3 with X25519MLKEM768 alone makes the
//! connection secret also from those who record it today for the quantum computer of tomorrow.
//!
//! On a connection run three streams, one for each class of frame, opened at once by the dialler and kept for its
//! life; datagrams, and a further stream for each file that is fetched, beside them.
//!
//! The way to a server is a second transport, [`ServerTransport`]: one connection with one stream, where TLS itself authenticates
//! both ends, by raw public keys ([RFC 7250]).
//!
//! Every limit has its name in [`limits`].
//!
//! [RFC 6763]: https://www.rfc-editor.org/rfc/rfc6763
//! [RFC 7250]: https://www.rfc-editor.org/rfc/rfc7250
//! [RFC 9000]: https://www.rfc-editor.org/rfc/rfc9000
//! [RFC 8446, 7.5]: https://www.rfc-editor.org/rfc/rfc8446#section-7.5

mod address;
mod admission;
mod discovery;
mod endpoints;
mod interfaces;
mod lanes;
pub mod limits;
mod network;
mod pipe;
pub mod probe;
mod server;
mod socket;
mod tls;
mod transport;

pub use lamplit_tls::Identity;
pub use server::{Host, ServerAddress, ServerAddressError, ServerTransport};
pub use transport::{Config, QuicTransport, StartError};
