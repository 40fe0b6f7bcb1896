//! What is written in `contracts/`: the checks, the scenarios that back them, and which of those still wait.
//!
//! Reads only. What the files mean stands in `contracts/README.md`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{
    citations::{CheckId, cited},
    files,
};

/// The series of checks and whose they are, in the order of the table.
pub(crate) const SERIES: [(&str, &str); 17] = [
    ("P", "PingOne"),
    ("A", "AM"),
    ("K", "Kratos"),
    ("S-RPI", "RP-Initiated Logout"),
    ("S-BCL", "Back-Channel Logout"),
    ("S-FCL", "Front-Channel Logout"),
    ("S-SES", "Session Management"),
    ("S-OP", "The authorization endpoint and its answers"),
    ("S-TOK", "Tokens"),
    ("S-CA", "Client authentication"),
    ("S-DISC", "Metadata"),
    ("S-REV", "Revocation"),
    ("S-INT", "Introspection"),
    ("S-REG", "Dynamic registration"),
    ("S-PAR", "Pushed authorization requests"),
    ("S-GTR", "Global Token Revocation"),
    ("S-CSD", "What a browser forgets"),
];

/// One check.
pub(crate) struct ContractCheck {
    pub(crate) id: CheckId,
    pub(crate) text: String,
    /// Owed by the first milestone.
    pub(crate) first: bool,
}

/// One scenario, as far as the table needs it.
pub(crate) struct ScenarioEntry {
    pub(crate) name: String,
    pub(crate) checks: BTreeSet<CheckId>,
    pub(crate) waits: bool,
}

#[derive(Deserialize)]
struct ScenarioFile {
    scenario: String,
    checks: Vec<String>,
}

/// All checks, in the order of the table.
pub(crate) fn checks() -> Result<Vec<ContractCheck>> {
    // Tables of texts: `first` and one for each series.
    let file: BTreeMap<String, BTreeMap<String, String>> =
        toml::from_str(&files::read("contracts/checks.toml")?).context("contracts/checks.toml")?;
    let mut checks = Vec::new();
    for (series, dialect) in SERIES {
        let owed = file.get("first").and_then(|first| first.get(series));
        let first =
            numbers(owed.with_context(|| format!("contracts/checks.toml: what of {dialect} is first?"))?)?;
        let texts =
            file.get(series).with_context(|| format!("contracts/checks.toml: no checks of {dialect}"))?;
        let mut found: BTreeMap<u32, ContractCheck> = BTreeMap::new();
        for (number, text) in texts {
            let number = number.parse().with_context(|| format!("contracts/checks.toml: {number}"))?;
            let id = CheckId { series, number };
            found.insert(number, ContractCheck { id, text: text.clone(), first: first.contains(&number) });
        }
        if let Some(number) = first.iter().find(|number| !found.contains_key(number)) {
            bail!("contracts/checks.toml: {series}-{number} has no text");
        }
        checks.extend(found.into_values());
    }
    Ok(checks)
}

/// All scenarios, by dialect and name. A waiting name without a scenario is an error: the list may only shrink.
pub(crate) fn scenarios() -> Result<Vec<ScenarioEntry>> {
    let mut waiting: BTreeMap<String, BTreeMap<String, String>> =
        toml::from_str(&files::read("contracts/waiting.toml")?).context("contracts/waiting.toml")?;
    let mut scenarios = Vec::new();
    for folder in ["am", "kratos"] {
        let mut waits = waiting.remove(folder).unwrap_or_default();
        let path = files::root().join("contracts").join(folder);
        let entries = fs::read_dir(&path).with_context(|| path.display().to_string())?;
        let mut paths = entries.map(|e| Ok(e?.path())).collect::<Result<Vec<_>>>()?;
        paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
        paths.sort();
        for path in paths {
            let text = fs::read_to_string(&path)?;
            let file: ScenarioFile =
                serde_json::from_str(&text).with_context(|| path.display().to_string())?;
            let checks = cited(&file.checks.join(" "));
            let waits = waits.remove(&file.scenario).is_some();
            scenarios.push(ScenarioEntry { name: file.scenario, checks, waits });
        }
        if let Some(name) = waits.keys().next() {
            bail!("contracts/waiting.toml: there is no scenario {folder}/{name}");
        }
    }
    match waiting.keys().next() {
        Some(folder) => bail!("contracts/waiting.toml: there is no folder {folder}"),
        None => Ok(scenarios),
    }
}

/// `1-3, 5` as numbers.
fn numbers(list: &str) -> Result<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let number =
            |text: &str| text.parse::<u32>().with_context(|| format!("contracts/checks.toml: {part}"));
        found.extend(number(from)?..=number(to)?);
    }
    Ok(found)
}
