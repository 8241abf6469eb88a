use std::sync::Arc;

use lamplit_tls::{Callers, Expected, Identity, KeyPair, TlsError, accepting, dialling};
pub(crate) use lamplit_tls::{NOBODY, provider};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::crypto::CryptoProvider;

/// What both sides must speak (RFC 7301).
const ALPN: &[u8] = b"lamplit/1";
/// Label of the binding (RFC 8446 7.5; the prefix is for labels that are registered nowhere).
const BINDING_LABEL: &[u8] = b"EXPORTER-lamplit-link";

/// The same between a device and a server.
const SERVER_ALPN: &[u8] = b"lamplit-server/1";
const SERVER_BINDING_LABEL: &[u8] = b"EXPORTER-lamplit-server";

/// Accepts callers under a raw public key (RFC 7250) that was drawn just now and dies with the process.
pub(crate) fn server(provider: &Arc<CryptoProvider>) -> Result<QuicServerConfig, TlsError> {
    accepting(provider, ALPN, Arc::new(KeyPair::generate()?), Callers::Nameless)
}

/// Dials anybody.
pub(crate) fn client(provider: &Arc<CryptoProvider>) -> Result<QuicClientConfig, TlsError> {
    dialling(provider, ALPN, None, Expected::Anyone)
}

/// 32 bytes that both ends of this connection derive and nobody else can, also not one who sits between two.
pub(crate) fn binding(connection: &quinn::Connection) -> Option<[u8; 32]> {
    lamplit_tls::binding(connection, BINDING_LABEL)
}

/// Dials the server whose key is `expected`, as the device whose key is `own`.
pub(crate) fn to_server(
    provider: &Arc<CryptoProvider>,
    own: Arc<dyn Identity>,
    expected: [u8; 32],
) -> Result<QuicClientConfig, TlsError> {
    dialling(provider, SERVER_ALPN, Some(own), Expected::Only(expected))
}

/// As [`binding`], on a connection to a server.
pub(crate) fn server_binding(connection: &quinn::Connection) -> Option<[u8; 32]> {
    lamplit_tls::binding(connection, SERVER_BINDING_LABEL)
}
