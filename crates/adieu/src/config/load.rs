//! The one function from a text to a checked configuration: `check-config`, `serve` and a reload call it.
//!
//! What it takes, `serve` serves: it does everything that comes before binding and writing. The values of keys are judged each
//! by its kind, then what they come to together (`rules`, `addresses`), then the files that they name (`files`). What is taken
//! and still doubtful is told by all of them as well (`warnings`).

use std::path::{Path, PathBuf};

use adieu_provisioning::document::is_of_documents;
use adieu_provisioning::names::{is_section, nearest};
use toml::{Table, Value};

use crate::config::addresses::{self, SaidAddresses};
use crate::config::faults::{ConfigError, ConfigFault, RefusedValue, ToldFault, WrittenAt};
use crate::config::keys::{LISTS, NEEDED, keys};
use crate::config::source::ConfigSource;
use crate::config::{Config, files, rules, warnings};

/// A configuration that is sound, and what is worth a word in it all the same.
pub struct JudgedConfig {
    /// The configuration.
    pub config: Config,
    /// Its doubtful places, a line each: where, which key, why.
    pub warnings: Vec<String>,
    file: Option<PathBuf>,
    source: ConfigSource,
}

impl JudgedConfig {
    /// A fault of one of its keys that showed only when the key was used; told as all others are.
    pub fn fault(&self, key: &str, value: &str, reason: &str) -> ConfigError {
        let refused = RefusedValue { value: Some(format!("{value:?}")), reason: reason.to_owned() };
        ConfigError { file: self.file.clone(), faults: vec![placed(&self.source, key.to_owned(), refused)] }
    }
}

/// The configuration of a file, if one is named, under the given environment. Variables of others are passed over.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    judge(file, environment).map(|judged| judged.config)
}

/// The same, with what is worth a word in it.
pub fn judge(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<JudgedConfig, ConfigError> {
    checked(file, environment).map_err(|mut faults| {
        by_line(&mut faults);
        ConfigError { file: file.map(Path::to_owned), faults }
    })
}

/// What the keys of a configuration come to together, each of which is sound: for one that is not written anywhere as it is.
pub fn fits(config: &Config) -> Result<(), ConfigError> {
    let source = ConfigSource::default();
    let together = rules::check(config).into_iter().chain(addresses::check(config, SaidAddresses::ALL));
    let faults: Vec<_> = together.map(|(key, refused)| placed(&source, key, refused)).collect();
    if faults.is_empty() { Ok(()) } else { Err(ConfigError { file: None, faults }) }
}

fn by_line(faults: &mut [ConfigFault]) {
    faults.sort_by_key(|fault| match &fault.place {
        Some(WrittenAt::Line(line)) => *line,
        Some(WrittenAt::Variable(_)) | None => usize::MAX,
    });
}

fn checked(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<JudgedConfig, Vec<ConfigFault>> {
    let mut source = file.map_or_else(
        || Ok(ConfigSource::default()),
        |file| ConfigSource::file(file).map_err(|fault| vec![fault]),
    )?;
    let mut faults = Vec::new();
    for (name, text) in environment {
        faults.extend(source.overlay(&name, &text));
    }
    let known: Vec<&str> = keys().map(|key| key.path).collect();
    let mut reading = Reading { source: &source, known, faults };
    let table = reading.section(&source.table, "", "");
    let mut faults = reading.faults;
    // What is refused by itself has its default in here, or is left out of its list: what does not fit together without it is
    // told all the same, in one go.
    let mut config: Config = match table.try_into() {
        Ok(config) => config,
        Err(_) if !faults.is_empty() => return Err(faults),
        Err(error) => {
            let reason = toml::de::Error::message(&error).to_owned();
            return Err(vec![ConfigFault { place: None, key: String::new(), value: None, reason }]);
        }
    };
    let said = SaidAddresses::of(&source.table);
    addresses::follow(&mut config, said);
    let alone = faults.clone();
    let follows = |fault: &ConfigFault| alone.iter().any(|other| speaks_of(fault, other));
    let together = rules::check(&config).into_iter().chain(addresses::check(&config, said));
    let together = together.map(|(key, refused)| placed(&source, key, refused));
    faults.extend(together.filter(|fault| !follows(fault)));
    for fault in files::check(&config).into_iter().map(|(key, refused)| placed(&source, key, refused)) {
        // Whoever makes something of several keys says again what one of them was refused for.
        let again = faults.iter().any(|told| told.reason == fault.reason && told.key != fault.key);
        if !again && !follows(&fault) {
            faults.push(fault);
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut doubts: Vec<ConfigFault> = warnings::of(&config, said)
        .into_iter()
        .map(|(key, doubtful)| placed(&source, key, doubtful))
        .collect();
    by_line(&mut doubts);
    let warnings = doubts.iter().map(|fault| ToldFault { file, fault }.to_string()).collect();
    Ok(JudgedConfig { config, warnings, file: file.map(Path::to_owned), source })
}

/// Whether what does not fit together has to do with a value that is refused by itself: then only that is told.
fn speaks_of(fault: &ConfigFault, refused: &ConfigFault) -> bool {
    // An unknown key may be any; one without a name is the whole file.
    let section = refused.key.split_once('.').map_or(refused.key.as_str(), |(section, _)| section);
    let list = LISTS.contains(&section).then_some(section);
    let names = [Some(refused.key.as_str()), list].into_iter().flatten().filter(|name| !name.is_empty());
    names.into_iter().any(|name| fault.key == name || fault.reason.contains(name))
}

/// A fault of a key, which may stand in a list: `realms[1].path`.
fn placed(source: &ConfigSource, key: String, RefusedValue { value, reason }: RefusedValue) -> ConfigFault {
    let place = source.place(&key);
    let index = |text: &str| text.split_once(']').map_or("", |(_, rest)| rest).to_owned();
    let plain = key.split_once('[').map(|(list, rest)| format!("{list}{}", index(rest)));
    ConfigFault { place, key: plain.unwrap_or(key), value, reason }
}

/// The reading of what is written, key by key. All that is wrong is collected.
struct Reading<'a> {
    source: &'a ConfigSource,
    known: Vec<&'static str>,
    faults: Vec<ConfigFault>,
}

impl Reading<'_> {
    /// A section, with every value in the form that the server uses. `path` is where it stands, `name` what its keys are called
    /// after.
    fn section(&mut self, table: &Table, path: &str, name: &str) -> Table {
        let mut read = Table::new();
        for (key, value) in table {
            let (path, name) = (format!("{path}{key}"), format!("{name}{key}"));
            if let Some(value) = self.entry(value, &path, &name) {
                read.insert(key.clone(), value);
            }
        }
        read
    }

    fn entry(&mut self, value: &Value, path: &str, name: &str) -> Option<Value> {
        if let Some(key) = keys().find(|key| key.path == name) {
            let read = key.kind.read(value);
            return read.map_err(|all| all.into_iter().for_each(|refused| self.refuse(path, refused))).ok();
        }
        if !is_section(name, &self.known) {
            let reason = unknown(name, &self.known);
            let place = self.source.place(path);
            self.faults.push(ConfigFault { place, key: String::new(), value: None, reason });
            return None;
        }
        match value {
            Value::Table(inner) if !LISTS.contains(&name) => {
                Some(Value::Table(self.section(inner, &format!("{path}."), &format!("{name}."))))
            }
            Value::Array(items) if LISTS.contains(&name) => {
                let items = items.iter().enumerate();
                Some(Value::Array(
                    items.filter_map(|(n, item)| self.item(item, &format!("{path}[{n}]"), name)).collect(),
                ))
            }
            _ => {
                let wanted = match LISTS.contains(&name) {
                    true => format!("a list of tables is wanted, each behind [[{name}]]"),
                    false => format!("a section is wanted: [{name}]"),
                };
                self.refuse(path, RefusedValue::value(None, &wanted));
                None
            }
        }
    }

    fn item(&mut self, item: &Value, path: &str, list: &str) -> Option<Value> {
        let Value::Table(table) = item else {
            self.refuse(path, RefusedValue::value(Some(item), "a table is wanted"));
            return None;
        };
        for (_, needed) in NEEDED.iter().filter(|(of, needed)| *of == list && !table.contains_key(*needed)) {
            self.refuse(&format!("{path}.{needed}"), RefusedValue::value(None, "is missing"));
        }
        let read = self.section(table, &format!("{path}."), &format!("{list}."));
        // One without what it needs, or with what is refused of that, can't be told apart from others.
        let whole = NEEDED.iter().all(|(of, needed)| *of != list || read.contains_key(*needed));
        whole.then_some(Value::Table(read))
    }

    fn refuse(&mut self, path: &str, refused: RefusedValue) {
        self.faults.push(placed(self.source, path.to_owned(), refused));
    }
}

/// What is said of a key that nobody knows.
fn unknown(name: &str, known: &[&'static str]) -> String {
    if is_of_documents(name) {
        let what = name.rsplit('.').next().unwrap_or(name);
        return format!(
            "unknown key `{name}`: {what} stand in a document, for `adieu apply` (docs/administration.md)"
        );
    }
    match nearest(name, known) {
        Some(near) => format!("unknown key `{name}`; did you mean `{near}`?"),
        None => format!("unknown key `{name}`, and none is like it: docs/configuration.md has all"),
    }
}

#[cfg(test)]
mod tests;
