//! A proxy between a node and its database, which loses answers on order.
//!
//! It understands nothing but the word by which the database says that a commit has landed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Cut {
    /// Not at all.
    Never = 0,
    /// The database has committed, and nobody hears of it.
    AnswerToCommit = 1,
    /// The next thing that a node sends never arrives.
    NextRequest = 2,
}

/// A proxy in a folder of its own.
pub(crate) struct Proxy {
    folder: tempfile::TempDir,
    cut: Arc<AtomicU32>,
    cuts: Arc<AtomicU32>,
}

/// How the database says that a commit has landed.
const COMMITTED: &[u8] = b"C\0\0\0\x0bCOMMIT\0";

impl Proxy {
    /// A proxy before the server whose socket lies in a folder.
    pub(crate) fn before(server: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).expect("a socket");
        let server = PathBuf::from(server).join(".s.PGSQL.5432");
        let (cut, cuts) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (armed, counted) = (Arc::clone(&cut), Arc::clone(&cuts));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&server).await.expect("the server");
                tokio::spawn(carry(client, server, Arc::clone(&armed), Arc::clone(&counted)));
            }
        });
        Self { folder, cut, cuts }
    }

    /// Where a node finds it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("host={} user=adieu dbname={database}", self.folder.path().display())
    }

    /// Cuts the next connection at this place.
    pub(crate) fn cut_next(&self, cut: Cut) {
        self.cut.store(cut as u32, Ordering::SeqCst);
    }

    /// How many connections were cut.
    pub(crate) fn cuts(&self) -> u32 {
        self.cuts.load(Ordering::SeqCst)
    }
}

/// Whether it is time to cut so, once.
fn is_time(cut: &AtomicU32, counted: &AtomicU32, how: Cut) -> bool {
    let is_time =
        cut.compare_exchange(how as u32, Cut::Never as u32, Ordering::SeqCst, Ordering::SeqCst).is_ok();
    counted.fetch_add(u32::from(is_time), Ordering::SeqCst);
    is_time
}

async fn carry(mut client: UnixStream, mut server: UnixStream, cut: Arc<AtomicU32>, counted: Arc<AtomicU32>) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(0) | Err(_) => return,
                Ok(_) if is_time(&cut, &counted, Cut::NextRequest) => return,
                Ok(count) => if server.write_all(&asked[..count]).await.is_err() { return },
            },
            read = server.read(&mut answered) => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    let said = &answered[..count];
                    let is_commit = said.windows(COMMITTED.len()).any(|word| word == COMMITTED);
                    if is_commit && is_time(&cut, &counted, Cut::AnswerToCommit) {
                        return;
                    }
                    if client.write_all(said).await.is_err() { return }
                }
            },
        }
    }
}
