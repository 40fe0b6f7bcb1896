//! Which variables of the environment are keys of the configuration, and which are not ours.
//!
//! `ADIEU_KRATOS__COOKIE_NAME` is `kratos.cookie_name`. Kubernetes puts variables of every Service into every pod: those of
//! a Service named `adieu`, or `adieu-…`, begin like ours and are passed over. Everything else that begins so is refused.

use crate::config::keys::{Key, LISTS, keys};

/// How our variables begin.
const PREFIX: &str = "ADIEU_";

/// Variables of ours that are no configuration: where the file is, and a secret of one command.
const OTHERS: [&str; 2] = ["ADIEU_CONFIG", "ADIEU_PASSWORD"];

/// A short name beside the usual one.
const ALIAS: (&str, &str) = ("ADIEU_STORE", "store.url");

/// What a variable is.
pub(super) enum Variable {
    /// It sets this key.
    Sets(&'static Key),
    /// It sets this list of tables.
    SetsList(&'static str),
    /// It is none of ours.
    NotOurs,
    /// The name is not known; the reason, with the nearest known name.
    Unknown(String),
}

impl Variable {
    pub(super) fn of(name: &str, value: &str) -> Self {
        let Some(rest) = name.strip_prefix(PREFIX) else { return Self::NotOurs };
        if OTHERS.contains(&name) || is_of_a_service(rest, value) {
            return Self::NotOurs;
        }
        if name == ALIAS.0
            && let Some(key) = keys().find(|key| key.path == ALIAS.1)
        {
            return Self::Sets(key);
        }
        let path = rest.split("__").map(str::to_lowercase).collect::<Vec<_>>().join(".");
        if let Some(list) = LISTS.iter().find(|list| **list == path) {
            return Self::SetsList(list);
        }
        let in_list = LISTS.iter().any(|list| path.starts_with(&format!("{list}.")));
        match keys().find(|key| key.path == path) {
            Some(_) if in_list => Self::Unknown(format!("`{path}` is of a list: only the file can have it")),
            Some(key) => Self::Sets(key),
            None => Self::Unknown(format!("unknown variable; did you mean {}?", nearest(name))),
        }
    }
}

/// The variable of a key.
fn variable(key: &Key) -> String {
    format!("{PREFIX}{}", key.path.replace('.', "__").to_uppercase())
}

fn nearest(name: &str) -> String {
    let alike = |other: &String| strsim::jaro_winkler(&name.to_uppercase(), other);
    keys().map(variable).max_by(|one, other| alike(one).total_cmp(&alike(other))).unwrap_or_default()
}

/// Whether Kubernetes makes this variable for a Service: `…SERVICE_HOST`, `…SERVICE_PORT` and one for each named port,
/// `…PORT` with an address for its value, `…PORT_4433_TCP` and its three parts. No name of a key looks so.
fn is_of_a_service(rest: &str, value: &str) -> bool {
    if rest.contains("__") {
        return false; // A section of ours; a Service's name has single hyphens.
    }
    let ends = |end: &str| rest == end || rest.ends_with(&format!("_{end}"));
    let named_port = rest.starts_with("SERVICE_PORT_") || rest.contains("_SERVICE_PORT_");
    let is_address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    ends("SERVICE_HOST")
        || ends("SERVICE_PORT")
        || named_port
        || (ends("PORT") && is_address)
        || is_port_part(rest)
}

/// `PORT_4433_TCP`, `PORT_4433_TCP_ADDR`, …, perhaps behind the rest of a Service's name.
fn is_port_part(rest: &str) -> bool {
    let mut parts: Vec<&str> = rest.split('_').collect();
    if matches!(parts.last(), Some(&("ADDR" | "PORT" | "PROTO"))) {
        parts.pop();
    }
    matches!(parts.as_slice(), [.., "PORT", number, "TCP" | "UDP" | "SCTP"] if number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F-21: a Kubernetes Service named `adieu` puts its variables into every pod.
    #[test]
    fn variables_of_a_service_are_not_ours() {
        for (name, value) in [
            ("ADIEU_PORT", "tcp://10.96.0.7:4433"),
            ("ADIEU_SERVICE_HOST", "10.96.0.7"),
            ("ADIEU_SERVICE_PORT", "4433"),
            ("ADIEU_SERVICE_PORT_HTTPS", "4433"),
            ("ADIEU_PORT_4433_TCP", "tcp://10.96.0.7:4433"),
            ("ADIEU_PORT_4433_TCP_ADDR", "10.96.0.7"),
            ("ADIEU_PORT_4433_TCP_PORT", "4433"),
            ("ADIEU_PORT_4433_TCP_PROTO", "tcp"),
            ("ADIEU_PORT_53_UDP", "udp://10.96.0.7:53"),
            ("ADIEU_ADMIN_PORT", "tcp://10.96.0.8:4434"),
            ("ADIEU_ADMIN_SERVICE_HOST", "10.96.0.8"),
            ("ADIEU_ADMIN_PORT_4434_TCP_ADDR", "10.96.0.8"),
            ("ADIEU_PASSWORD", "x"),
            ("ADIEU_CONFIG", "x"),
            ("PATH", "x"),
        ] {
            assert!(matches!(Variable::of(name, value), Variable::NotOurs), "{name}");
        }
        for (name, value, near) in [
            ("ADIEU_PORT", "4433", "ADIEU_"),
            ("ADIEU_PUBLIC_URL", "x", "ADIEU_PUBLIC__URL"),
            ("ADIEU_KRATOS__COOKIE_NAM", "x", "ADIEU_KRATOS__COOKIE_NAME"),
            ("ADIEU_PUBLIC__PORT", "tcp://10.96.0.7:4433", "ADIEU_PUBLIC__"),
            ("ADIEU_REALMS__PATH", "/x", "only the file"),
        ] {
            let Variable::Unknown(reason) = Variable::of(name, value) else { panic!("{name} is refused") };
            assert!(reason.contains(near), "{name}: {reason}");
        }
        assert!(
            matches!(Variable::of("ADIEU_KRATOS__REALM", "/x"), Variable::Sets(key) if key.path == "kratos.realm")
        );
        assert!(
            matches!(Variable::of("ADIEU_STORE", "x"), Variable::Sets(key) if key.path == "store.url"),
            "the short name"
        );
        assert!(matches!(Variable::of("ADIEU_REALMS", "[]"), Variable::SetsList("realms")));
    }
}
