//! `adieu`: the command line.
//!
//! `serve` is the server, `demo` shows what it is for, the rest is administration: on the data folder, or through the server
//! that has it. Exit codes: 0 done, 1 not done (the reason is on standard error), 2 wrong usage, 3 not found, 4 nobody can
//! tell, or the server does not answer, 5 something to change (`apply --dry-run --detailed-exitcode`).
#![warn(clippy::print_stdout, clippy::print_stderr)] // They panic where a reader has gone away.

use std::path::PathBuf;
use std::process::ExitCode;

use adieu::commands;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXIT_CODES: &str = "Exit codes: 0 done, 1 not done, 2 wrong usage, 3 not found, 4 nobody can tell, or the server does \
     not answer, 5 something to change (`apply --dry-run --detailed-exitcode`).";

/// A session authority: users sign on, every application asks "is this session live?", and sessions are ended
/// durably, at once, in every application.
#[derive(Parser)]
#[command(version, about, after_help = EXIT_CODES, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve, until asked to stop (SIGTERM or Ctrl-C); requests in flight are finished.
    Serve {
        /// The TOML file; else that of ADIEU_CONFIG, or /etc/adieu/adieu.toml. Variables ADIEU_… win over it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    Init(commands::InitCommand),
    Demo(commands::DemoCommand),
    /// Say whether a configuration is sound, the key of its data folder included if there is one, and print it with its defaults.
    CheckConfig {
        /// The TOML file; else that of ADIEU_CONFIG, or /etc/adieu/adieu.toml.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Users: on the data folder, or through the server that has it.
    User {
        #[command(subcommand)]
        command: commands::UserCommand,
    },
    /// Clients: applications and programs.
    Client {
        #[command(subcommand)]
        command: commands::ClientCommand,
    },
    /// Subscribers: who hears of every ending in a realm.
    Subscriber {
        #[command(subcommand)]
        command: commands::SubscriberCommand,
    },
    /// Upstream providers: other OpenID Providers that users sign on through.
    Upstream {
        #[command(subcommand)]
        command: commands::UpstreamCommand,
    },
    /// Consents: what users have allowed to clients.
    Consent {
        #[command(subcommand)]
        command: commands::ConsentCommand,
    },
    /// Realms.
    Realm {
        #[command(subcommand)]
        command: commands::RealmCommand,
    },
    /// Tokens with which clients register themselves.
    RegistrationToken {
        #[command(subcommand)]
        command: commands::RegistrationTokenCommand,
    },
    /// Signing keys of realms.
    Keys {
        #[command(subcommand)]
        command: commands::KeysCommand,
    },
    /// Sessions: who is signed on, and what became of others.
    Sessions {
        #[command(subcommand)]
        command: commands::SessionsCommand,
    },
    /// End sessions, durably, at once and in every application.
    End(commands::EndCommand),
    /// Endings that were: when, why, by whom, and what they reached.
    Endings {
        #[command(subcommand)]
        command: commands::EndingsCommand,
    },
    /// Those who are or were told of endings, and how each does.
    Receivers(commands::ReceiversCommand),
    /// Print a script that completes the command line, for a shell to read.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Workers: programs that administer over HTTP, in their own name.
    Worker {
        #[command(subcommand)]
        command: commands::WorkerCommand,
    },
    Export(commands::ExportCommand),
    Apply(commands::ApplyCommand),
    Backup(commands::Backup),
    Restore(commands::Restore),
    TakeOver(commands::TakeOver),
    Move(commands::MoveCommand),
    /// Fill a data folder with sessions, for measurements.
    Seed {
        /// The TOML file; else that of ADIEU_CONFIG, or /etc/adieu/adieu.toml.
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
        /// Let one of so many applications that are told of endings take part in each session, so that each user is known to all of
        /// them.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        applications: u32,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve { config } => commands::serve(config.as_deref()),
        Command::Init(init) => commands::init(init),
        Command::Demo(order) => commands::demo(order),
        Command::CheckConfig { config } => commands::check_config(config.as_deref()),
        Command::User { command } => commands::user(command),
        Command::Worker { command } => commands::worker(command),
        Command::Client { command } => commands::client(command),
        Command::Subscriber { command } => commands::subscriber(command),
        Command::Upstream { command } => commands::upstream(command),
        Command::Consent { command } => commands::consent(command),
        Command::Realm { command } => commands::realm(command),
        Command::RegistrationToken { command } => commands::registration_token(command),
        Command::Keys { command } => commands::keys(command),
        Command::Sessions { command } => commands::sessions(command),
        Command::End(command) => commands::end(command),
        Command::Endings { command } => commands::endings(command),
        Command::Receivers(command) => commands::receivers(command),
        Command::Completions { shell } => commands::completions(shell, &mut Cli::command()),
        Command::Export(export) => commands::export(export),
        Command::Apply(apply) => match commands::apply(apply) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Backup(backup) => commands::backup(backup),
        Command::Restore(restore) => commands::restore(restore),
        Command::TakeOver(order) => commands::take_over(&order),
        Command::Move(order) => commands::move_installation(order),
        Command::Seed { config, sessions, users, tokens, applications } => {
            commands::seed(config.as_deref(), commands::Seed { sessions, users, tokens, applications })
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::complain(&error);
            ExitCode::from(commands::exit_code(&error))
        }
    }
}
