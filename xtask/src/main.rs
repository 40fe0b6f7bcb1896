//! What people and CI run: `cargo xtask check`, `test`, `floors`, `tidy`, `contracts`.
//!
//! Only std and a few parsers, so that it builds in seconds. It changes no file but `docs/contracts.md`, and that
//! only when told to.

mod check;
mod checks;
mod citations;
mod contracts;
mod files;
mod floors;
mod functions;
mod lexer;
mod promises;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask check                          what CI runs before the tests: format, clippy, floors, tidy, docs, contracts
cargo xtask test                           installs what is needed, then check, then all tests
cargo xtask floors                         who may import whom
cargo xtask tidy                           headers, lengths, words that must not be there, promises
cargo xtask contracts [--write] [--strict] the table of checks; --strict also fails when a due check has no test";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        ["check"] => check::check(),
        ["test"] => check::test(),
        ["floors"] => floors::floors(),
        ["tidy"] => tidy::tidy(),
        ["contracts", flags @ ..] if flags.iter().all(|f| ["--write", "--strict"].contains(f)) => {
            contracts::contracts(flags.contains(&"--write"), flags.contains(&"--strict"))
        }
        _ => bail!("{USAGE}"),
    }
}

/// Fails with all findings at once; says that all is well otherwise.
fn verdict(name: &str, findings: &[String]) -> Result<()> {
    if findings.is_empty() {
        println!("{name}: ok");
        return Ok(());
    }
    bail!("{name}: {} to mend\n  {}", findings.len(), findings.join("\n  "))
}
