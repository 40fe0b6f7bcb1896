//! A connection, its prepared statements, and several of them sent in one go.
//!
//! Statements of one pipeline are carried out one after the other; all answers come after one round trip.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use adieu_core::Entropy;
use futures_util::future::join_all;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Row, Statement};

use crate::Options;
use crate::address;
use crate::error::{Fault, OpenError};
use crate::tls::{self, Trust};
use crate::vitals::Vitals;
use crate::working::Array;

/// How connections are made.
pub(crate) struct Connector {
    config: Config,
    trust: Trust,
    pub(crate) options: Options,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) vitals: Arc<Vitals>,
}

impl Connector {
    pub(crate) fn of(options: Options, entropy: Arc<dyn Entropy>) -> Result<Self, OpenError> {
        let mut config = address::parsed(&options.url)?;
        // Of several hosts the one that takes writes is found, also after the primary has moved.
        config.target_session_attrs(tokio_postgres::config::TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.connect_timeout);
        }
        config.keepalives(true).keepalives_idle(options.keepalives_idle);
        config.tcp_user_timeout(options.statement_timeout);
        if config.get_application_name().is_none() {
            config.application_name("adieu");
        }
        let trust = tls::trust(&config, options.roots.as_deref())?;
        let vitals = Arc::new(Vitals::new(entropy.as_ref()));
        Ok(Self { config, trust, options, entropy, vitals })
    }

    /// The configuration with the password as it is now.
    fn config_now(&self) -> Result<Config, OpenError> {
        let mut config = self.config.clone();
        if let Some(path) = &self.options.password_file {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|error| OpenError::Password(format!("{}: {error}", path.display())))?;
            config.password(text.trim_end_matches(['\r', '\n']));
        }
        Ok(config)
    }

    /// A new connection; none while the database is away, which the pulse of this node finds out and nobody else waits for.
    pub(crate) async fn connect(&self) -> Result<Database, OpenError> {
        if self.vitals.is_away() {
            return Err(OpenError::Unreachable("it does not answer".into()));
        }
        let mut away = self.vitals.watch();
        tokio::select! {
            connected = self.connect_anyway() => connected,
            () = Vitals::until_away(&mut away) => Err(OpenError::Unreachable("it does not answer".into())),
        }
    }

    /// A new connection, whatever is known of the database.
    pub(crate) async fn connect_anyway(&self) -> Result<Database, OpenError> {
        // A host that takes a connection and says nothing is as good as none.
        let hosts = u32::try_from(self.config.get_hosts().len().max(1)).unwrap_or(u32::MAX);
        let patience = self.options.connect_timeout.saturating_mul(hosts.saturating_add(1));
        let answer = timeout(patience, self.greet()).await;
        answer.unwrap_or_else(|_| Err(OpenError::Unreachable("it does not answer".into())))
    }

    async fn greet(&self) -> Result<Database, OpenError> {
        let config = self.config_now()?;
        let client = match &self.trust {
            Trust::Nobody => {
                let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
                tokio::spawn(connection);
                client
            }
            Trust::Roots(tls) => {
                let (client, connection) = config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                client
            }
        };
        let ms = |time: std::time::Duration| time.as_millis();
        let (statement, lock) = (ms(self.options.statement_timeout), ms(self.options.lock_timeout));
        // Whoever stops in the middle of a batch keeps others waiting no longer than this.
        client
            .batch_execute(&format!(
                "SET statement_timeout = {statement}; SET lock_timeout = {lock};
                SET idle_in_transaction_session_timeout = {statement}"
            ))
            .await?;
        let patience = self.options.statement_timeout.saturating_add(Duration::from_secs(2));
        Ok(Database { client, statements: Mutex::default(), patience, away: self.vitals.watch() })
    }
}

/// A connection.
pub(crate) struct Database {
    pub(crate) client: Client,
    statements: Mutex<HashMap<String, Statement>>,
    /// How long an answer is waited for: longer than the database itself lets a statement take.
    patience: Duration,
    /// Whether the database is away.
    away: watch::Receiver<bool>,
}

/// Statements that are sent in one go.
#[derive(Default)]
pub(crate) struct Pipeline {
    steps: Vec<(String, Vec<Array>)>,
}

impl Pipeline {
    pub(crate) fn push(&mut self, sql: impl Into<String>, parameters: Vec<Array>) {
        self.steps.push((sql.into(), parameters));
    }

    /// Puts other statements behind these.
    pub(crate) fn append(&mut self, other: Self) {
        self.steps.extend(other.steps);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl Database {
    async fn statement(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        let mut statements = self.statements.lock().await;
        if let Some(known) = statements.get(sql) {
            return Ok(known.clone());
        }
        let made = self.client.prepare(sql).await?;
        statements.insert(sql.to_owned(), made.clone());
        Ok(made)
    }

    /// Carries out all statements; gives the rows of each. After a failure none behind it is carried out, if this is a transaction.
    ///
    /// Who waits is told as soon as the pulse of this node says that the database is away.
    pub(crate) async fn run(&self, pipeline: Pipeline) -> Result<Vec<Vec<Row>>, Fault> {
        let mut away = self.away.clone();
        tokio::select! {
            biased;
            answers = self.carry_out(pipeline) => answers,
            () = Vitals::until_away(&mut away) => Err(Fault::Lost("the database does not answer".into())),
        }
    }

    /// Asks one thing, for as long as it takes.
    pub(crate) async fn ask(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
        let statement = self.statement(sql).await?;
        Ok(self.client.query(&statement, parameters).await?)
    }

    async fn carry_out(&self, pipeline: Pipeline) -> Result<Vec<Vec<Row>>, Fault> {
        let mut prepared = Vec::new();
        for (sql, parameters) in pipeline.steps {
            let Ok(statement) = timeout(self.patience, self.statement(&sql)).await else {
                return Err(Fault::Lost("it does not answer".into()));
            };
            prepared.push((statement?, parameters));
        }
        let answers = prepared.iter().map(|(statement, arrays)| {
            let parameters: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(Array::as_parameter).collect();
            async move { self.client.query(statement, &parameters).await }
        });
        // Each is sent when it is first looked at, which is in this order.
        let Ok(answers) = timeout(self.patience, join_all(answers)).await else {
            return Err(Fault::Lost("it has not answered for longer than a statement may take".into()));
        };
        answers.into_iter().map(|rows| rows.map_err(Fault::from)).collect()
    }

    /// Ends whatever transaction there is; says whether the connection can be used on.
    pub(crate) async fn roll_back(&self) -> bool {
        matches!(timeout(self.patience, self.client.batch_execute("ROLLBACK")).await, Ok(Ok(())))
    }
}
