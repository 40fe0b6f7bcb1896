//! A document applied: facts, plan, changes. One implementation, for commands and for the native API.
//!
//! It may stop before everything is done, as often as its caller says so: applying again goes on from there.

use adieu_authority::Authority;
use anyhow::{Context, Result};

pub use crate::carry::Made;
use crate::carry::carry;
use crate::document::Declaration;
use crate::facts::Facts;
use crate::plan::plan;
use crate::secrets::Secrets;

/// What to do with a document.
pub struct Apply<'a> {
    /// The document.
    pub document: &'a Declaration,
    /// Remove what the lists of the document do not have.
    pub prune: bool,
    /// Change nothing.
    pub dry_run: bool,
    /// Where first passwords are looked up.
    pub secrets: &'a dyn Secrets,
}

/// What was done.
#[derive(Default)]
pub struct Applied {
    /// The changes, as people read them: made by this call or, in a dry run, all that there are to make.
    pub changes: Vec<String>,
    /// How many there are still to make.
    pub left: usize,
    /// Clients that were made, with their secrets.
    pub made: Vec<Made>,
}

/// Why a document was not applied to its end.
#[derive(Debug)]
pub enum ApplyRefusal {
    /// It can't be meant; nothing was changed.
    Document(anyhow::Error),
    /// Something below refused or did not answer; what was done before it stays done.
    Stopped(anyhow::Error),
}

impl std::fmt::Display for ApplyRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Document(why) => write!(f, "the document can't be applied: {why:#}"),
            Self::Stopped(why) => write!(f, "{why:#}"),
        }
    }
}

impl std::error::Error for ApplyRefusal {}

/// Applies a document for as long as `go_on` says so; one change is made in any case.
pub async fn apply(
    authority: &Authority,
    order: Apply<'_>,
    go_on: impl Fn() -> bool + Send + Sync,
) -> Result<Applied, ApplyRefusal> {
    let facts = Facts::gather(authority).await.map_err(ApplyRefusal::Stopped)?;
    let planned = plan(&facts, order.document, order.prune, &mut || authority.draw_uuid());
    let planned = planned.map_err(ApplyRefusal::Document)?;
    if order.dry_run {
        let changes: Vec<_> = planned.into_iter().map(|planned| planned.line).collect();
        return Ok(Applied { left: changes.len(), changes, made: Vec::new() });
    }
    carry(authority, planned, order.secrets, &go_on).await
}

/// The document of what is there; with `only`, of the realm at that path alone. `None` if there is no such realm.
pub async fn exported(authority: &Authority, only: Option<&str>) -> Result<Option<String>> {
    let facts = Facts::gather(authority).await?;
    if only.is_some_and(|path| !facts.realms.iter().any(|of| of.realm.path == path)) {
        return Ok(None);
    }
    crate::export::export(&facts, only).text().context("the document").map(Some)
}
