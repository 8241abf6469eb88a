use std::sync::Arc;

use quinn::crypto::rustls::{NoInitialCipherSuite, QuicClientConfig, QuicServerConfig};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group, sign::any_eddsa_type};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, ServerConfig, SignatureScheme};
use zeroize::Zeroizing;

/// What both sides must speak (RFC 7301).
const ALPN: &[u8] = b"lamplit/1";
/// rustls wants a name to dial; it is never sent, and no name is checked.
pub(crate) const NOBODY: &str = "lamplit.invalid";
/// Label of the binding (RFC 8446 7.5; the prefix is for labels that are registered nowhere).
const BINDING_LABEL: &[u8] = b"EXPORTER-lamplit-link";
/// What precedes the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 7).
const ED25519_PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("the system gave no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    #[error(transparent)]
    Rustls(#[from] Error),
    #[error(transparent)]
    Quic(#[from] NoInitialCipherSuite),
}

/// aws-lc with one key exchange, which no attacker can talk us out of.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider { kx_groups: vec![kx_group::X25519MLKEM768], ..default_provider() })
}

/// Accepts callers under a raw public key (RFC 7250) that was drawn just now and dies with the process.
pub(crate) fn server(provider: &Arc<CryptoProvider>) -> Result<QuicServerConfig, TlsError> {
    let mut key = Zeroizing::new([0; 48]);
    let (head, seed) = key.split_at_mut(ED25519_PKCS8.len());
    head.copy_from_slice(&ED25519_PKCS8);
    getrandom::fill(seed)?;
    let key = any_eddsa_type(&PrivatePkcs8KeyDer::from(key.as_slice()))?;
    let public = key.public_key().ok_or(Error::NoCertificatesPresented)?.to_vec();
    let key = CertifiedKey::new(vec![CertificateDer::from(public)], key);

    let mut config = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::new(key))));
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A ticket would let whoever sees it again link two connections.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config.try_into()?)
}

/// Dials anybody.
pub(crate) fn client(provider: &Arc<CryptoProvider>) -> Result<QuicClientConfig, TlsError> {
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyKey(provider.clone())))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.enable_sni = false;
    config.resumption = Resumption::disabled();
    Ok(config.try_into()?)
}

/// 32 bytes that both ends of this connection derive and nobody else can, also not one who sits between two.
pub(crate) fn binding(connection: &quinn::Connection) -> Option<[u8; 32]> {
    let mut binding = [0; 32];
    connection.export_keying_material(&mut binding, BINDING_LABEL, &[]).ok()?;
    Some(binding)
}

/// Takes any raw key whose owner signed the handshake: who that is, the handshake above finds out.
#[derive(Debug)]
struct AnyKey(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyKey {
    fn verify_server_cert(
        &self,
        _key: &CertificateDer<'_>,
        _more: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _key: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(key.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
