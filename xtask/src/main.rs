//! What people and CI run: `cargo xtask check`, `test`, `floors`, `tidy`, `contracts`.
//!
//! It links nothing of the product, so that it builds in seconds: what it needs of the server it asks the binary. It
//! changes no file but `docs/contracts.md`, and that only when told to.

mod bench;
mod builds;
mod check;
mod checks;
mod circles;
mod citations;
mod clients;
mod contract_server;
mod contracts;
mod corpus;
mod crash;
mod deny;
mod files;
mod floors;
mod functions;
mod fuzz;
mod http;
mod lexer;
mod modules;
mod names;
mod package;
mod packages;
mod people;
mod promises;
mod simulate;
mod tidy;
mod verdict;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask check                          what CI runs before the tests: format, clippy, floors, tidy, licences, docs, contracts
cargo xtask test                           installs what is needed, then check, then all tests, then fuzz for a while
cargo xtask stories-on-postgres            the stories of all dialects and of the server, each on a PostgreSQL database of its own
cargo xtask clients                        installs only: programs and published packages that tests call
cargo xtask advisories                     asks the database of known vulnerabilities; needs a network
cargo xtask floors                         who may import whom, and no circles of files
cargo xtask tidy                           headers, lengths, words that must not be there, names that mean two things, promises
cargo xtask contracts [--write] [--strict] the table of checks; --strict also fails when a due check has no test
cargo xtask bench check|end [--quick]      what a check and a durable ending cost, as multiples of doing nothing
cargo xtask bench end-all [--quick]        how soon the ending of all of a user's sessions is answered, beside that of one
cargo xtask bench storm [--quick]          what checks and endings wait for while too many people sign on
cargo xtask bench footprint [--quick]      bytes of a session in memory and on the disk
cargo xtask bench flood                    how many other people sign on within two seconds while somebody floods the sign-on
cargo xtask bench notify [PART] [--quick]  how soon applications hear of an ending, as multiples of posting to them and nothing else
cargo xtask bench compare OLDER [WORD…]   the same as multiples of an older binary's, thirty pairs in turn
cargo xtask crash [--kills N] [--power-cuts M] [--seed S]
                                           the real server in a storm, killed so often, its power cut so often
cargo xtask simulate [--seeds N] [--first S] [--seed S] [--plant WORD] [--jobs N]
                                           several nodes over one store on one virtual clock, a thousand seeds or as said
cargo xtask fuzz [--seconds N] [--keep] [TARGET…]
                                           every parser of bytes from outside, each for so long (60 s)
cargo xtask coldstart [--sessions N]       from kill -9 to the first answer, with so many sessions
cargo xtask package                        the Debian package, tried on a fresh root where we are root
cargo xtask contract-server PROFILE --vars FILE [--data DIR]
                                           the release binary as a profile of contracts/profiles configures it";

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
        ["stories-on-postgres"] => check::stories_on_postgres(),
        ["clients"] => clients::install().map(|folder| println!("clients: {}", folder.display())),
        ["advisories"] => deny::advisories(),
        ["package"] => package::package(),
        ["floors"] => floors::floors(),
        ["tidy"] => tidy::tidy(),
        ["contracts", flags @ ..] if flags.iter().all(|f| ["--write", "--strict"].contains(f)) => {
            contracts::contracts(flags.contains(&"--write"), flags.contains(&"--strict"))
        }
        ["bench", rest @ ..] => bench::bench(rest),
        ["contract-server", rest @ ..] => {
            contract_server::contract_server(&contract_server::ContractServerOptions::read(rest)?)
        }
        ["fuzz", rest @ ..] => fuzz::fuzz(&fuzz::FuzzOptions::read(rest)?),
        ["crash", rest @ ..] => crash::crash(rest),
        ["simulate", rest @ ..] => simulate::simulate(rest),
        ["coldstart", rest @ ..] => crash::cold_start(rest),
        _ => bail!("{USAGE}"),
    }
}
