//! The promises with names: each stands in ARCHITECTURE.md and is carried by at least one test.
//!
//! What each of them means stands in ARCHITECTURE.md; here are only the names.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::{
    files::{self, SourceFile},
    functions::functions,
};

/// The promises. A new one comes with its test.
const PROMISES: [&str; 10] = [
    "ONE-ROAD",
    "ONE-SESSION",
    "ENDED-IS-DURABLE",
    "ENDED-STAYS-ENDED",
    "NO-STALE-YES",
    "NO-FALSE-NO",
    "NOTICE-WITH-ENDING",
    "ONE-SLOW-HURTS-NONE",
    "EMPTY-HANDS",
    "HOME-LIMITS",
];

/// What is wrong with the promises; `untested` lists those that may lack a test yet, with the reason.
pub(crate) fn findings(sources: &[SourceFile], untested: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let map = files::read("ARCHITECTURE.md").unwrap_or_default();
    let missing = PROMISES.iter().filter(|name| !map.contains(*name));
    let mut findings: Vec<String> =
        missing.map(|name| format!("ARCHITECTURE.md: the promise {name} is not listed")).collect();
    let tested: BTreeSet<&str> = sources.iter().flat_map(carried).collect();
    for name in PROMISES {
        match (tested.contains(name), untested.contains_key(name)) {
            (false, false) => findings.push(format!("{name}: no test carries this promise")),
            (true, true) => {
                findings.push(format!("xtask/tidy.toml: {name} has a test now; take it off the list"))
            }
            (true, false) | (false, true) => {}
        }
    }
    let unknown = untested.keys().filter(|name| !PROMISES.contains(&name.as_str()));
    findings.extend(unknown.map(|name| format!("xtask/tidy.toml: no such promise: {name}")));
    Ok(findings)
}

/// Promises that tests of this file cite. This file names them all and carries none.
fn carried(source: &SourceFile) -> BTreeSet<&'static str> {
    if source.path.starts_with("xtask/") {
        return BTreeSet::new();
    }
    let tests = functions(&source.text).into_iter().filter(|f| f.is_test || source.is_suite());
    tests.flat_map(|f| PROMISES.into_iter().filter(move |name| f.text.contains(name))).collect()
}
