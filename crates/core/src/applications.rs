//! What is asked of all applications of a realm at once, before anybody has said which one is meant.
//!
//! Callers ask before they are authenticated, so an engine answers from an index, however many applications there are.

use crate::directory::Client;

/// Something that holds for an application or does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApplicationTrait {
    /// It says nothing of origins: pages of any may read what is meant for it.
    OfAnyOrigin,
    /// It names this origin.
    OfOrigin(String),
    /// One of its ID tokens is enough to end the session it speaks of.
    EndsByIdToken,
    /// One of its ID tokens ends nothing.
    KeepsByIdToken,
}

impl Client {
    /// What holds for this application; nothing for a client that is switched off or redeems no codes.
    pub fn application_traits(&self) -> Vec<ApplicationTrait> {
        if !self.enabled || !self.code {
            return Vec::new();
        }
        let mut traits = match &self.origins {
            None => vec![ApplicationTrait::OfAnyOrigin],
            Some(origins) => origins.iter().cloned().map(ApplicationTrait::OfOrigin).collect(),
        };
        traits.push(match self.ends_by_id_token {
            true => ApplicationTrait::EndsByIdToken,
            false => ApplicationTrait::KeepsByIdToken,
        });
        traits
    }
}
