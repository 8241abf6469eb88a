//! Bytes there and back over quinn and nothing else.

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::{Context, Result};
use quinn::{
    Connection, Endpoint, RecvStream, SendStream,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs::default_provider},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    version::TLS13,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Mutex,
};

const NAME: &str = "echo.invalid";

pub(crate) struct BareEcho {
    stream: Mutex<(SendStream, RecvStream)>,
    bytes: usize,
    near: Runtime,
    /// Kept, since dropping them ends the connection.
    _far: Runtime,
    _ends: (Endpoint, Endpoint, Connection),
}

impl BareEcho {
    /// Two endpoints on loopback, each with a runtime of its own, and one stream between them.
    pub(crate) fn start(bytes: usize) -> Result<Self> {
        let [near, far] = [(); 2].map(|()| Builder::new_multi_thread().enable_all().build());
        let (near, far) = (near?, far?);
        let provider = Arc::new(default_provider());
        let (server, certificate) = server(&provider)?;
        let here = (Ipv4Addr::LOCALHOST, 0).into();
        let listening = {
            let _inside = far.enter();
            Endpoint::server(quinn::ServerConfig::with_crypto(Arc::new(server)), here)?
        };
        let address = listening.local_addr()?;
        far.spawn(echo_all(listening.clone(), bytes));
        let client = client(&provider, certificate)?;
        let (dialling, connection, stream) = near.block_on(async {
            let dialling = Endpoint::client(here)?;
            let config = quinn::ClientConfig::new(Arc::new(client));
            let connection = dialling.connect_with(config, address, NAME)?.await?;
            let stream = connection.open_bi().await?;
            anyhow::Ok((dialling, connection, stream))
        })?;
        let ends = (listening, dialling, connection);
        Ok(Self { stream: Mutex::new(stream), bytes, near, _far: far, _ends: ends })
    }

    /// There and back.
    pub(crate) fn round(&self) -> Result<()> {
        self.near.block_on(async {
            let (send, receive) = &mut *self.stream.lock().await;
            let mut bytes = vec![7; self.bytes];
            send.write_all(&bytes).await?;
            receive.read_exact(&mut bytes).await?;
            Ok(())
        })
    }
}

async fn echo_all(endpoint: Endpoint, bytes: usize) -> Result<()> {
    let connection = endpoint.accept().await.context("the endpoint is closed")?.await?;
    let (mut send, mut receive) = connection.accept_bi().await?;
    let mut buffer = vec![0; bytes];
    loop {
        receive.read_exact(&mut buffer).await?;
        send.write_all(&buffer).await?;
    }
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
