//! What a database holds, before a store is opened on it: whoever has no installation key yet has to know whether it may make one.
//!
//! Nothing is made or changed.

use std::sync::Arc;

use adieu_core::{Entropy, InstallationKey};
use tokio_postgres::error::SqlState;

use crate::database::Connector;
use crate::error::OpenError;
use crate::{Options, PostgresStore, schema};

/// What is in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundDatabase {
    /// No installation.
    Nothing,
    /// An installation, whose key is the one that was shown, or none was.
    Installation,
}

impl PostgresStore {
    /// Says whether an installation is in the database, and refuses one of another key or a later version.
    ///
    /// # Errors
    /// If the database can't be asked, was made by a later version, or by another key than this one.
    pub async fn look(
        options: Options,
        key: Option<&InstallationKey>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<FoundDatabase, OpenError> {
        let database = Connector::of(options, entropy)?.connect().await?;
        let is_missing = |error: &tokio_postgres::Error| error.code() == Some(&SqlState::UNDEFINED_TABLE);
        let client = &database.client;
        let kept = match schema::number_of(client).await {
            Ok(Some(number)) => {
                schema::is_known(number)?;
                schema::kept_check(client).await
            }
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        match kept {
            Ok(None) => Ok(FoundDatabase::Nothing),
            Ok(Some(kept)) if key.is_none_or(|key| schema::is_of(key, &kept)) => {
                Ok(FoundDatabase::Installation)
            }
            Ok(Some(_)) => Err(OpenError::KeyOfAnother),
            Err(error) if is_missing(&error) => Ok(FoundDatabase::Nothing),
            Err(error) => Err(error.into()),
        }
    }
}
