//! `adieu`: the command line.
//!
//! `serve` is the server, `demo` shows what it is for, the rest is administration on the data folder. Exit codes: 0 done,
//! 1 not done (the reason is on standard error), 2 wrong usage, 3 something to change (`apply --dry-run --detailed-exitcode`).

use std::path::PathBuf;
use std::process::ExitCode;

use adieu::commands;
use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A session authority: users sign on, every application asks "is this session live?", and sessions are ended
/// durably, at once, in every application.
#[derive(Parser)]
#[command(version, about, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve, until asked to stop (SIGTERM or Ctrl-C); requests in flight are finished.
    Serve {
        /// The TOML file; see docs/configuration.md. Variables ADIEU_… win over it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Show the five exits over real HTTP on a fresh embedded store, then stay up for trying them by hand.
    Demo {
        /// End after the five exits; status 0 only if all of them held.
        #[arg(long)]
        exit: bool,
        /// The public port; 0 lets the system choose.
        #[arg(long, default_value_t = 4433)]
        port: u16,
    },
    /// Say whether a configuration is sound, and print it with its defaults.
    CheckConfig {
        /// The TOML file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Users of the data folder. The server must not be running: it has the folder for itself.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Workers of the data folder: programs that administer over HTTP, in their own name. The server must not be running.
    Worker {
        #[command(subcommand)]
        command: WorkerCommand,
    },
    Export(commands::Export),
    Apply(commands::Apply),
    Backup(commands::Backup),
    Restore(commands::Restore),
    /// Make the people of the demo and of the contract scenarios in a data folder; print, as JSON, what programs that
    /// drive the server have to know of them.
    #[command(hide = true)]
    Cast {
        /// The TOML file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Fill a data folder with sessions, for measurements.
    Seed {
        /// The TOML file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// How many sessions.
        #[arg(long, default_value_t = 1_000_000)]
        sessions: u32,
        /// Spread over how many users.
        #[arg(long, default_value_t = 10_000)]
        users: u32,
        /// Write the session tokens into this file, one a line.
        #[arg(long, value_name = "FILE")]
        tokens: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Make a user. The password is read from the environment variable ADIEU_PASSWORD or from standard input.
    Add {
        /// The TOML file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The realm's path.
        #[arg(long, default_value = "/alpha")]
        realm: String,
        /// The name to sign on with.
        username: String,
        /// An e-mail address, which works as a name as well.
        #[arg(long)]
        email: Option<String>,
        /// Make the user an administrator (Identity Data Admin) of the realm.
        #[arg(long)]
        admin: bool,
    },
}

#[derive(Subcommand)]
enum WorkerCommand {
    /// Make a worker that administers a realm and its users; in the realm `/` it administers all of them. Prints its
    /// client id and its secret.
    Add {
        /// The TOML file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The realm's path.
        #[arg(long, default_value = "/alpha")]
        realm: String,
        /// What people call it.
        name: String,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve { config } => commands::serve(config.as_deref()),
        Command::Demo { exit, port } => commands::demo(port, exit),
        Command::CheckConfig { config } => commands::check_config(config.as_deref()),
        Command::User { command: UserCommand::Add { config, realm, username, email, admin } } => {
            commands::add_user(config.as_deref(), commands::AddUser { realm, username, email, admin })
        }
        Command::Worker { command: WorkerCommand::Add { config, realm, name } } => {
            commands::add_worker(config.as_deref(), &realm, &name)
        }
        Command::Export(export) => commands::export(export),
        Command::Apply(apply) => match commands::apply(apply) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Backup(backup) => commands::backup(backup),
        Command::Restore(restore) => commands::restore(restore),
        Command::Cast { config } => commands::cast(config.as_deref()),
        Command::Seed { config, sessions, users, tokens } => {
            commands::seed(config.as_deref(), commands::Seed { sessions, users, tokens })
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("adieu: {error:#}");
            ExitCode::FAILURE
        }
    }
}
