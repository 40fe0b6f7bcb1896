//! Every key of the configuration, with the kind of its value and what it is for.
//!
//! The table is what a configuration is read by, and what `docs/configuration.md` is made from; a test holds it against the
//! structures.

mod dialects;
mod server;

use crate::config::kinds::Kind;

/// One key.
pub struct Key {
    /// Its path, sections and name joined by dots.
    pub path: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// What it is for.
    pub about: &'static str,
}

const fn key(path: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { path, kind, about }
}

const DAY_S: u64 = 24 * 3600;

/// When users are asked for a second factor, as `SecondFactorRule` reads it.
const SECOND_FACTORS: [&str; 3] = ["never", "when_enrolled", "required"];

/// AM's quota actions.
const BEYOND: [&str; 4] =
    ["DENY_ACCESS", "DESTROY_NEXT_EXPIRING", "DESTROY_OLDEST_SESSION", "DESTROY_OLD_SESSIONS"];

/// Lists of tables, and the key that each of them has to have.
pub const LISTS: [&str; 2] = ["realms", "kratos.tokenizers"];

/// Keys without which an item of a list is none.
pub const NEEDED: [(&str, &str); 2] = [("realms", "path"), ("kratos.tokenizers", "name")];

/// All keys, in the order of the documentation.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    server::KEYS.iter().chain(dialects::KEYS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn leaves(table: &toml::Table, prefix: &str, found: &mut BTreeSet<String>) {
        for (name, value) in table {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                toml::Value::Table(inner) => leaves(inner, &path, found),
                toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
                    items
                        .iter()
                        .filter_map(toml::Value::as_table)
                        .for_each(|item| leaves(item, &path, found));
                }
                _ => {
                    found.insert(path);
                }
            }
        }
    }

    #[test]
    fn every_key_is_in_the_table_and_nothing_else_is() {
        let mut config = crate::config::Config::default();
        config.realms[0].id = Some("x".into());
        config.realms[0].pingone_url = Some("x".into());
        config.realms[0].password_change_ends_sessions = Some(true);
        config.realms[0].password_length_min = Some(1);
        config.realms[0].password_common_refused = Some(true);
        config.realms[0].second_factor = Some("x".into());
        config.realms[0].registration = Some(true);
        config.realms[0].am_idle_s = Some(1);
        config.realms[0].am_lifetime_s = Some(1);
        config.realms[0].am_sessions_max = Some(1);
        config.realms[0].am_sessions_beyond = Some("x".into());
        config.kratos.tokenizers =
            vec![crate::config::TokenizerConfig { name: "x".into(), lifetime_s: 1, claims: vec![] }];
        let mut found = BTreeSet::new();
        leaves(&toml::Table::try_from(config).expect("a table"), "", &mut found);
        let known: BTreeSet<String> = keys().map(|key| key.path.to_owned()).collect();
        assert_eq!(found, known);
    }

    /// What the table takes for a word, the code that uses it knows.
    #[test]
    fn words_are_those_that_the_code_knows() {
        for word in SECOND_FACTORS {
            assert!(adieu_authority::SecondFactorRule::read(word).is_some(), "{word}");
        }
        for word in BEYOND {
            assert!(crate::assembled::beyond(word).is_some(), "{word}");
        }
    }

    /// A default is sound, and in the form that the server uses.
    #[test]
    fn every_default_is_of_its_kind() {
        let defaults = toml::Table::try_from(crate::config::Config::default()).expect("a table");
        for key in keys() {
            let (section, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
            let mut here = Some(&defaults);
            for part in section.split('.').filter(|part| !part.is_empty()) {
                here = here.and_then(|table| table.get(part)?.as_table());
            }
            if let Some(value) = here.and_then(|table| table.get(name)) {
                assert_eq!(key.kind.read(value).expect(key.path), *value, "{}", key.path);
            }
        }
    }
}
