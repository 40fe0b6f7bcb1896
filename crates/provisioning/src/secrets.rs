//! First passwords, and secrets of subscribers: where a document says that they lie, and whoever looks there.
//!
//! Variables and files are those of the person who applies the document, never those of a server.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::document::{Declaration, SubscriberDoc, UpstreamDoc, UserDoc};
use crate::error::SecretError;

/// A password file is no larger.
const FILE_BYTES_MAX: u64 = 4096;

/// Where a first password lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// In a variable of the environment.
    Env(String),
    /// In the first line of a file.
    File(PathBuf),
}

/// Looks a password up; says why it can't be had.
pub trait Secrets: Send + Sync {
    /// The password that lies there.
    fn look_up(&self, source: &Source) -> Result<String, SecretError>;
}

/// The variables and files of this process.
pub struct Own;

impl Secrets for Own {
    fn look_up(&self, source: &Source) -> Result<String, SecretError> {
        match source {
            Source::Env(name) => std::env::var(name).map_err(|_| SecretError::NotSet(name.clone())),
            Source::File(path) => {
                first_line(path).map_err(|error| SecretError::Unreadable(path.clone(), Some(error)))
            }
        }
    }
}

/// What somebody else has looked up.
pub struct Sent(pub Vec<(Source, String)>);

impl Secrets for Sent {
    fn look_up(&self, source: &Source) -> Result<String, SecretError> {
        let found = self.0.iter().find(|(sent, _)| sent == source);
        found.map(|(_, password)| password.clone()).ok_or_else(|| match source {
            Source::Env(name) => SecretError::NotSet(name.clone()),
            Source::File(path) => SecretError::Unreadable(path.clone(), None),
        })
    }
}

fn first_line(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

impl Declaration {
    /// The names of the users whose first password lies there.
    pub fn users_with(&self, source: &Source) -> Vec<&str> {
        let users = self.realms.iter().flat_map(|realm| realm.users.iter().flatten());
        let lies_there = |user: &&UserDoc| match source {
            Source::Env(name) => user.password_env.as_ref() == Some(name),
            Source::File(path) => user.password_file.as_ref().is_some_and(|file| Path::new(file) == path),
        };
        users.filter(lies_there).map(|user| user.username.as_str()).collect()
    }

    /// Whether the secret of an upstream provider lies there.
    pub fn has_secret_of_upstream(&self, source: &Source) -> bool {
        let mut upstreams = self.realms.iter().flat_map(|realm| realm.upstreams.iter().flatten());
        upstreams.any(|upstream| upstream_sources(upstream).any(|own| own == *source))
    }

    /// Every place where it says that a password or a secret lies, each once.
    pub fn sources(&self) -> Vec<Source> {
        let users = self.realms.iter().flat_map(|realm| realm.users.iter().flatten());
        let mut sources: Vec<Source> = users
            .flat_map(|user| {
                let env = user.password_env.clone().map(Source::Env);
                let file = user.password_file.as_ref().map(|path| Source::File(path.into()));
                env.into_iter().chain(file)
            })
            .collect();
        let subscribers = self.realms.iter().flat_map(|realm| realm.subscribers.iter().flatten());
        sources.extend(subscribers.filter_map(SubscriberDoc::source));
        let upstreams = self.realms.iter().flat_map(|realm| realm.upstreams.iter().flatten());
        sources.extend(upstreams.flat_map(upstream_sources));
        sources.sort();
        sources.dedup();
        sources
    }
}

fn upstream_sources(upstream: &UpstreamDoc) -> impl Iterator<Item = Source> {
    let env = upstream.client_secret_env.clone().map(Source::Env);
    let file = upstream.client_secret_file.as_ref().map(|path| Source::File(path.into()));
    env.into_iter().chain(file)
}
