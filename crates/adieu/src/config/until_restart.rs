//! A configuration as it counts in a server that runs, until its next restart.
//!
//! A listener that is to be bound elsewhere, or with TLS where it had none, stays where it is until then. Whatever leads to it
//! waits with it: its addresses, its certificate, the proxies before it. Else links and issuers would name a port at which nobody
//! listens (decision 0087).

use std::net::SocketAddr;

use crate::config::{AdminConfig, Config, PingOneConfig, Public};

/// A wanted configuration as it counts in a server that runs by another one.
pub struct UntilRestart {
    /// It, with what waits for the restart as it is now.
    pub config: Config,
    /// Whether the public listener waits.
    pub public_waits: bool,
    /// Whether the admin listener waits.
    pub admin_waits: bool,
}

impl UntilRestart {
    /// What counts of the wanted configuration while a server runs by the present one.
    pub fn of(present: &Config, wanted: &Config) -> Self {
        let mut config = wanted.clone();
        // Which addresses and which costs of a password are allowed goes by the mode, which takes a restart as those costs do.
        config.development = present.development;
        config.passwords = present.passwords.clone();
        let public_waits = bound_public(&present.public) != bound_public(&wanted.public);
        if public_waits {
            keep_public(present, &mut config);
        }
        let admin_waits = bound_admin(&present.admin) != bound_admin(&wanted.admin);
        if admin_waits {
            let AdminConfig { listen, url, tls_cert, tls_key, .. } = present.admin.clone();
            config.admin = AdminConfig { listen, url, tls_cert, tls_key, ..config.admin };
        }
        Self { config, public_waits, admin_waits }
    }
}

/// What is settled when a listener is bound: where it is, and whether it speaks TLS at all.
fn bound_public(public: &Public) -> (SocketAddr, bool) {
    (public.listen, public.tls().is_some())
}

fn bound_admin(admin: &AdminConfig) -> (SocketAddr, bool) {
    (admin.listen, admin.tls().is_some())
}

/// The public listener with every address that leads to it. A realm that is new has the address that is wanted for it.
fn keep_public(present: &Config, config: &mut Config) {
    let Public { listen, url, tls_cert, tls_key, trusted_proxies, proxy_header, .. } = present.public.clone();
    let wanted = config.public.clone();
    config.public = Public { listen, url, tls_cert, tls_key, trusted_proxies, proxy_header, ..wanted };
    config.kratos.url.clone_from(&present.kratos.url);
    let PingOneConfig { auth_url, api_url, apps_url, .. } = present.pingone.clone();
    config.pingone = PingOneConfig { auth_url, api_url, apps_url, ..config.pingone.clone() };
    for realm in &mut config.realms {
        if let Some(before) = present.realms.iter().find(|before| before.path == realm.path) {
            realm.pingone_url.clone_from(&before.pingone_url);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::changes::differing;

    /// Goal: with a listener that waits for a restart waits all that leads to it, and nothing else.
    #[test]
    fn a_listener_waits_whole() {
        let present = Config::default();
        let mut wanted = present.clone();
        wanted.public.url = "https://id.example.test".into();
        wanted.public.trusted_proxies = vec!["127.0.0.1".into()];
        wanted.public.hsts_s = 1;
        wanted.kratos.url = "https://kratos.example.test".into();
        wanted.pingone.auth_url = "https://auth.example.test".into();
        wanted.pingone.api_url = "https://api.example.test".into();
        wanted.pingone.apps_url = "https://apps.example.test".into();
        wanted.realms[0].pingone_url = Some("https://alpha.example.test".into());
        let waits = |wanted: &Config| -> Vec<String> {
            differing(&UntilRestart::of(&present, wanted).config, wanted).into_iter().collect()
        };
        assert_eq!(waits(&wanted), [""; 0], "no listener is to be bound anew");
        let addresses = ["kratos.url", "pingone.api_url", "pingone.apps_url", "pingone.auth_url"];
        let of_public = ["public.trusted_proxies", "public.url", "realms.pingone_url"];
        let expected = |bound: &[&'static str]| {
            let mut keys = [&addresses[..], &of_public[..], bound].concat();
            keys.sort_unstable();
            keys
        };
        let mut moved = wanted.clone();
        moved.public.listen = ([127, 0, 0, 1], 9999).into();
        assert_eq!(waits(&moved), expected(&["public.listen"]));
        let mut secured = wanted.clone();
        secured.public.tls_cert = "cert.pem".into();
        secured.public.tls_key = "key.pem".into();
        assert_eq!(waits(&secured), expected(&["public.tls_cert", "public.tls_key"]));

        let mut admin = present.clone();
        admin.admin.listen = ([127, 0, 0, 1], 9998).into();
        admin.admin.url = "http://127.0.0.1:9998".into();
        admin.admin.token = "0123456789abcdef".into();
        assert_eq!(waits(&admin), ["admin.listen", "admin.url"]);
    }
}
