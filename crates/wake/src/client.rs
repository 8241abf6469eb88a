//! How push services are asked: one TLS, with aws-lc, and HTTP/2 where it is spoken.

use std::{path::Path, sync::Arc};

use reqwest::{Client, ClientBuilder, RequestBuilder, Response, redirect::Policy};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::timeout;

use crate::{
    Answer, Cause, ConfigError, Reach, Refusal, limits,
    reach::{Guarded, IsInner, holds},
};

/// For addresses that devices name.
pub(crate) fn guarded(ca: Option<&Path>, reach: Reach) -> Result<Client, ConfigError> {
    // Behind a proxy nobody would see which address a name has.
    let builder = builder(ca, &[b"h2", b"http/1.1"])?.no_proxy().dns_resolver(Guarded(reach));
    builder.build().map_err(|_| ConfigError::Tls)
}

/// For addresses that the operator names.
pub(crate) fn fixed(ca: Option<&Path>) -> Result<Client, ConfigError> {
    builder(ca, &[b"h2", b"http/1.1"])?.build().map_err(|_| ConfigError::Tls)
}

/// The same for who speaks HTTP/2 and nothing else.
pub(crate) fn fixed_http2(ca: Option<&Path>) -> Result<Client, ConfigError> {
    builder(ca, &[b"h2"])?.http2_prior_knowledge().build().map_err(|_| ConfigError::Tls)
}

fn builder(ca: Option<&Path>, speaks: &[&[u8]]) -> Result<ClientBuilder, ConfigError> {
    let mut tls = tls(ca)?;
    tls.alpn_protocols = speaks.iter().map(|protocol| protocol.to_vec()).collect();
    let builder = Client::builder().tls_backend_preconfigured(tls).user_agent("lamplit");
    // A connection that went away without a word would fail one wake after the other.
    let builder = builder.http2_keep_alive_interval(limits::PING).http2_keep_alive_timeout(limits::PONG);
    // Whoever is asked sends us nowhere else.
    Ok(builder.redirect(Policy::none()).https_only(true).connect_timeout(limits::CONNECT).timeout(limits::ANSWER))
}

/// Trusts whom this system trusts, or only whom the file `ca` names.
fn tls(ca: Option<&Path>) -> Result<ClientConfig, ConfigError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| ConfigError::Tls)?;
    let Some(ca) = ca else {
        return Ok(builder.with_platform_verifier().map_err(|_| ConfigError::Tls)?.with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(|_| ConfigError::Ca)? {
        roots.add(certificate.map_err(|_| ConfigError::Ca)?).map_err(|_| ConfigError::Ca)?;
    }
    if roots.is_empty() {
        return Err(ConfigError::Ca);
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Asks, and has the answer's head, or what its absence means.
pub(crate) async fn ask(request: RequestBuilder) -> Result<Response, Answer> {
    request.send().await.map_err(|error| failed(&error))
}

/// The beginning of an answer's body; what breaks off is as good as what came.
pub(crate) async fn body(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend(chunk.into_iter().take(limits::ANSWER_BYTES - body.len()));
            if body.len() >= limits::ANSWER_BYTES {
                break;
            }
        }
    };
    // For who sends byte by byte.
    let _ = timeout(limits::BODY, read).await;
    body
}

/// No answer, or not a whole one.
fn failed(error: &reqwest::Error) -> Answer {
    if holds::<IsInner>(error) {
        return Answer::Refused(Refusal::Inner);
    }
    Answer::later(match (error.is_connect(), error.is_timeout()) {
        (true, _) if holds::<rustls::Error>(error) => Cause::Secure,
        (_, true) => Cause::Silence,
        (true, false) => Cause::Connect,
        (false, false) => Cause::Garbled,
    })
}
