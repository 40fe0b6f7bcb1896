//! The rules of an installation that are configuration: how long sessions last, what hashing costs, how long codes and
//! remains are kept.

use std::collections::BTreeMap;

use adieu_core::{Channel, Limits, PasswordRules, Quota, SecondFactorRule, Span};

use crate::hashing::HashCost;
use crate::throttle::SignOnLimits;
use crate::unfinished::FlowLimits;

/// The rules of this installation.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Limits of sessions by the channel they come through.
    pub limits: BTreeMap<Channel, Limits>,
    /// Limits in single realms, by channel and realm path; they win over `limits`.
    pub realm_limits: BTreeMap<(String, Channel), Limits>,
    /// Limits where nothing else is said.
    pub limits_default: Limits,
    /// How many live sessions a user may have, by the channel of the sign-on.
    pub quotas: BTreeMap<Channel, Quota>,
    /// The same in single realms, by realm path and channel; they win over `quotas`, and none is no limit there.
    pub realm_quotas: BTreeMap<(String, Channel), Option<Quota>>,
    /// Whether another password ends the user's sessions.
    pub password_change_ends_sessions: bool,
    /// The same in single realms, by realm path.
    pub realm_password_changes: BTreeMap<String, bool>,
    /// When users are asked for a second factor.
    pub second_factor: SecondFactorRule,
    /// The same in single realms, by realm path.
    pub realm_second_factors: BTreeMap<String, SecondFactorRule>,
    /// Whether strangers make themselves users.
    pub registration: bool,
    /// The same in single realms, by realm path.
    pub realm_registrations: BTreeMap<String, bool>,
    /// How long after a proof of identity a user may change credentials and end the own other sessions.
    pub recent: Span,
    /// How often sign-ons may be tried.
    pub sign_ons: SignOnLimits,
    /// What hashing a password costs.
    pub hash_cost: HashCost,
    /// What a password has to be when it is set.
    pub password_rules: PasswordRules,
    /// The same in single realms, by realm path.
    pub realm_password_rules: BTreeMap<String, PasswordRules>,
    /// How many unfinished flows are kept.
    pub flows: FlowLimits,
    /// Threads that hash passwords.
    pub workers: usize,
    /// How long tombstones are kept.
    pub tombstones_kept: Span,
    /// Life of a code.
    pub code_life: Span,
    /// For how long a refresh token leads to the same successor again, because the answer was lost; nothing is never.
    pub refresh_reuse_grace: Span,
    /// Whether what a client signs to prove itself names the issuer, and nothing else, as its audience.
    pub assertion_audience_strict: bool,
    /// How long after it was issued a grant ends that its user let outlive the session, however often it is refreshed.
    pub offline_life: Span,
    /// The kinds of documents that dialects keep beside clients; they go with their client.
    pub client_documents: &'static [&'static str],
    /// The scopes of dialects' APIs that clients may be granted.
    pub api_scopes: &'static [&'static str],
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            limits: BTreeMap::new(),
            realm_limits: BTreeMap::new(),
            limits_default: Limits { idle: None, absolute: Span::from_s(24 * 3600) },
            quotas: BTreeMap::new(),
            realm_quotas: BTreeMap::new(),
            password_change_ends_sessions: true,
            realm_password_changes: BTreeMap::new(),
            second_factor: SecondFactorRule::default(),
            realm_second_factors: BTreeMap::new(),
            registration: false,
            realm_registrations: BTreeMap::new(),
            recent: Span::from_s(10 * 60),
            sign_ons: SignOnLimits::default(),
            hash_cost: HashCost::default(),
            password_rules: PasswordRules::default(),
            realm_password_rules: BTreeMap::new(),
            flows: FlowLimits::default(),
            workers: 2,
            tombstones_kept: Span::from_s(30 * 24 * 3600),
            code_life: Span::from_s(60),
            refresh_reuse_grace: Span::from_s(10),
            assertion_audience_strict: false,
            offline_life: Span::from_s(365 * 24 * 3600),
            client_documents: &[],
            api_scopes: &[],
        }
    }
}

impl Policy {
    /// The limits of a session that comes through `channel` into the realm at `path`.
    pub fn limits_for(&self, path: &str, channel: &Channel) -> Limits {
        let of_realm = self.realm_limits.get(&(path.to_owned(), channel.clone()));
        *of_realm.or_else(|| self.limits.get(channel)).unwrap_or(&self.limits_default)
    }

    /// The quota of a sign-on that comes through `channel` into the realm at `path`.
    pub fn quota_for(&self, path: &str, channel: &Channel) -> Option<Quota> {
        let of_realm = self.realm_quotas.get(&(path.to_owned(), channel.clone()));
        of_realm.copied().unwrap_or_else(|| self.quotas.get(channel).copied())
    }

    /// Whether another password ends the user's sessions in the realm at `path`.
    pub fn password_change_ends_sessions_in(&self, path: &str) -> bool {
        *self.realm_password_changes.get(path).unwrap_or(&self.password_change_ends_sessions)
    }

    /// What a password has to be when it is set in the realm at `path`.
    pub fn password_rules_in(&self, path: &str) -> PasswordRules {
        *self.realm_password_rules.get(path).unwrap_or(&self.password_rules)
    }

    /// The shortest that a password may be in any realm.
    pub fn password_length_least(&self) -> u32 {
        let of_realms = self.realm_password_rules.values().map(|rules| rules.length_min);
        of_realms.fold(self.password_rules.length_min, u32::min)
    }

    /// Whether strangers make themselves users of the realm at `path`.
    pub fn registration_in(&self, path: &str) -> bool {
        *self.realm_registrations.get(path).unwrap_or(&self.registration)
    }

    /// When users of the realm at `path` are asked for a second factor.
    pub fn second_factor_in(&self, path: &str) -> SecondFactorRule {
        *self.realm_second_factors.get(path).unwrap_or(&self.second_factor)
    }
}

#[cfg(test)]
mod tests {
    use adieu_core::Beyond;

    use super::*;

    #[test]
    fn a_realm_may_have_a_quota_of_its_own_or_none() {
        let channel = Channel::named("x");
        let quota = |max| Quota { max, beyond: Beyond::Refuse };
        let mut policy = Policy::default();
        assert_eq!(policy.quota_for("/alpha", &channel), None);
        policy.quotas.insert(channel.clone(), quota(5));
        policy.realm_quotas.insert(("/alpha".into(), channel.clone()), Some(quota(2)));
        policy.realm_quotas.insert(("/beta".into(), channel.clone()), None);
        assert_eq!(policy.quota_for("/alpha", &channel), Some(quota(2)));
        assert_eq!(policy.quota_for("/beta", &channel), None);
        assert_eq!(policy.quota_for("/gamma", &channel), Some(quota(5)));
        assert_eq!(policy.quota_for("/alpha", &Channel::named("y")), None);
    }
}
