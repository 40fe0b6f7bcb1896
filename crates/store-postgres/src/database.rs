//! A connection, its prepared statements, and several of them sent in one go.
//!
//! Statements of one pipeline are carried out one after the other; all answers come after one round trip.

use std::collections::HashMap;
use std::sync::Arc;

use adieu_core::Entropy;
use futures_util::future::join_all;
use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Row, Statement};

use crate::Options;
use crate::address;
use crate::error::{Fault, OpenError};
use crate::tls::{self, Trust};
use crate::working::Array;

/// How connections are made.
pub(crate) struct Connector {
    config: Config,
    trust: Trust,
    pub(crate) options: Options,
    pub(crate) entropy: Arc<dyn Entropy>,
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
        Ok(Self { config, trust, options, entropy })
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

    /// A new connection.
    pub(crate) async fn connect(&self) -> Result<Database, OpenError> {
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
        Ok(Database { client, statements: Mutex::default() })
    }
}

/// A connection.
pub(crate) struct Database {
    pub(crate) client: Client,
    statements: Mutex<HashMap<String, Statement>>,
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
    pub(crate) async fn run(&self, pipeline: Pipeline) -> Result<Vec<Vec<Row>>, Fault> {
        let mut prepared = Vec::new();
        for (sql, parameters) in pipeline.steps {
            prepared.push((self.statement(&sql).await?, parameters));
        }
        let answers = prepared.iter().map(|(statement, arrays)| {
            let parameters: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(Array::as_parameter).collect();
            async move { self.client.query(statement, &parameters).await }
        });
        // Each is sent when it is first looked at, which is in this order.
        let answers = join_all(answers).await;
        answers.into_iter().map(|rows| rows.map_err(Fault::from)).collect()
    }

    /// Ends whatever transaction there is; says whether the connection can be used on.
    pub(crate) async fn roll_back(&self) -> bool {
        self.client.batch_execute("ROLLBACK").await.is_ok()
    }
}
