//! First passwords: where a document says that they lie, and whoever looks there.
//!
//! Variables and files are those of the person who applies the document, never those of a server.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::document::Declaration;

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
    fn look_up(&self, source: &Source) -> Result<String>;
}

/// The variables and files of this process.
pub struct Own;

impl Secrets for Own {
    fn look_up(&self, source: &Source) -> Result<String> {
        match source {
            Source::Env(name) => {
                std::env::var(name).ok().with_context(|| format!("the variable {name} is not set"))
            }
            Source::File(path) => first_line(path).with_context(|| path.display().to_string()),
        }
    }
}

/// What somebody else has looked up.
pub struct Sent(pub Vec<(Source, String)>);

impl Secrets for Sent {
    fn look_up(&self, source: &Source) -> Result<String> {
        let found = self.0.iter().find(|(sent, _)| sent == source);
        found.map(|(_, password)| password.clone()).with_context(|| match source {
            Source::Env(name) => format!("the variable {name} is not set"),
            Source::File(path) => format!("the file {} can't be read", path.display()),
        })
    }
}

fn first_line(path: &Path) -> Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// A password as it was found, if it can be one.
pub(crate) fn sound(password: String) -> Result<String> {
    ensure!(password.chars().count() >= 8, "a password has at least 8 characters");
    Ok(password)
}

impl Declaration {
    /// Every place where it says that a password lies, each once.
    pub fn sources(&self) -> Vec<Source> {
        let users = self.realms.iter().flat_map(|realm| realm.users.iter().flatten());
        let mut sources: Vec<Source> = users
            .flat_map(|user| {
                let env = user.password_env.clone().map(Source::Env);
                let file = user.password_file.as_ref().map(|path| Source::File(path.into()));
                env.into_iter().chain(file)
            })
            .collect();
        sources.sort();
        sources.dedup();
        sources
    }
}
