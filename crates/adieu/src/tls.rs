//! TLS: a listener's certificate, and how it is replaced while the listener serves.
//!
//! TLS 1.2 and 1.3, HTTP/2 where a client can speak it. Files that can't be used keep the certificate that is; no
//! connection is dropped for a new one. Keys appear in no log.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{DEFAULT_VERSIONS, ServerConfig};
use x509_parser::extensions::GeneralName;

use crate::config::TlsFiles;
use crate::metering;

/// How often the files are looked at. Certificates are replaced days before they run out.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A chain of certificates is far smaller.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// What is spoken over TLS, as ALPN names it, dearest first.
const PROTOCOLS: [&[u8]; 2] = [H2, b"http/1.1"];

/// HTTP/2, as ALPN names it.
pub(crate) const H2: &[u8] = b"h2";

/// TLS of one listener. Clones are handles of the same one.
#[derive(Clone)]
pub(crate) struct Tls {
    /// Does the handshakes.
    pub(crate) acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
}

impl Tls {
    /// TLS with the certificate of these files, for the listener of this name.
    pub(crate) fn with(files: TlsFiles, listener: &'static str) -> Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let certificate = Arc::new(Certificate::of(files, Arc::clone(&provider), listener)?);
        let resolver = Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(DEFAULT_VERSIONS)
            .context("TLS")?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    /// Whether these files can be used; nothing is done with them.
    pub(crate) fn check(files: TlsFiles) -> Result<()> {
        Read::of(files, &aws_lc_rs::default_provider()).map(drop)
    }

    /// The names that the certificate of these files is for, if a host is none of them. None also where the file can't be read:
    /// that is a fault, and told as one.
    pub(crate) fn names_beside(files: &TlsFiles, host: &str) -> Option<Vec<String>> {
        let first = CertificateDer::pem_slice_iter(&bytes(&files.cert).ok()?).next()?.ok()?;
        let host = ServerName::try_from(host).ok()?;
        let parsed = ParsedCertificate::try_from(&first).ok()?;
        verify_server_name(&parsed, &host).is_err().then(|| names(&first))
    }

    /// Reads the certificate of these files, without using it yet.
    pub(crate) fn read(&self, files: TlsFiles) -> Result<Read> {
        Read::of(files, &self.certificate.provider)
    }

    /// Uses what was read, and watches its files from now on.
    pub(crate) fn take(&self, read: Read) {
        self.certificate.take(read);
    }

    /// Looks at the files now and then, until it is told to stop.
    pub(crate) async fn watch(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let certificate = Arc::clone(&self.certificate);
            // Files may lie on something slow. That it could not run is no reason to stop looking.
            let _ = tokio::task::spawn_blocking(move || certificate.look()).await;
        }
    }
}

/// The certificate that new connections get.
struct Certificate {
    /// The name of the listener, for the metrics.
    listener: &'static str,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<CertifiedKey>,
    source: Mutex<Source>,
}

/// Where it is from.
struct Source {
    files: TlsFiles,
    /// How the files were when they were last read, whatever came of it: what is broken is said once.
    read_at: [Option<Stamp>; 2],
}

/// What changes when a file does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    inode: u64,
    bytes: u64,
}

impl Stamp {
    /// None if there is no such file: it may be about to be replaced.
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let now = std::fs::metadata(path).ok()?;
        Some(Self { modified: now.modified().ok()?, inode: now.ino(), bytes: now.len() })
    }
}

fn stamps(files: &TlsFiles) -> [Option<Stamp>; 2] {
    [Stamp::of(&files.cert), Stamp::of(&files.key)]
}

/// A certificate that was read and is sound.
pub(crate) struct Read {
    certified: CertifiedKey,
    source: Source,
}

impl Read {
    fn of(files: TlsFiles, provider: &CryptoProvider) -> Result<Self> {
        let read_at = stamps(&files); // Before the reading: what changes meanwhile is seen at the next look.
        Ok(Self { certified: read(&files, provider)?, source: Source { files, read_at } })
    }
}

impl Certificate {
    fn of(files: TlsFiles, provider: Arc<CryptoProvider>, listener: &'static str) -> Result<Self> {
        let Read { certified, source } = Read::of(files, &provider)?;
        tell_expiry(listener, &certified);
        Ok(Self { listener, provider, current: ArcSwap::from_pointee(certified), source: Mutex::new(source) })
    }

    fn take(&self, read: Read) {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        tell_expiry(self.listener, &read.certified);
        self.current.store(Arc::new(read.certified));
        *source = read.source;
    }

    /// Reads the files if they changed since they were last read.
    fn look(&self) {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamps(&source.files);
        if now == source.read_at {
            return;
        }
        source.read_at = now; // Taken before the reading: what changes meanwhile is seen the next time.
        let cert = source.files.cert.display();
        match read(&source.files, &self.provider) {
            Ok(new) => {
                tell_expiry(self.listener, &new);
                self.current.store(Arc::new(new));
                tracing::info!(%cert, "a new certificate is in use");
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(%cert, error, "the new certificate can't be used; the old one stays");
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

/// Tells the metrics when the first certificate of a chain runs out; one that can't be read has been refused before.
fn tell_expiry(listener: &'static str, certified: &CertifiedKey) {
    let ends = certified.cert.iter().filter_map(|der| {
        let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
        Some(certificate.validity().not_after.timestamp())
    });
    if let Some(first) = ends.min() {
        metering::certificate_runs_out(listener, first);
    }
}

/// Shows nothing of the key.
impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

/// The certificate of these files, which must belong to their key.
fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey> {
    let (cert, key) = (files.cert.display(), files.key.display());
    let chain = CertificateDer::pem_slice_iter(&bytes(&files.cert)?)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{cert} is no PEM"))?;
    ensure!(!chain.is_empty(), "{cert} holds no certificate");
    let secret = PrivateKeyDer::from_pem_slice(&bytes(&files.key)?)
        .with_context(|| format!("{key} holds no private key in PEM"))?;
    CertifiedKey::from_der(chain, secret, provider).with_context(|| format!("{cert} with {key}"))
}

/// The hosts that a certificate names; in one of an older kind only its subject has a name, which nobody takes for a host.
fn names(der: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(der) else { return Vec::new() };
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let alternatives = alternatives.map(|names| &names.value.general_names).into_iter().flatten();
    let named = alternatives.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    });
    let named: Vec<String> = named.collect();
    if !named.is_empty() {
        return named;
    }
    let subject = certificate.subject().to_string();
    if subject.is_empty() { Vec::new() } else { vec![format!("{subject} (a subject, no host)")] }
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(|bytes| IpAddr::from(bytes).to_string());
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(|bytes| IpAddr::from(bytes).to_string())).ok()
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read;
    let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).with_context(|| path.display().to_string())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair {
        cert: String,
        key: String,
    }

    fn pair() -> Pair {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        Pair { cert: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    /// Replaces the files as tools do: written beside, then moved over.
    fn put(folder: &Path, cert: &str, key: &str) -> TlsFiles {
        let files = TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
        for (path, text) in [(&files.cert, cert), (&files.key, key)] {
            let beside = path.with_extension("new");
            std::fs::write(&beside, text).expect("a file");
            std::fs::rename(&beside, path).expect("a move");
        }
        files
    }

    fn shown(certificate: &Certificate) -> Vec<u8> {
        certificate.current.load().cert[0].to_vec()
    }

    /// Goal: a renewed certificate is taken, and a broken one never.
    #[test]
    fn new_files_are_taken_and_broken_ones_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let (old, new) = (pair(), pair());
        let files = put(folder.path(), &old.cert, &old.key);
        let certificate =
            Certificate::of(files, Arc::new(aws_lc_rs::default_provider()), "public").expect("sound");
        let first = shown(&certificate);
        for (cert, key) in [("nothing", old.key.as_str()), (&new.cert, &old.key), (&new.cert, "")] {
            put(folder.path(), cert, key);
            certificate.look();
            assert_eq!(shown(&certificate), first, "the old one stays");
        }
        std::fs::remove_file(folder.path().join("cert.pem")).expect("gone");
        certificate.look();
        assert_eq!(shown(&certificate), first, "the old one stays");
        put(folder.path(), &new.cert, &new.key);
        certificate.look();
        assert_ne!(shown(&certificate), first, "the new one is taken");
    }

    #[test]
    fn a_certificate_that_can_not_be_used_says_which_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let pair = pair();
        for (cert, key, wrong) in [
            ("", pair.key.as_str(), "cert.pem holds no certificate"),
            (&pair.cert, "no key", "key.pem holds no private key"),
        ] {
            let files = put(folder.path(), cert, key);
            let error = Tls::with(files, "public").err().expect("refused");
            assert!(format!("{error:#}").contains(wrong), "{error:#}");
        }
        let nowhere = TlsFiles { cert: folder.path().join("none"), key: folder.path().join("none") };
        assert!(Tls::with(nowhere, "public").is_err());
    }
}
