//! Names in a file that are not known, where they stand, and the nearest known ones in the section around them.
//!
//! A misspelled key that is passed over in silence is a setting that is not in force.

use std::fmt;

use toml::de::{DeTable, DeValue};

/// A name that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// The whole path.
    pub name: String,
    /// The known one that may be meant.
    pub near: Option<String>,
    /// The byte of the text at which it begins.
    pub at: usize,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.near {
            Some(near) => write!(f, "unknown name `{}`; did you mean `{near}`?", self.name),
            None => write!(f, "unknown name `{}`, and none is like it", self.name),
        }
    }
}

/// The names in a table that are not known, in the order of the text. A name is known if it is one of `known`, or a section of
/// one.
pub fn unknown(table: &DeTable<'_>, known: &[&'static str]) -> Vec<UnknownName> {
    let mut found = Vec::new();
    within(table, "", known, &mut found);
    found.sort_by_key(|unknown| unknown.at);
    found
}

fn within(table: &DeTable<'_>, prefix: &str, known: &[&'static str], found: &mut Vec<UnknownName>) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        let section = is_section(&path, known);
        match value.get_ref() {
            DeValue::Table(inner) if section => within(inner, &path, known, found),
            DeValue::Array(items) if section => {
                for item in items.iter().filter_map(|item| item.get_ref().as_table()) {
                    within(item, &path, known, found);
                }
            }
            _ if section || known.contains(&path.as_str()) => {}
            _ => {
                let near = nearest(&path, known);
                found.push(UnknownName { name: path, near, at: key.span().start });
            }
        }
    }
}

/// Whether other names stand in what is called so.
pub fn is_section(path: &str, known: &[&'static str]) -> bool {
    known.iter().any(|key| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// How alike two names are at least, from 0 to 1, before one is taken for the other.
const ALIKE: f64 = 0.8;

/// The known name that may be meant by an unknown one: of its own section the most alike, else the very same name elsewhere, else
/// one of its section that has it for a part. None where no such name is known: a wrong one leads astray.
pub fn nearest(path: &str, known: &[&'static str]) -> Option<String> {
    let (section, name) = path.rsplit_once('.').map_or(("", path), |(section, name)| (section, name));
    let here = known.iter().filter_map(|key| {
        let rest = if section.is_empty() { *key } else { key.strip_prefix(section)?.strip_prefix('.')? };
        rest.split('.').next()
    });
    let whole = |name: &str| if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
    let alike = |other: &str| strsim::jaro_winkler(name, other);
    let best = here.clone().max_by(|one, other| alike(one).total_cmp(&alike(other)));
    if let Some(best) = best.filter(|best| alike(best) >= ALIKE) {
        return Some(whole(best));
    }
    let elsewhere = known.iter().find(|key| key.rsplit('.').next() == Some(name));
    let part = || here.clone().find(|key| key.split('_').any(|part| part == name));
    elsewhere.map(|key| (*key).to_owned()).or_else(|| part().map(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &[
        "data",
        "limits.connections_max",
        "am.cookie_domains",
        "am.idle_s",
        "kratos.cookie_domain",
        "kratos.deep.name",
        "public.front_page",
        "public.tls_cert",
        "notices.allow_private",
    ];

    #[test]
    fn the_nearest_name_is_one_of_the_same_section() {
        for (unknown, near) in [
            ("dta", Some("data")),
            ("am.cookie_domain", Some("am.cookie_domains")),
            ("am.cookiedomain", Some("am.cookie_domains")),
            ("kratos.dep", Some("kratos.deep")),
            ("kratso", Some("kratos")),
            ("kratos.deep.nam", Some("kratos.deep.name")),
            ("kratos.idle_s", Some("am.idle_s")),
            ("public.cert", Some("public.tls_cert")),
            ("clients", None),
            ("public.port", None),
            ("notices.timeout_s", None),
        ] {
            assert_eq!(nearest(unknown, KNOWN).as_deref(), near, "{unknown}");
        }
    }
}
