//! The files that a configuration names, read and judged as the server reads them: certificates, the credential of the admin
//! listener, the identity schema, and what the database is reached by.
//!
//! What is read is not kept: whoever serves reads it again. Contents of files are never shown.

use std::path::Path;

use adieu_http_kit::companion::Companions;
use adieu_store_postgres::OpenError;

use crate::config::faults::RefusedValue;
use crate::config::rules::Refusals;
use crate::config::store::within_reach;
use crate::config::{Config, StoreConfig, TlsFiles};
use crate::faces;
use crate::tls::Tls;

/// Every file that can't be used.
pub(super) fn check(config: &Config) -> Refusals {
    let credential = config.admin.credential().err();
    let credential =
        credential.map(|no| (no.key.to_owned(), RefusedValue { value: None, reason: no.reason }));
    let certificates = [("public", config.public.tls()), ("admin", config.admin.tls())];
    let certificates = certificates.into_iter().filter_map(|(section, files)| certificate(section, files?));
    let schema = faces::kratos_settings(config, Companions::default())
        .and_then(|settings| Ok(adieu_face_kratos::check(&settings)?))
        .err()
        .map(|error| {
            refused("kratos.schema_file", Path::new(&config.kratos.schema_file), &format!("{error:#}"))
        });
    credential.into_iter().chain(certificates).chain(schema).chain(store(&config.store)).collect()
}

/// The address of the database and what is read to reach it. No text shows the address.
fn store(store: &StoreConfig) -> Refusals {
    let mut refusals = Vec::new();
    if let Some(Err(error)) = store.address() {
        let key = match error {
            OpenError::Roots(_) => "store.ca_file",
            _ => "store.url",
        };
        refusals.push((key.to_owned(), RefusedValue { value: None, reason: error.to_string() }));
    }
    let password = &store.password_file;
    if !password.as_os_str().is_empty()
        && let Err(error) = std::fs::read_to_string(within_reach(password))
    {
        refusals.push(refused("store.password_file", password, &format!("it can't be read: {error}")));
    }
    if let Err(no) = store.installation_key() {
        refusals.push((no.key.to_owned(), RefusedValue { value: None, reason: no.reason }));
    }
    refusals
}

fn certificate(section: &str, files: TlsFiles) -> Option<(String, RefusedValue)> {
    let (cert, key) = (files.cert.clone(), files.key.clone());
    let reason = format!("{:#}", Tls::check(files).err()?);
    // The reason begins with the file that it speaks of; both of them, where they do not belong together.
    let of_key = reason.starts_with(&*key.display().to_string()) && key != cert;
    let (name, path) = if of_key { ("tls_key", key) } else { ("tls_cert", cert) };
    Some(refused(&format!("{section}.{name}"), &path, &reason))
}

fn refused(key: &str, path: &Path, reason: &str) -> (String, RefusedValue) {
    (
        key.to_owned(),
        RefusedValue { value: Some(format!("{:?}", path.display().to_string())), reason: reason.to_owned() },
    )
}
