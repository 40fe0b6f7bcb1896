//! A PostgreSQL server for tests: one for each test binary, in a folder of its own, gone with the process.
//!
//! It listens on a socket in its folder only, and syncs nothing: what a test says about durability it says about the death of a node, not
//! of the server. Where there are no binaries of PostgreSQL, tests fail and say so.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use tokio_postgres::{Client, NoTls};

/// What starts a server and ends it.
const START: &str = include_str!("start.sh");
/// Under whose name a server runs that root may not run.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// A server.
pub struct Server {
    socket: String,
    databases: AtomicU32,
    /// Databases that nobody needs any more.
    left: Mutex<Vec<String>>,
    /// Whoever started it does what it is told, as long as this process lives.
    starter: Mutex<Starter>,
}

struct Starter {
    _process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What is done to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It dies as by a power cut.
    Stop,
    /// It comes back.
    Start,
    /// It stands still, and keeps all connections.
    Freeze,
    /// It goes on.
    Thaw,
}

impl Mishap {
    const fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
        }
    }
}

impl Server {
    /// The server of this process.
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    /// Starts one more server.
    ///
    /// # Panics
    /// If there are no binaries of PostgreSQL, or the server does not start.
    pub fn start() -> Self {
        let binaries = binaries().expect(
            "these tests need PostgreSQL: install its server (Debian: `apt-get install postgresql`), so that initdb and postgres \
             are in PATH or under /usr/lib/postgresql",
        );
        let mut command = match unprivileged_user() {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--", "sh"]);
                command
            }
            None => Command::new("sh"),
        };
        command.args(["-c", START, "adieu-postgres"]).arg(binaries).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut starter = command.spawn().expect("sh, and runuser for root");
        let input = starter.stdin.take().expect("it is piped");
        let mut output = BufReader::new(starter.stdout.take().expect("it is piped"));
        let mut socket = String::new();
        output.read_line(&mut socket).expect("it says where it listens");
        let socket = socket.trim().to_owned();
        assert!(!socket.is_empty(), "PostgreSQL did not start: it says why above");
        Self {
            socket,
            databases: AtomicU32::new(0),
            left: Mutex::default(),
            starter: Mutex::new(Starter { _process: starter, input, output }),
        }
    }

    /// Lets something happen to it; comes back when it has.
    pub fn suffer(&self, mishap: Mishap) {
        let mut starter = self.starter.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(starter.input, "{}", mishap.word()).expect("the starter lives");
        let mut done = String::new();
        starter.output.read_line(&mut done).expect("it says when it has happened");
        assert_eq!(done.trim(), mishap.word());
    }

    /// The folder of its socket.
    pub fn socket(&self) -> &str {
        &self.socket
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("host={} user=adieu dbname={database}", self.socket)
    }

    /// Makes an empty database; gives its name.
    pub async fn fresh_database(&self) -> String {
        let name = self.next_name();
        let client = self.on("postgres").await;
        let left = std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
        for left in left {
            let gone = format!("DROP DATABASE IF EXISTS {left} WITH (FORCE)");
            client.batch_execute(&gone).await.expect("a database goes");
        }
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        name
    }

    /// Says that nobody needs a database any more: it goes when the next one is made, whoever is still connected to it.
    pub fn leave(&self, database: String) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).push(database);
    }

    /// Makes a copy of a database as it is; whoever is connected to it is cut off. Gives its name.
    pub async fn copied_database(&self, from: &str) -> String {
        let name = self.next_name();
        self.shut(from).await;
        let copy = format!("CREATE DATABASE {name} TEMPLATE {from} STRATEGY file_copy");
        self.on("postgres").await.batch_execute(&copy).await.expect("a copy");
        self.let_in(from).await;
        name
    }

    /// Cuts everybody off from a database, and lets nobody in.
    pub async fn shut(&self, database: &str) {
        let client = self.on("postgres").await;
        let cut =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        let gone = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'");
        let shut = format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false");
        client.batch_execute(&shut).await.expect("closed");
        client.batch_execute(&cut).await.expect("cut off");
        while client.query_one(&gone, &[]).await.expect("a count").get::<_, i64>(0) > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Lets everybody into a database again.
    pub async fn let_in(&self, database: &str) {
        let open = format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true");
        self.on("postgres").await.batch_execute(&open).await.expect("open again");
    }

    /// A connection to a database.
    pub async fn on(&self, database: &str) -> Client {
        let (client, connection) =
            tokio_postgres::connect(&self.url(database), NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client
    }

    /// Holds a table, so that whoever comes to it waits.
    pub async fn hold_table(&self, database: &str, table: &str) -> HeldTable {
        let client = self.on(database).await;
        let sql = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        client.batch_execute(&sql).await.expect("a table");
        HeldTable { client }
    }

    fn next_name(&self) -> String {
        format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }
}

/// The user under whose name a server runs if this process is root's; none if it is not.
fn unprivileged_user() -> Option<&'static str> {
    let is_root = Path::new("/proc/self").metadata().is_ok_and(|own| own.uid() == 0);
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let is_known = |user: &&str| known.lines().any(|line| line.split(':').next() == Some(user));
    is_root.then(|| USERS.into_iter().find(is_known).unwrap_or(USERS[1]))
}

/// The folder with the newest binaries of a server.
fn binaries() -> Option<PathBuf> {
    let has_all =
        |folder: &PathBuf| ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).exists());
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut packaged: Vec<_> = packaged.map(|version| version.path().join("bin")).filter(has_all).collect();
    packaged.sort();
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    packaged.pop().or_else(|| std::env::split_paths(&in_path).find(has_all))
}

/// A table that nobody else comes to.
pub struct HeldTable {
    client: Client,
}

impl HeldTable {
    /// Comes back once somebody waits.
    pub async fn is_waited_for(&self) {
        let sql = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation IS NOT NULL
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while !self.client.query_one(sql, &[]).await.expect("an answer").get::<_, bool>(0) {}
    }

    /// Lets everybody in.
    pub async fn let_go(self) {
        self.client.batch_execute("ROLLBACK").await.expect("an answer");
    }
}
