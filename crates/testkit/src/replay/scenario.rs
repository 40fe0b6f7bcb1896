//! The scenario file: its members, and loading one or a whole folder.
//!
//! Unknown members are refused: a misspelled rule must not quietly compare less.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};

/// One recorded conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The name; the file is called the same.
    #[serde(rename = "scenario")]
    pub name: String,
    /// The dialect spoken: `kratos`, `am`.
    pub dialect: String,
    /// Which configuration the server must have; `main` unless said otherwise.
    #[serde(default = "main_profile")]
    pub profile: String,
    /// Ids of the checks it backs.
    pub checks: Vec<String>,
    /// One sentence.
    pub about: String,
    /// Names of variables the caller must give.
    #[serde(default)]
    pub needs: Vec<String>,
    /// What the server must be able to do besides.
    #[serde(default)]
    pub requires: Vec<String>,
    #[serde(default, rename = "let")]
    pub(super) lets: Map<String, Value>,
    #[serde(default)]
    pub(super) volatile: Vec<String>,
    #[serde(default)]
    pub(super) ignore: Vec<String>,
    #[serde(default)]
    pub(super) recorded: Recorded,
    pub(super) steps: Vec<Step>,
}

/// The run that was recorded.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Recorded {
    pub(super) variables: BTreeMap<String, Value>,
}

/// One request and what is known about its answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) name: String,
    #[serde(default = "public")]
    pub(super) base: String,
    #[serde(default = "get")]
    pub(super) method: String,
    #[serde(default = "slash")]
    pub(super) path: String,
    #[serde(default)]
    pub(super) headers: Map<String, Value>,
    // `null` is a body of its own, so that an absent member must be told apart.
    #[serde(default, deserialize_with = "present")]
    pub(super) json: Option<Value>,
    pub(super) form: Option<Map<String, Value>>,
    pub(super) raw: Option<String>,
    pub(super) raw_repeat: Option<(String, usize)>,
    pub(super) jar: Option<String>,
    pub(super) wait_s: Option<f64>,
    #[serde(default = "once")]
    pub(super) times: u32,
    #[serde(default)]
    pub(super) capture: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) volatile: Vec<String>,
    #[serde(default)]
    pub(super) ignore: Vec<String>,
    #[serde(default)]
    pub(super) also: Vec<String>,
    pub(super) differs: Option<String>,
    #[serde(default)]
    pub(super) expect: Expect,
    pub(super) response: Option<RecordedAnswer>,
}

/// What must be answered instead of the recording.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) status: Option<u16>,
    #[serde(deserialize_with = "present")]
    pub(super) json: Option<Value>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) cleared: Vec<String>,
}

/// An answer as it is compared: the body is JSON, or text, or nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedAnswer {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: Vec<(String, String)>,
    #[serde(default)]
    pub(super) json: Option<Value>,
    #[serde(default)]
    pub(super) text: String,
}

impl RecordedAnswer {
    /// All values of one header, whatever its case.
    pub(super) fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str()).collect()
    }

    /// The body in words: its text, or its JSON.
    pub(super) fn body_text(&self) -> String {
        if self.text.is_empty() {
            return self.json.as_ref().map(Value::to_string).unwrap_or_default();
        }
        self.text.clone()
    }
}

impl Scenario {
    /// Whether any step addresses this listener.
    pub fn asks(&self, base: &str) -> bool {
        self.steps.iter().any(|step| step.base == base)
    }

    /// Reads one file.
    ///
    /// # Errors
    /// When it cannot be read or is no scenario; the text names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, String> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// How many steps it has.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }
}

/// All scenarios of a folder, by name.
///
/// # Errors
/// When the folder or one of its files cannot be read.
pub fn load_folder(folder: impl AsRef<Path>) -> Result<Vec<Scenario>, String> {
    let folder = folder.as_ref();
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths = entries
        .map(|entry| entry.map(|e| e.path()).map_err(|e| e.to_string()))
        .collect::<Result<Vec<PathBuf>, _>>()?;
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    paths.iter().map(Scenario::load).collect()
}

/// The repository's `contracts` folder.
pub fn contracts_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts")
}

/// Scenarios of one dialect that wait for a later milestone, each with its reason.
///
/// # Errors
/// When `waiting.toml` in the given folder cannot be read.
pub fn waiting(contracts: impl AsRef<Path>, dialect: &str) -> Result<BTreeMap<String, String>, String> {
    let path = contracts.as_ref().join("waiting.toml");
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut all: BTreeMap<String, BTreeMap<String, String>> =
        toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(all.remove(dialect).unwrap_or_default())
}

/// The scenarios of one dialect that must hold now: all but the waiting ones.
///
/// # Errors
/// When the folder or a file in it cannot be read.
pub fn due(dialect: &str) -> Result<Vec<Scenario>, String> {
    let contracts = contracts_folder();
    let waiting = waiting(&contracts, dialect)?;
    let mut all = load_folder(contracts.join(dialect))?;
    all.retain(|scenario| !waiting.contains_key(&scenario.name));
    Ok(all)
}

fn present<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

fn main_profile() -> String {
    "main".into()
}

fn public() -> String {
    "public".into()
}

fn get() -> String {
    "GET".into()
}

fn slash() -> String {
    "/".into()
}

fn once() -> u32 {
    1
}
