//! What is wrong with a configuration: where, which key, which value, and what would be right.
//!
//! No value of a secret key is ever shown (EMPTY-HANDS), nor an address that holds a password.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::Value;

/// Where a value is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrittenAt {
    /// A line of the file.
    Line(usize),
    /// A variable of the environment.
    Variable(String),
}

/// A value that is refused, and why; the key is known to whoever asked.
#[derive(Clone, Debug)]
pub(super) struct RefusedValue {
    pub(super) value: Option<String>,
    pub(super) reason: String,
}

/// Longest value that is shown, in characters.
const SHOWN_MAX: usize = 100;

impl RefusedValue {
    pub(super) fn value(value: Option<&Value>, reason: &str) -> Self {
        Self { value: value.and_then(shown), reason: reason.to_owned() }
    }
}

/// A value as it may be shown: not where a password may stand in it.
fn shown(value: &Value) -> Option<String> {
    let text = value.to_string();
    if text.contains('@') || value.is_table() {
        return None;
    }
    let short: String = text.chars().take(SHOWN_MAX).collect();
    Some(if short.len() < text.len() { format!("{short}…") } else { short })
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Where; none if it is a default that does not fit what stands elsewhere.
    pub place: Option<WrittenAt>,
    /// The key, or what stands in the place of one.
    pub key: String,
    /// The value, if it may be shown.
    pub value: Option<String>,
    /// Why, and what would be right.
    pub reason: String,
}

/// Everything that is wrong with a configuration, as far as it could be read. Never empty.
#[derive(Debug)]
pub struct ConfigError {
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// What is wrong, in the order of the lines.
    pub faults: Vec<ConfigFault>,
}

/// A fault as it is told: where, which key, which value, why.
pub(super) struct ToldFault<'a> {
    pub(super) file: Option<&'a Path>,
    pub(super) fault: &'a ConfigFault,
}

impl fmt::Display for ToldFault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, fault } = self;
        match (&fault.place, file) {
            (Some(WrittenAt::Line(line)), Some(file)) => write!(f, "{}:{line}: ", file.display())?,
            (Some(WrittenAt::Variable(name)), _) => write!(f, "{name}: ")?,
            (None, Some(file)) => write!(f, "{}: ", file.display())?,
            (Some(WrittenAt::Line(_)) | None, None) => {}
        }
        match (&fault.key, &fault.value) {
            (key, _) if key.is_empty() => write!(f, "{}", fault.reason),
            (key, Some(value)) => write!(f, "{key} = {value}: {}", fault.reason),
            (key, None) => write!(f, "{key}: {}", fault.reason),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |fault| ToldFault { file: self.file.as_deref(), fault };
        if let [one] = self.faults.as_slice() {
            return told(one).fmt(f);
        }
        write!(f, "the configuration has {} faults:", self.faults.len())?;
        for fault in &self.faults {
            write!(f, "\n  {}", told(fault))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
