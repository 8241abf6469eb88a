//! One TLS, with aws-lc.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::ConfigError;

/// A client that trusts whom this system trusts, or only whom the file `ca` names.
pub(crate) fn client(ca: Option<&Path>) -> Result<ClientConfig, ConfigError> {
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

#[cfg(test)]
pub(crate) mod tests;
