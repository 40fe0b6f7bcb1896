//! JSON compared member by member, and paths into it.
//!
//! A path is `a.b[0].c`, or `a[k.l=value]` for the first element whose member `k.l` is `value`.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

use super::{normal::Normal, template::plain};

static PART: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"([^.\[\]]+)|\[([^\]]*)\]").expect("a constant pattern that the tests compile")
});

/// The value at a path; `None` where there is none.
pub(super) fn dig<'a>(mut node: &'a Value, path: &str) -> Option<&'a Value> {
    for part in PART.captures_iter(path) {
        node = match (part.get(1), part.get(2)) {
            (Some(name), _) => node.as_object()?.get(name.as_str())?,
            (None, select) => selected(node.as_array()?, select?.as_str())?,
        };
    }
    Some(node)
}

fn selected<'a>(items: &'a [Value], select: &str) -> Option<&'a Value> {
    match select.split_once('=') {
        Some((key, want)) => items.iter().find(|item| dig(item, key).is_some_and(|v| plain(v) == want)),
        None => items.get(select.parse::<usize>().ok()?),
    }
}

/// Rules that name JSON paths; a star in one stands for any run of characters.
#[derive(Default)]
pub(super) struct Paths {
    plain: BTreeSet<String>,
    stars: Vec<Regex>,
}

impl Paths {
    /// Takes the rules that begin with `json:`.
    pub(super) fn new(rules: &[String]) -> Result<Self, String> {
        let mut paths = Self::default();
        for rule in rules.iter().filter_map(|rule| rule.strip_prefix("json:")) {
            if rule.contains('*') {
                let pattern = format!("^{}$", regex::escape(rule).replace(r"\*", ".*"));
                paths.stars.push(Regex::new(&pattern).map_err(|e| e.to_string())?);
            } else {
                paths.plain.insert(rule.to_owned());
            }
        }
        Ok(paths)
    }

    fn contains(&self, path: &str) -> bool {
        self.plain.contains(path) || self.stars.iter().any(|star| star.is_match(path))
    }
}

/// What a comparison of two JSON values needs to know.
pub(super) struct JsonRules<'a> {
    pub(super) normal_old: &'a Normal,
    pub(super) normal_new: &'a Normal,
    pub(super) skip: &'a Paths,
    pub(super) loose: &'a Paths,
}

impl JsonRules<'_> {
    /// Adds a line for each difference. Members that only `new` has are none.
    pub(super) fn compare(&self, old: &Value, new: &Value, path: &str, out: &mut Vec<String>) {
        if self.skip.contains(path) {
            return;
        }
        let at = if path.is_empty() { "body" } else { path };
        if kind(old) != kind(new) {
            out.push(format!("{at}: recorded {}, here {}", short(old), short(new)));
            return;
        }
        if self.loose.contains(path) {
            return;
        }
        match (old, new) {
            (Value::Object(_), Value::Object(_)) => self.compare_members(old, new, path, out),
            (Value::Array(old), Value::Array(new)) if old.len() != new.len() => {
                out.push(format!("{at}: recorded {} elements, here {}", old.len(), new.len()));
            }
            (Value::Array(old), Value::Array(new)) => {
                for (i, (a, b)) in old.iter().zip(new).enumerate() {
                    self.compare(a, b, &format!("{path}[{i}]"), out);
                }
            }
            (Value::String(old), Value::String(new)) => {
                let (old, new) = (self.normal_old.of(old), self.normal_new.of(new));
                if old != new {
                    out.push(format!("{at}: recorded {old:?}, here {new:?}"));
                }
            }
            (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
            _ if old == new => {}
            _ => out.push(format!("{at}: recorded {old}, here {new}")),
        }
    }

    fn compare_members(&self, old: &Value, new: &Value, path: &str, out: &mut Vec<String>) {
        let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return };
        for (name, value) in old {
            let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if self.skip.contains(&at) {
                continue;
            }
            let renamed = || {
                let wanted = self.normal_old.of(name);
                new.iter().find(|(k, _)| self.normal_new.of(k) == wanted).map(|(_, v)| v)
            };
            match new.get(name).or_else(renamed) {
                Some(here) => self.compare(value, here, &at, out),
                None => out.push(format!("{at}: missing, recorded {}", short(value))),
            }
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(120).collect()
}
