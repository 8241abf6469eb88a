//! HTTPS, with HTTP/2 and HTTP/1.1.

use std::{fs, path::Path, sync::Arc};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivatePkcs8KeyDer};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::TlsAcceptor;

use super::{Heard, Order, SetupError, State, checks, files, lock};

/// Bytes of a request that are read.
const REQUEST: usize = 64 * 1024;

/// Starts on a port of this machine, with a certificate that is written to `certificate`.
pub(super) async fn start(certificate: &Path, state: Arc<State>) -> Result<(u16, JoinSet<()>), SetupError> {
    let key = rcgen::KeyPair::generate()?;
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let own = rcgen::CertificateParams::new(names)?.self_signed(&key)?;
    fs::write(certificate, files::pem("CERTIFICATE", own.der()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, state) = (acceptor.clone(), state.clone());
            connections.spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request| answer(state.clone(), request));
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok((port, serving))
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, SetupError> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, REQUEST).collect().await?.to_bytes().to_vec();
    let headers = head.headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    let heard = Heard {
        version: format!("{:?}", head.version),
        path: head.uri.path().to_owned(),
        headers: headers.collect(),
        body,
    };
    lock(&state.heard).push(heard.clone());
    let is_token = heard.path == "/token";
    // What is wrong is told also to who was to be told something else.
    let right = checks::answer(&state, &heard);
    let order = lock(&state.orders).pop_front_if(|_| !is_token && right.0 < 300);
    let (status, headers, body) = match order {
        None => (right.0, Vec::new(), right.1),
        Some(Order::Say(status, headers, body)) => (status, headers, body.to_owned()),
        Some(Order::Silence) => return core::future::pending().await,
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(body.into_bytes().into()))?)
}
