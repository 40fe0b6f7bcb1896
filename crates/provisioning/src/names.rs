//! Names in a file that are not known, and the nearest known ones in the section where they stand.
//!
//! A misspelled key that is passed over in silence is a setting that is not in force.

use toml::{Table, Value};

/// The first name in a table that is not known, by its whole path, and the nearest known one. A name is known if it is
/// one of `known`, or a section of one.
pub fn unknown(table: &Table, known: &[&'static str]) -> Option<(String, String)> {
    within(table, "", known)
}

fn within(table: &Table, prefix: &str, known: &[&'static str]) -> Option<(String, String)> {
    for (name, value) in table {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let leaf = known.contains(&path.as_str());
        let section = is_section(&path, known);
        let found = match value {
            Value::Table(inner) if section => within(inner, &path, known),
            Value::Array(items) if section => {
                items.iter().filter_map(Value::as_table).find_map(|item| within(item, &path, known))
            }
            _ if leaf || section => None,
            _ => Some((path.clone(), nearest(&path, known))),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether other names stand in what is called so.
pub fn is_section(path: &str, known: &[&'static str]) -> bool {
    known.iter().any(|key| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// How alike two names are at least, from 0 to 1, before one of the same spelling elsewhere is meant rather.
const ALIKE: f64 = 0.8;

/// The known name that is most like an unknown one: of its own section; elsewhere only where the very same name stands there
/// and none here is alike.
pub fn nearest(path: &str, known: &[&'static str]) -> String {
    let (section, name) = path.rsplit_once('.').map_or(("", path), |(section, name)| (section, name));
    let here = known.iter().filter_map(|key| {
        let rest = if section.is_empty() { *key } else { key.strip_prefix(section)?.strip_prefix('.')? };
        rest.split('.').next()
    });
    let alike = |other: &str| strsim::jaro_winkler(name, other);
    let best = here.max_by(|one, other| alike(one).total_cmp(&alike(other))).unwrap_or_default();
    let elsewhere = known.iter().find(|key| key.rsplit('.').next() == Some(name));
    match elsewhere {
        Some(elsewhere) if alike(best) < ALIKE => (*elsewhere).to_owned(),
        _ if section.is_empty() => best.to_owned(),
        _ => format!("{section}.{best}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] =
        &["data", "am.cookie_domains", "am.idle_s", "kratos.cookie_domain", "kratos.deep.name"];

    #[test]
    fn the_nearest_name_is_one_of_the_same_section() {
        for (unknown, near) in [
            ("dta", "data"),
            ("am.cookie_domain", "am.cookie_domains"),
            ("am.cookiedomain", "am.cookie_domains"),
            ("kratos.dep", "kratos.deep"),
            ("kratso", "kratos"),
            ("kratos.deep.nam", "kratos.deep.name"),
            ("kratos.idle_s", "am.idle_s"),
        ] {
            assert_eq!(nearest(unknown, KNOWN), near, "{unknown}");
        }
    }
}
