//! What an address of a store says, before anybody connects to it.
//!
//! Nothing here connects, and no text contains a password.

use std::net::IpAddr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::Options;
use crate::error::OpenError;
use crate::tls;

/// An address that is sound.
#[derive(Clone, Debug)]
pub struct StoreAddress {
    /// Whether a password stands in it.
    pub has_password: bool,
    /// Whether it leads to this machine only: by sockets, or by addresses of this machine.
    pub stays_here: bool,
    /// Where it leads: hosts, ports and database, without user and password.
    pub shown: String,
}

impl Options {
    /// What the address says, if it is sound and what it trusts can be read.
    ///
    /// # Errors
    /// If it is no address, or the certificates that are to be trusted can't be read.
    pub fn address(&self) -> Result<StoreAddress, OpenError> {
        let config = parsed(&self.url)?;
        tls::trust(&config, self.roots.as_deref())?;
        Ok(StoreAddress {
            has_password: config.get_password().is_some(),
            stays_here: config.get_hosts().iter().all(is_here),
            shown: shown(&config),
        })
    }

    /// Whether the address wants a connection that others can't read.
    pub fn wants_tls(&self) -> bool {
        parsed(&self.url).is_ok_and(|config| config.get_ssl_mode() == SslMode::Require)
    }
}

/// The address as the client library reads it.
pub(crate) fn parsed(url: &str) -> Result<Config, OpenError> {
    let config: Config =
        url.parse().map_err(|error: tokio_postgres::Error| OpenError::Address(error.to_string()))?;
    if config.get_hosts().is_empty() {
        return Err(OpenError::Address("it names no host".into()));
    }
    // What stands behind the first `@` of two is not a host, but the end of a password: nobody is asked about it, and nobody is told.
    if config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if !is_host(name))) {
        return Err(OpenError::Address(
            "a host is a name or an address: an `@` in a password is written %40".into(),
        ));
    }
    Ok(config)
}

/// Whether a text can be the name or the address of a host.
fn is_host(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || ".-_:%[]".contains(c))
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
        Host::Unix(_) => true,
    }
}

fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |n: usize| ports.get(n).or(ports.first()).copied().unwrap_or(5432);
    let host = |(n, host): (usize, &Host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(n)),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let hosts: Vec<_> = config.get_hosts().iter().enumerate().map(host).collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("PostgreSQL database {database} at {}", hosts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<StoreAddress, String> {
        Options::of(url).address().map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_says_where_it_leads_and_not_by_which_password() {
        for (url, has_password, stays_here, shown) in [
            ("postgres://ada:hunter2@db.test:6432/adieu", true, false, "database adieu at db.test:6432"),
            ("postgresql://ada@one,two:5433/adieu", false, false, "database adieu at one:5432, two:5433"),
            ("postgres://ada@127.0.0.1/adieu", false, true, "database adieu at 127.0.0.1:5432"),
            ("postgres://ada@%2Frun%2Fpostgresql/adieu", false, true, "database adieu at /run/postgresql"),
            ("host=/run/postgresql user=ada", false, true, "database ada at /run/postgresql"),
        ] {
            let address = address(url).expect(url);
            assert_eq!((address.has_password, address.stays_here), (has_password, stays_here), "{url}");
            assert_eq!(address.shown, format!("PostgreSQL {shown}"), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for url in [
            "postgres://ada:hunter2@db.test:port/adieu",
            "postgres://ada:hunter2@db.test/adieu?sslmode=sometimes",
            "mysql://ada:hunter2@db.test/adieu",
            "ada:hunter2",
            "postgres://ada:secret@hunter2@db.test/adieu",
            "user=ada password=hunter2",
            "",
        ] {
            let refused = address(url).expect_err(url);
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        let refused = address("postgres://ada@db.test/adieu?sslmode=require").expect_err("nobody is trusted");
        assert!(refused.contains("needs a file of certificates"), "{refused}");
    }
}
