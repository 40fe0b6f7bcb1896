//! The two long commands: `check`, which CI runs first, and `test`, which is all that CI runs.
//!
//! A step that cannot run fails and says what to install; it is never passed over in silence.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::builds::shipped;
use crate::{clients, contracts, deny, files, floors, fuzz, package, tidy};

/// Everything but the tests.
pub(crate) fn check() -> Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"])?;
    floors::floors()?;
    tidy::tidy()?;
    deny::deny()?;
    ran(command(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    contracts::contracts(false, true)
}

/// Installs what is needed, checks, runs every test, makes the package and tries it, and feeds every parser for a while.
pub(crate) fn test() -> Result<()> {
    let clients = clients::install()?;
    check()?;
    tested("tests", &[], &variables(clients)?)?;
    package::package()?;
    fuzz::fuzz(&fuzz::FuzzOptions::of_a_test())
}

/// Installs what is needed, and runs the stories of all rooms once more, each on a database of its own.
pub(crate) fn stories_on_postgres() -> Result<()> {
    let mut variables = variables(clients::install()?)?;
    variables.push(("TEST_STORE", "postgres".into()));
    tested("stories on PostgreSQL", &["--test", "stories"], &variables)
}

/// What tests find in their environment: recorded scenarios are replayed against the server as it is shipped.
fn variables(clients: PathBuf) -> Result<Vec<(&'static str, OsString)>> {
    Ok(vec![("TEST_SERVER", shipped()?.into_os_string()), ("TEST_CLIENTS", clients.into_os_string())])
}

/// Runs the tests of all rooms, or those of them that the words name; none of these is left out.
fn tested(what: &str, which: &[&str], variables: &[(&str, OsString)]) -> Result<()> {
    let mut tests = command(&["test", "--workspace", "--all-features", "--no-fail-fast"]);
    tests.args(which).env("INSTA_UPDATE", "no").envs(variables.iter().cloned());
    let mut child = tests.stdout(Stdio::piped()).spawn().context("cargo test")?;
    let mut sum = Sum::default();
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let line = line?;
        sum.take(&line);
        println!("{line}");
    }
    let status = child.wait()?;
    println!("\n{what}: {} passed, {} failed; skipped: {}", sum.passed, sum.failed, sum.skipped());
    ensure!(status.success(), "cargo test: {status}");
    ensure!(sum.ignored == 0, "{} tests did not run", sum.ignored);
    Ok(())
}

/// What all test binaries together report.
#[derive(Default)]
struct Sum {
    passed: u32,
    failed: u32,
    ignored: u32,
}

impl Sum {
    /// Takes `test result: ok. 12 passed; 0 failed; 0 ignored; …`.
    fn take(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let words: Vec<&str> = result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<u32>() else { continue };
            match pair[1] {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }

    fn skipped(&self) -> String {
        if self.ignored == 0 { "nothing".into() } else { format!("{} tests", self.ignored) }
    }
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.args(words).current_dir(files::root());
    command
}

fn cargo(words: &[&str]) -> Result<()> {
    ran(&mut command(words))
}

fn ran(command: &mut Command) -> Result<()> {
    let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let words = words.join(" ");
    println!("$ cargo {words}");
    let status = command.status().with_context(|| format!("cargo {words}"))?;
    ensure!(status.success(), "cargo {words}: {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_binaries_are_summed() {
        let mut sum = Sum::default();
        sum.take(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.75s",
        );
        sum.take("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        sum.take("test a ... ok");
        assert_eq!((sum.passed, sum.failed, sum.skipped()), (15, 2, "1 tests".to_owned()));
    }
}
