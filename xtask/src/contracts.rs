//! Makes `docs/contracts.md`: every check, and who holds it.
//!
//! A test holds a check by citing its id in its doc comment or body, a scenario by its `checks`. Nothing here runs a
//! test: that the named ones pass is what `cargo xtask test` is for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
};

use anyhow::{Result, bail};

use crate::{
    checks::{self, ContractCheck, SERIES, ScenarioEntry},
    citations::{CheckId, cited},
    files::{self, SourceFile},
    functions::functions,
};

const PATH: &str = "docs/contracts.md";

type Holders = BTreeMap<CheckId, BTreeSet<String>>;

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Tested,
    Scenario,
    Waiting,
    Missing,
    Later,
}

impl State {
    const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Tested, "tested", "a test names it"),
        (Self::Scenario, "scenario", "only recorded scenarios hold it"),
        (Self::Waiting, "waiting", "its only scenario waits for a later endpoint"),
        (Self::Missing, "missing", "due, and nobody holds it"),
        (Self::Later, "later", "of a later milestone"),
    ];

    fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(state, ..)| *state == self).map_or("", |(_, word, _)| word)
    }
}

/// Writes the table, or fails when the written one is stale.
pub(crate) fn contracts(write: bool, strict: bool) -> Result<()> {
    let (checks, scenarios) = (checks::checks()?, checks::scenarios()?);
    let tests = holders(&files::sources()?);
    let known: BTreeSet<CheckId> = checks.iter().map(|c| c.id).collect();
    if let Some((id, names)) = tests.iter().find(|(id, _)| !known.contains(id)) {
        bail!("contracts: there is no check {id}, cited by {names:?}");
    }
    let text = table(&checks, &scenarios, &tests);
    if write {
        fs::write(files::root().join(PATH), &text)?;
    } else if files::read(PATH).unwrap_or_default() != text {
        bail!("contracts: {PATH} is stale: run `cargo xtask contracts --write`");
    }
    let missing = checks.iter().filter(|c| state(c, &scenarios, &tests) == State::Missing);
    let missing: Vec<String> = missing.map(|c| c.id.to_string()).collect();
    if strict && !missing.is_empty() {
        bail!("contracts: due, and nobody holds them: {}", missing.join(", "));
    }
    println!("contracts: ok ({} missing)", missing.len());
    Ok(())
}

/// Tests by the checks they cite. xtask's own tests cite none in earnest.
fn holders(sources: &[SourceFile]) -> Holders {
    let mut holders = Holders::new();
    for source in sources.iter().filter(|s| !s.path.starts_with("xtask/")) {
        let tests = functions(&source.text).into_iter().filter(|f| f.is_test || source.is_suite());
        for test in tests {
            for id in cited(&test.text) {
                holders.entry(id).or_default().insert(format!("`{}::{}`", room(&source.path), test.name));
            }
        }
    }
    holders
}

/// `crates/faces/am/src/x.rs` is `am`, `crates/core/…` is `core`.
fn room(path: &str) -> &str {
    let mut parts = path.split('/').skip_while(|part| matches!(*part, "crates" | "faces"));
    parts.next().unwrap_or(path)
}

fn state(check: &ContractCheck, scenarios: &[ScenarioEntry], tests: &Holders) -> State {
    let mut backing = scenarios.iter().filter(|s| s.checks.contains(&check.id)).peekable();
    let backed = backing.peek().is_some();
    if tests.contains_key(&check.id) {
        State::Tested
    } else if backing.any(|s| !s.waits) {
        State::Scenario
    } else if check.first {
        if backed { State::Waiting } else { State::Missing }
    } else {
        State::Later
    }
}

fn table(checks: &[ContractCheck], scenarios: &[ScenarioEntry], tests: &Holders) -> String {
    let mut text = String::from(
        "# Contracts: who holds what\n\n\
         Made by `cargo xtask contracts --write`; do not edit. What each scenario compares: `contracts/README.md`.\n\n\
         | State | Meaning | Checks |\n|---|---|---|\n",
    );
    for (wanted, word, meaning) in State::ALL {
        let count = checks.iter().filter(|c| state(c, scenarios, tests) == wanted).count();
        let _ = writeln!(text, "| {word} | {meaning} | {count} |");
    }
    for (series, dialect) in SERIES {
        let _ = write!(
            text,
            "\n## {dialect}\n\n| Check | What is observed | State | Held by |\n|---|---|---|---|\n"
        );
        for check in checks.iter().filter(|c| c.id.series == series) {
            let held = held_by(check, scenarios, tests).join(", ");
            let state = state(check, scenarios, tests).word();
            let _ = writeln!(text, "| {} | {} | {state} | {held} |", check.id, check.text);
        }
    }
    text
}

fn held_by(check: &ContractCheck, scenarios: &[ScenarioEntry], tests: &Holders) -> Vec<String> {
    let mut held: Vec<String> = tests.get(&check.id).into_iter().flatten().cloned().collect();
    for scenario in scenarios.iter().filter(|s| s.checks.contains(&check.id)) {
        held.push(if scenario.waits { format!("({})", scenario.name) } else { scenario.name.clone() });
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(first: bool, scenarios: &[bool], tested: bool, expect: State) {
        let id = CheckId { series: "K", number: 1 };
        let scenario =
            |waits: &bool| ScenarioEntry { name: "s".into(), checks: BTreeSet::from([id]), waits: *waits };
        let scenarios: Vec<ScenarioEntry> = scenarios.iter().map(scenario).collect();
        let mut tests = Holders::new();
        if tested {
            tests.entry(id).or_default().insert("`am::t`".into());
        }
        assert_eq!(state(&ContractCheck { id, text: String::new(), first }, &scenarios, &tests), expect);
    }

    #[test]
    fn the_best_holder_decides_the_state() {
        check(true, &[true], true, State::Tested);
        check(true, &[true, false], false, State::Scenario);
        check(true, &[true], false, State::Waiting);
        check(true, &[], false, State::Missing);
        check(false, &[], false, State::Later);
    }

    #[test]
    fn only_tests_hold_checks() {
        let text =
            "//! P-1\n/// P-2 to P-4\n#[test]\nfn a_story() { /* K-1 */ }\n\n/// P-9\nfn helper() {}\n";
        let holders = holders(&[SourceFile { path: "crates/faces/am/src/x.rs".into(), text: text.into() }]);
        let found: Vec<u32> = holders.keys().map(|id| id.number).collect();
        assert_eq!(found, [1, 1, 2, 3, 4]); // K-1, and four of P.
        assert!(holders.values().all(|names| names.contains("`am::a_story`")));
    }
}
