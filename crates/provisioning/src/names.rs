//! Names in a file that nobody knows, and the nearest ones that somebody does.
//!
//! A misspelled key that is passed over in silence is a setting that is not in force.

use toml::{Table, Value};

/// The first name in a table that is not known, by its whole path, and the nearest known one. A name is known if it is
/// one of `known`, or a section of one.
pub fn unknown(table: &Table, known: &[&'static str]) -> Option<(String, &'static str)> {
    within(table, "", known)
}

fn within(table: &Table, prefix: &str, known: &[&'static str]) -> Option<(String, &'static str)> {
    for (name, value) in table {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let leaf = known.contains(&path.as_str());
        let section =
            known.iter().any(|key| key.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('.')));
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

fn nearest(path: &str, known: &[&'static str]) -> &'static str {
    let likeness = |key: &&&'static str| (strsim::jaro_winkler(path, key) * 1e6) as u64;
    known.iter().max_by_key(likeness).copied().unwrap_or_default()
}
