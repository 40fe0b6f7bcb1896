//! TLS to the database, as its address asks for it.
//!
//! `sslmode=require` here means that the certificate is verified: a connection that anybody could have answered is none.

use std::path::Path;
use std::sync::Arc;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::error::OpenError;

/// Whom a connection trusts.
pub(crate) enum Trust {
    /// It is not encrypted: a socket, or a network of one's own.
    Nobody,
    /// Certificates of these authorities.
    Roots(MakeRustlsConnect),
}

/// Whom connections of a configuration trust.
pub(crate) fn trust(config: &Config, roots: Option<&Path>) -> Result<Trust, OpenError> {
    let is_asked_for = config.get_ssl_mode() == SslMode::Require;
    let Some(path) = roots else {
        if is_asked_for {
            return Err(OpenError::Roots("sslmode=require needs a file of certificates to trust".into()));
        }
        return Ok(Trust::Nobody);
    };
    let refused = |error: &dyn std::fmt::Display| OpenError::Roots(format!("{}: {error}", path.display()));
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refused(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refused(&error))?;
        store.add(certificate).map_err(|error| refused(&error))?;
    }
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&error))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(Trust::Roots(MakeRustlsConnect::new(tls)))
}
