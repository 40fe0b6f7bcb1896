//! The text of a configuration: the file with the environment over it, and where each value is from.
//!
//! It knows TOML and lines, and no key's meaning.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::config::faults::{ConfigFault, WrittenAt};
use crate::config::variables::Variable;

/// A configuration as it is written.
#[derive(Default)]
pub(super) struct ConfigSource {
    pub(super) table: Table,
    /// By whole path, places in a list in brackets: `realms[1].path`.
    places: BTreeMap<String, WrittenAt>,
}

/// The largest file (HOME-LIMITS).
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

impl ConfigSource {
    /// The text of a file.
    pub(super) fn file(path: &Path) -> Result<Self, ConfigFault> {
        let text = text(path).map_err(|cause| whole(None, format!("can't be read: {cause}")))?;
        let no_toml = |error: toml::de::Error| {
            // Not the error's own text: it shows the line, and a secret may stand there.
            let line = error.span().map(|span| WrittenAt::Line(line(&text, span.start)));
            whole(line, format!("not TOML: {}", error.message()))
        };
        let table = text.parse::<Table>().map_err(no_toml)?;
        let spanned = DeTable::parse(&text).map_err(no_toml)?;
        let mut source = Self { table, places: BTreeMap::new() };
        source.note(&text, spanned.get_ref(), "");
        Ok(source)
    }

    fn note(&mut self, text: &str, table: &DeTable<'_>, section: &str) {
        for (name, value) in table {
            let path = format!("{section}{}", name.get_ref());
            self.places.insert(path.clone(), WrittenAt::Line(line(text, name.span().start)));
            self.note_inside(text, value, &path);
        }
    }

    fn note_inside(&mut self, text: &str, value: &Spanned<DeValue<'_>>, path: &str) {
        match value.get_ref() {
            DeValue::Table(inner) => self.note(text, inner, &format!("{path}.")),
            DeValue::Array(items) => {
                for (n, item) in items.iter().enumerate().filter(|(_, item)| item.get_ref().is_table()) {
                    let path = format!("{path}[{n}]");
                    self.places.insert(path.clone(), WrittenAt::Line(line(text, item.span().start)));
                    self.note_inside(text, item, &path);
                }
            }
            _ => {}
        }
    }

    /// Lays one variable over the file; says what is wrong with it.
    pub(super) fn overlay(&mut self, name: &str, text: &str) -> Option<ConfigFault> {
        let (path, as_text) = match Variable::of(name, text) {
            Variable::NotOurs => return None,
            Variable::Unknown(reason) => {
                return Some(whole(Some(WrittenAt::Variable(name.to_owned())), reason));
            }
            Variable::Sets(key) => (key.path, key.kind.is_text()),
            Variable::SetsList(list) => (list, false),
        };
        let parsed = || format!("v = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("v"));
        let value = if as_text { None } else { parsed() };
        let mut sections: Vec<&str> = path.split('.').collect();
        let last = sections.pop().unwrap_or_default();
        let mut here = &mut self.table;
        for section in sections {
            let entry = here.entry(section).or_insert_with(|| Value::Table(Table::new()));
            // What stands in the file in place of a section is refused there.
            let Value::Table(inner) = entry else { return None };
            here = inner;
        }
        here.insert(last.to_owned(), value.unwrap_or_else(|| Value::String(text.to_owned())));
        if let Some(WrittenAt::Variable(other)) = self.places.get(path)
            && other != name
        {
            return Some(whole(
                Some(WrittenAt::Variable(name.to_owned())),
                format!("{other} says {path}, too: set one of them"),
            ));
        }
        self.places.retain(|known, _| !known.starts_with(&format!("{path}[")));
        self.places.insert(path.to_owned(), WrittenAt::Variable(name.to_owned()));
        None
    }

    /// Where a value is from, or what it stands in; none for a default.
    pub(super) fn place(&self, path: &str) -> Option<WrittenAt> {
        let around =
            path.rsplit_once(['.']).map(|(section, _)| section).filter(|section| section.ends_with(']'));
        let list = path.split_once('[').map(|(list, _)| list);
        let places = [Some(path), around, list].into_iter().flatten();
        places.into_iter().find_map(|path| self.places.get(path)).cloned()
    }
}

/// A fault of no key.
fn whole(place: Option<WrittenAt>, reason: String) -> ConfigFault {
    ConfigFault { place, key: String::new(), value: None, reason }
}

fn text(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// The number of the line in which a byte stands.
fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
