//! A document applied: facts, a plan, and the plan carried out as it was made. One implementation, behind the native API.
//!
//! A plan is made once and may be carried out in several turns. If it breaks off, what stands before that step is done, and
//! applying the document again goes on from there.

use std::collections::VecDeque;

use adieu_authority::{Authority, Origin};

pub use crate::carry::Made;
use crate::carry::{Password, look_up, make};
use crate::document::Declaration;
use crate::error::{ApplyError, FactsError, SecretError};
use crate::facts::Facts;
use crate::plan::{FirstPassword, Planned, plan};
use crate::secrets::Secrets;

/// What is still to change, in the order in which it is done.
#[derive(Debug)]
pub struct Plan {
    steps: VecDeque<Planned>,
}

/// What a plan is carried out with.
pub struct CarryContext<'a> {
    /// The authority that is asked.
    pub authority: &'a Authority,
    /// Where first passwords are looked up.
    pub secrets: &'a dyn Secrets,
    /// Who carries it out, through which channel, and why: what ends because of it says so.
    pub origin: Origin,
}

/// What one turn has done.
#[derive(Default)]
pub struct Carried {
    /// The changes, as people read them.
    pub changes: Vec<String>,
    /// Clients and subscribers that were made, with their secrets.
    pub made: Vec<Made>,
}

impl Plan {
    /// What has to change so that everything is as the document says; with `prune`, what its lists do not have is removed.
    /// `kinds` are the kinds of documents that dialects keep.
    pub async fn of(
        authority: &Authority,
        document: &Declaration,
        prune: bool,
        kinds: &[&'static str],
    ) -> Result<Self, ApplyError> {
        let facts = Facts::around(authority, document, kinds).await?;
        let steps = plan(&facts, document, prune, &mut || authority.draw_uuid())?;
        Ok(Self { steps: steps.into() })
    }

    /// The changes that are left, as people read them.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|planned| planned.line.as_str())
    }

    /// How many are left.
    pub fn left(&self) -> usize {
        self.steps.len()
    }

    /// How many secrets come of what is left, each to be shown once.
    pub fn secrets_left(&self) -> usize {
        self.steps.iter().filter(|planned| planned.change.shows_secret()).count()
    }

    /// Looks up every first password that is to be set, and asks the rules of its realm. Changes nothing.
    ///
    /// # Errors
    /// If one can't be had or is not allowed; the step in the error names the user.
    pub async fn check_passwords(
        &self,
        authority: &Authority,
        secrets: &dyn Secrets,
    ) -> Result<(), ApplyError> {
        self.passwords(authority, secrets).await.map(drop)
    }

    /// The first password of each step, if it sets one.
    async fn passwords(
        &self,
        authority: &Authority,
        secrets: &dyn Secrets,
    ) -> Result<VecDeque<Option<Password>>, ApplyError> {
        let mut passwords = VecDeque::with_capacity(self.steps.len());
        for Planned { line, change } in &self.steps {
            let password = match (change.password(), change.secret()) {
                (Some(first), _) => first_password(authority, first, secrets).await.map(Some),
                (None, Some(source)) => secrets.look_up(source).map(|secret| Some(Password::Plain(secret))),
                (None, None) => Ok(None),
            };
            passwords
                .push_back(password.map_err(|source| ApplyError::Secret { step: line.clone(), source })?);
        }
        Ok(passwords)
    }

    /// Makes changes, one at least, for as long as `go_on` says so. Passwords are looked up before the first of them, so that a
    /// missing one stops nothing halfway.
    pub async fn carry(
        &mut self,
        context: &CarryContext<'_>,
        go_on: impl Fn() -> bool + Send + Sync,
    ) -> Result<Carried, ApplyError> {
        let mut carried = Carried::default();
        self.carry_into(&mut carried, context, go_on).await?;
        Ok(carried)
    }

    /// The same, added to what was carried out before; it is told of although a later step is refused. That step stays the
    /// first of the plan.
    pub async fn carry_into(
        &mut self,
        carried: &mut Carried,
        context: &CarryContext<'_>,
        go_on: impl Fn() -> bool + Send + Sync,
    ) -> Result<(), ApplyError> {
        let CarryContext { authority, secrets, origin } = context;
        let mut passwords = self.passwords(authority, *secrets).await?;
        while carried.changes.is_empty() || go_on() {
            let (Some(Planned { line, change }), Some(password)) =
                (self.steps.front().cloned(), passwords.pop_front())
            else {
                break;
            };
            match make(authority, origin, change, password).await {
                Ok(made) => carried.made.extend(made),
                Err(source) => return Err(ApplyError::Stopped { step: line, source }),
            }
            self.steps.pop_front();
            carried.changes.push(line);
        }
        Ok(())
    }
}

/// A first password as it was found, if the rules of its realm allow it.
async fn first_password(
    authority: &Authority,
    first: &FirstPassword,
    secrets: &dyn Secrets,
) -> Result<Password, SecretError> {
    let password = look_up(&first.from, secrets)?;
    if let Password::Plain(plain) = &password {
        authority.allows_password(&first.realm, &first.names, plain).await?;
    }
    Ok(password)
}

/// The document of what is there; with `only`, of the realm at that path alone. `None` if there is no such realm.
pub async fn exported(
    authority: &Authority,
    only: Option<&str>,
    kinds: &[&'static str],
) -> Result<Option<String>, FactsError> {
    let facts = Facts::gather(authority, only, kinds).await?;
    if only.is_some_and(|path| !facts.realms.iter().any(|of| of.realm.path == path)) {
        return Ok(None);
    }
    Ok(Some(crate::export::export(&facts, only).text()))
}
