//! How a store is opened.
//!
//! Every wait has a bound.

use std::path::PathBuf;
use std::time::Duration;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Where it is: `postgres://user:password@one:5432,two:5432/database`, or a socket as `host=/run/postgresql user=adieu`. Of several
    /// hosts the one that takes writes is found.
    pub url: String,
    /// A file with the password and nothing else; it is read for each connection.
    pub password_file: Option<PathBuf>,
    /// A file of certificates: who answers has to prove to be one of theirs. None for a socket, or a network of one's own.
    pub roots: Option<PathBuf>,
    /// Connections that write, 1 to 4.
    pub writers: u32,
    /// Connections that read.
    pub readers: u32,
    /// How long a host may take to answer at all.
    pub connect_timeout: Duration,
    /// How long a statement may take, and how long a transaction may stand still.
    pub statement_timeout: Duration,
    /// How long a batch waits for what another one holds.
    pub lock_timeout: Duration,
    /// How often a node shows that it lives and looks whether the database answers. It is away if it does not within three times that: then
    /// orders and questions are refused at once.
    pub beat: Duration,
    /// After how long of silence a connection is probed.
    pub keepalives_idle: Duration,
}

impl Options {
    /// The usual ones for an address.
    pub fn of(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            password_file: None,
            roots: None,
            writers: 2,
            readers: 2,
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            beat: Duration::from_secs(1),
            keepalives_idle: Duration::from_secs(10),
        }
    }
}
