use std::sync::Arc;

use quinn::crypto::rustls::{NoInitialCipherSuite, QuicClientConfig, QuicServerConfig};
use quinn::{ConnectionError, TransportErrorCode};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::version::TLS13;
use rustls::{AlertDescription, ClientConfig, Error, ServerConfig};

use crate::Identity;
use crate::key::certified;
use crate::verify::RawKeys;

/// rustls wants a name to dial; it is never sent, and no name is checked.
pub const NOBODY: &str = "lamplit.invalid";

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No key could be drawn.
    #[error("the system gave no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// rustls refuses the configuration.
    #[error(transparent)]
    Rustls(#[from] Error),
    /// quinn does.
    #[error(transparent)]
    Quic(#[from] NoInitialCipherSuite),
}

/// Whose key is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anybody's: who that is, something above finds out.
    Anyone,
    /// This one alone. Nothing is told to whoever shows another, not even who asks.
    Only([u8; 32]),
}

/// What callers show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Nothing.
    Nameless,
    /// A raw key, whosever it is. Without one there is no connection.
    WithKey,
}

/// aws-lc with one key exchange, which no attacker can talk us out of.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider { kx_groups: vec![kx_group::X25519MLKEM768], ..default_provider() })
}

/// Accepts callers who speak `alpn` (RFC 7301).
///
/// # Errors
/// [`TlsError`], which the configuration here gives no reason for.
pub fn accepting(
    provider: &Arc<CryptoProvider>,
    alpn: &[u8],
    own: Arc<dyn Identity>,
    callers: Callers,
) -> Result<QuicServerConfig, TlsError> {
    let config = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[&TLS13])?;
    let config = match callers {
        Callers::Nameless => config.with_no_client_auth(),
        Callers::WithKey => config.with_client_cert_verifier(RawKeys::new(provider, Expected::Anyone)),
    };
    let mut config = config.with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(certified(own))));
    config.alpn_protocols = vec![alpn.to_vec()];
    // A ticket would let whoever sees it again link two connections.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config.try_into()?)
}

/// Dials who speaks `alpn` and has a key that is `expected`; shows `own` if there is one.
///
/// # Errors
/// [`TlsError`], which the configuration here gives no reason for.
pub fn dialling(
    provider: &Arc<CryptoProvider>,
    alpn: &[u8],
    own: Option<Arc<dyn Identity>>,
    expected: Expected,
) -> Result<QuicClientConfig, TlsError> {
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(RawKeys::new(provider, expected));
    let mut config = match own {
        None => config.with_no_client_auth(),
        Some(own) => config.with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(certified(own)))),
    };
    config.alpn_protocols = vec![alpn.to_vec()];
    config.enable_sni = false;
    config.resumption = Resumption::disabled();
    Ok(config.try_into()?)
}

/// Whether a dial failed because the key shown was not the one expected.
pub fn is_another_key(error: &ConnectionError) -> bool {
    // Only the verifier here gives this alert: what the other side says comes as another error.
    let denied = TransportErrorCode::crypto(AlertDescription::AccessDenied.into());
    matches!(error, ConnectionError::TransportError(error) if error.code == denied)
}

/// 32 bytes that both ends of this connection derive under `label` and nobody else can, also not one who sits between two
/// (RFC 8446 7.5).
pub fn binding(connection: &quinn::Connection, label: &[u8]) -> Option<[u8; 32]> {
    let mut binding = [0; 32];
    connection.export_keying_material(&mut binding, label, &[]).ok()?;
    Some(binding)
}

#[cfg(test)]
mod tests;
