//! The clustered engine: many nodes, one PostgreSQL, the same promises.
//!
//! Orders that arrive while a batch is on its way are the next batch; a batch locks and reads all that its orders need in one statement a
//! table, lets core decide, and writes all of it in one statement a table (decision 0056). Checks and reads that wait go together, in one
//! snapshot of the primary; nothing that another node may change is kept in memory. The engine decides nothing.

mod activity;
mod acts;
mod address;
mod batch;
mod commit;
mod cursors;
mod database;
mod error;
mod fetch;
mod found;
mod gate;
mod job;
mod lane;
pub mod moving;
mod options;
mod pulse;
mod queue;
mod reader;
mod rows;
mod schema;
mod shared;
mod statements;
mod tls;
mod vitals;
mod working;
mod writer;

use std::sync::{Arc, OnceLock};

use adieu_core::{Entropy, InstallationKey};
use adieu_store::Health;

pub use address::StoreAddress;
pub use error::OpenError;
pub use found::FoundDatabase;
pub use options::Options;

use crate::activity::SeenActivity;
use crate::batch::Batch;
use crate::cursors::Cursors;
use crate::database::Connector;
use crate::pulse::Pulse;
use crate::reader::Reader;
use crate::shared::{Ciphers, Shared, Ticks};
use crate::writer::Writer;

/// A store on PostgreSQL. Clones are handles of the same one.
#[derive(Clone)]
pub struct PostgresStore {
    shared: Arc<Shared>,
    writer: Arc<Writer>,
    /// For work that no caller waits for: it has a connection of its own, so that its batches keep nobody waiting.
    background: Arc<Writer>,
    /// For what is told.
    teller: Arc<Writer>,
    cursors: Arc<Cursors>,
    reader: Arc<Reader>,
    /// Stops with the last handle.
    pulse: Arc<Pulse>,
}

impl PostgresStore {
    /// Opens the store: brings its schema up, compares the installation key, and starts its connections.
    pub async fn open(
        options: Options,
        key: &InstallationKey,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let connector = Arc::new(Connector::of(options, entropy)?);
        let first = connector.connect().await?;
        schema::prepare(&first.client, key, connector.vitals.node).await?;
        let pulse = Pulse::start(&connector, first).await?;
        let shared = Arc::new(Shared {
            ciphers: Ciphers::new(key),
            activity: SeenActivity::default(),
            health: Health::default(),
            uncommitted: adieu_store::FaultLines::default(),
            unasked: adieu_store::FaultLines::default(),
            ticks: Ticks::default(),
            vitals: Arc::clone(&connector.vitals),
            telling_since: OnceLock::new(),
        });
        let writers = connector.options.writers;
        Ok(Self {
            writer: Arc::new(Writer::start(&connector, &shared, Batch::writing, writers)),
            background: Arc::new(Writer::start(&connector, &shared, Batch::writing, 1)),
            teller: Arc::new(Writer::start(&connector, &shared, Batch::telling, 1)),
            cursors: Arc::default(),
            reader: Arc::new(Reader::start(&connector, &shared)),
            shared,
            pulse: Arc::new(pulse),
        })
    }

    /// Waits until the activity that is due to be written is: nothing more than the grain of a session is lost after it.
    pub async fn activity_written(&self) {
        self.shared.activity.all_written().await;
    }
}
