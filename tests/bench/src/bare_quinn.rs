//! Two quinn endpoints on loopback and nothing else: the floor under whatever goes over QUIC.

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::{Context, Result};
use quinn::{
    Connection, Endpoint,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs::default_provider},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    version::TLS13,
};
use tokio::runtime::Runtime;

const NAME: &str = "echo.invalid";

/// Both ends of a connection. It ends when this is dropped.
pub(crate) struct Ends {
    pub(crate) near: Connection,
    pub(crate) far: Connection,
    _endpoints: [Endpoint; 2],
}

/// Connects two runtimes.
pub(crate) fn connect(near: &Runtime, far: &Runtime) -> Result<Ends> {
    let provider = Arc::new(default_provider());
    let (server, certificate) = server(&provider)?;
    let here = (Ipv4Addr::LOCALHOST, 0).into();
    let listening = {
        let _inside = far.enter();
        Endpoint::server(quinn::ServerConfig::with_crypto(Arc::new(server)), here)?
    };
    let address = listening.local_addr()?;
    let accepting = listening.clone();
    let accepted = far.spawn(async move { Ok(accepting.accept().await.context("the endpoint is closed")?.await?) });
    let client = client(&provider, certificate)?;
    let (dialling, connection): (Endpoint, Connection) = near.block_on(async {
        let dialling = Endpoint::client(here)?;
        let config = quinn::ClientConfig::new(Arc::new(client));
        let connection = dialling.connect_with(config, address, NAME)?.await?;
        anyhow::Ok((dialling, connection))
    })?;
    let accepted: Result<Connection> = near.block_on(accepted)?;
    Ok(Ends { near: connection, far: accepted?, _endpoints: [listening, dialling] })
}

fn server(provider: &Arc<CryptoProvider>) -> Result<(QuicServerConfig, CertificateDer<'static>)> {
    let own = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    let certificate = own.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)?;
    Ok((config.try_into()?, certificate))
}

fn client(provider: &Arc<CryptoProvider>, trusted: CertificateDer<'static>) -> Result<QuicClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted)?;
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config.try_into()?)
}
