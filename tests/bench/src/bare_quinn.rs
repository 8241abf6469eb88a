//! Two quinn endpoints and nothing else: the floor under whatever goes over QUIC.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

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

/// An end that waits to be dialled.
pub(crate) struct Waiting {
    endpoint: Endpoint,
    pub(crate) address: SocketAddr,
    /// What it shows, by which it is known.
    pub(crate) certificate: CertificateDer<'static>,
}

impl Waiting {
    /// Listens at an address of this machine.
    pub(crate) fn at(runtime: &Runtime, ip: IpAddr) -> Result<Self> {
        let (server, certificate) = server(&Arc::new(default_provider()))?;
        let _inside = runtime.enter();
        let endpoint = Endpoint::server(quinn::ServerConfig::with_crypto(Arc::new(server)), (ip, 0).into())?;
        Ok(Self { address: endpoint.local_addr()?, endpoint, certificate })
    }

    /// The connection of the next who dials.
    pub(crate) async fn accept(&self) -> Result<Connection> {
        Ok(self.endpoint.accept().await.context("the endpoint is closed")?.await?)
    }
}

/// Dials an end that waits and is known by what it shows.
pub(crate) async fn dial(
    from: IpAddr,
    address: SocketAddr,
    certificate: CertificateDer<'static>,
) -> Result<(Endpoint, Connection)> {
    let dialling = Endpoint::client((from, 0).into())?;
    let config = quinn::ClientConfig::new(Arc::new(client(&Arc::new(default_provider()), certificate)?));
    let connection = dialling.connect_with(config, address, NAME)?.await?;
    Ok((dialling, connection))
}

/// Connects two runtimes.
pub(crate) fn connect(near: &Runtime, far: &Runtime) -> Result<Ends> {
    let here = Ipv4Addr::LOCALHOST.into();
    let waiting = Waiting::at(far, here)?;
    let (address, certificate, endpoint) = (waiting.address, waiting.certificate.clone(), waiting.endpoint.clone());
    let accepted = far.spawn(async move { waiting.accept().await });
    let (dialling, connection) = near.block_on(dial(here, address, certificate))?;
    let accepted: Result<Connection> = near.block_on(accepted)?;
    Ok(Ends { near: connection, far: accepted?, _endpoints: [endpoint, dialling] })
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
