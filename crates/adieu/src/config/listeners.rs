//! What the keys of the two listeners come to: certificates, proxies, the admin listener's credential.
//!
//! Whether they fit together is said where a configuration is loaded.

use std::path::{Path, PathBuf};

use adieu_http_kit::forwarded::Style;

use crate::config::secret::NoCredential;
use crate::config::{AdminConfig, Public, Secret, secret};

/// Where a listener's certificate and its key lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and what it is signed by, in PEM.
    pub cert: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Both files; none where none are named.
    fn named(cert: &Path, key: &Path) -> Option<Self> {
        let named = !cert.as_os_str().is_empty() && !key.as_os_str().is_empty();
        named.then(|| Self { cert: cert.into(), key: key.into() })
    }
}

impl Public {
    /// The files of its certificate.
    pub fn tls(&self) -> Option<TlsFiles> {
        TlsFiles::named(&self.tls_cert, &self.tls_key)
    }

    /// Which headers its proxies write.
    pub fn proxy_style(&self) -> Style {
        if self.proxy_header == "forwarded" { Style::Forwarded } else { Style::XForwarded }
    }
}

impl AdminConfig {
    /// The credential that the listener asks for, if one is configured; the reason if it can't be used.
    pub fn credential(&self) -> Result<Option<Secret>, NoCredential> {
        secret::credential(&self.token, &self.token_file)
    }

    /// The files of its certificate.
    pub fn tls(&self) -> Option<TlsFiles> {
        TlsFiles::named(&self.tls_cert, &self.tls_key)
    }
}
