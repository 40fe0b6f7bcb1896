//! Which engine stories run on: the embedded one, or, with `TEST_STORE=postgres`, a database of their own on this process' server.
//!
//! A story never says which one. What only a data folder can do asks for a folder ([`crate::World::in_folder`]).

use std::pin::pin;
use std::sync::OnceLock;

use adieu::config::Config;
use adieu_testkit_postgres::Server;
use tokio::runtime::{Builder, Runtime};

/// The variable that names the engine.
const VARIABLE: &str = "TEST_STORE";

/// A database that goes with the story.
pub struct OwnDatabase(Option<String>);

impl OwnDatabase {
    /// Puts the server of this configuration on an empty database, if stories run on one and none is named.
    pub async fn of(config: &mut Config) -> Self {
        let wanted = std::env::var(VARIABLE).unwrap_or_default();
        assert!(["", "sqlite", "postgres"].contains(&wanted.as_str()), "{VARIABLE} = {wanted}");
        if wanted != "postgres" || config.store.options().is_some() {
            return Self(None);
        }
        Self::made_for(config).await
    }

    /// Puts the server of this configuration on an empty database.
    pub async fn made_for(config: &mut Config) -> Self {
        let server = Server::shared();
        let name = server.fresh_database().await;
        config.store.url = server.url(&name).as_str().into();
        Self(Some(name))
    }

    /// Cuts every node off, and lets none in.
    pub async fn leaves(&self) {
        Server::shared().shut(self.name()).await;
    }

    /// Lets every node in again.
    pub async fn comes_back(&self) {
        Server::shared().let_in(self.name()).await;
    }

    /// Holds a table of it, so that whoever comes to it waits.
    pub async fn hold_table(&self, table: &str) -> adieu_testkit_postgres::HeldTable {
        Server::shared().hold_table(self.name(), table).await
    }

    fn name(&self) -> &str {
        self.0.as_deref().expect("a story of a database has one")
    }

    /// None: the data folder is the store.
    pub const fn none() -> Self {
        Self(None)
    }
}

/// Opens a server in such a way that what its store does by itself is done on a runtime beside the story's: a story may have its own time
/// pass, and a database answers by the world's.
pub(crate) async fn beside<T>(opening: impl Future<Output = T>) -> T {
    static BESIDE: OnceLock<Runtime> = OnceLock::new();
    let made = || Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a thread");
    let runtime = BESIDE.get_or_init(made);
    let mut opening = pin!(opening);
    std::future::poll_fn(|context| {
        let _entered = runtime.enter();
        opening.as_mut().poll(context)
    })
    .await
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        if let Some(name) = self.0.take() {
            Server::shared().leave(name);
        }
    }
}
