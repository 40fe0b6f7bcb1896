//! The rules of an installation that are configuration: how long sessions last, what hashing costs, how long codes and
//! remains are kept.

use std::collections::BTreeMap;

use adieu_core::{Door, Limits, Quota, Span};

use crate::hashing::HashCost;
use crate::throttle::FailureLimits;

/// The rules of this installation.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Limits of sessions by the door they come through.
    pub limits: BTreeMap<Door, Limits>,
    /// Limits in single realms, by door and realm path; they win over `limits`.
    pub realm_limits: BTreeMap<(String, Door), Limits>,
    /// Limits where nothing else is said.
    pub limits_default: Limits,
    /// How many live sessions a user may have, by the door of the sign-on.
    pub quotas: BTreeMap<Door, Quota>,
    /// How many sign-ons may fail.
    pub failures: FailureLimits,
    /// What hashing a password costs.
    pub hash_cost: HashCost,
    /// Threads that hash passwords.
    pub workers: usize,
    /// Threads that sign tokens.
    pub signers: usize,
    /// How long tombstones are kept.
    pub tombstones_kept: Span,
    /// Life of a code.
    pub code_life: Span,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            limits: BTreeMap::new(),
            realm_limits: BTreeMap::new(),
            limits_default: Limits { idle: None, absolute: Span::from_s(24 * 3600) },
            quotas: BTreeMap::new(),
            failures: FailureLimits::default(),
            hash_cost: HashCost::default(),
            workers: 2,
            signers: 2,
            tombstones_kept: Span::from_s(30 * 24 * 3600),
            code_life: Span::from_s(60),
        }
    }
}

impl Policy {
    /// The limits of a session that comes through `door` into the realm at `path`.
    pub fn limits_for(&self, path: &str, door: &Door) -> Limits {
        let of_realm = self.realm_limits.get(&(path.to_owned(), door.clone()));
        *of_realm.or_else(|| self.limits.get(door)).unwrap_or(&self.limits_default)
    }
}
