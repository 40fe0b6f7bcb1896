//! Changes of realms and populations.
//!
//! A realm is made together with its first population, because no user can be made without one. It is never renamed and never
//! removed.

use crate::assurance::SecondFactorRule;
use crate::directory::{DirectoryError, Population, Realm, TakenMember};
use crate::document::{DocumentChange, DocumentChanges, DocumentFacts, decide_document_changes};
use crate::record_fault::RecordFault;
use crate::version::{RemovedVersions, Version};

/// What stands around a population that is made or removed, as it is inside the transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct PopulationAround {
    /// Whether its realm is there.
    pub in_realm: bool,
    /// Whether there is a population of its id.
    pub known: bool,
    /// How many users are in it.
    pub users: u64,
    /// The versions of what was removed.
    pub removed: RemovedVersions,
}

/// The longest path of a realm, in bytes (HOME-LIMITS).
const PATH_BYTES_MAX: usize = 255;

/// Whether a realm may be called so: `/`, or names in small letters, digits, `-`, `_` and `.`, each behind a slash and none
/// of them only dots. A path stands in addresses of every dialect as it is written, and no program on the way reads another one
/// in it.
pub fn is_realm_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let sound = |name: &str| {
        // An empty name has nothing but dots, too.
        name.bytes().all(plain) && !name.bytes().all(|byte| byte == b'.')
    };
    let names = path.strip_prefix('/').filter(|_| path.len() <= PATH_BYTES_MAX);
    names.is_some_and(|names| names.is_empty() || names.split('/').all(sound))
}

/// A realm as it is to be, with what is made with it.
#[derive(Clone, Debug)]
pub struct RealmDraft {
    /// The realm.
    pub realm: Realm,
    /// Its first population.
    pub first: Population,
    /// What dialects keep of it.
    pub documents: Vec<DocumentChange>,
}

/// Decides the making of a realm with its first population and its documents, where there are these realms. Another one has
/// neither its id nor its path. `beside` are the facts about the documents that the draft brings.
pub fn decide_create_realm(
    draft: &RealmDraft,
    realms: &[Realm],
    around: &PopulationAround,
    beside: &[DocumentFacts],
) -> Result<(Realm, Population, DocumentChanges), DirectoryError> {
    let RealmDraft { realm, first, documents } = draft;
    if !is_realm_path(&realm.path) {
        return Err(RecordFault::RealmPath.into());
    }
    for other in realms {
        if other.path == realm.path {
            return Err(DirectoryError::Taken(TakenMember::Path));
        }
        if other.id == realm.id {
            return Err(DirectoryError::Taken(TakenMember::Id));
        }
    }
    let first = Population { realm: realm.id, ..first.clone() };
    let first = decide_create_population(&first, &PopulationAround { in_realm: true, ..*around })?;
    Ok((realm.clone(), first, decide_document_changes(realm.id, documents, beside)?))
}

/// Whether a population may be called so.
pub fn is_population_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=255).contains(&length) && !name.trim().is_empty() && !name.chars().any(char::is_control)
}

/// Decides when the users of a realm are asked for a second factor. Checks follow at once, whatever a session began with.
pub fn decide_second_factor_rule(
    realm: Option<&Realm>,
    rule: SecondFactorRule,
) -> Result<Realm, DirectoryError> {
    let realm = realm.ok_or(DirectoryError::Unknown)?;
    Ok(Realm { second_factor: rule, ..realm.clone() })
}

/// Decides the making of a population.
pub fn decide_create_population(
    new: &Population,
    around: &PopulationAround,
) -> Result<Population, DirectoryError> {
    if !around.in_realm {
        return Err(DirectoryError::Unknown);
    }
    if around.known {
        return Err(DirectoryError::Taken(TakenMember::Id));
    }
    if !is_population_name(&new.name) {
        return Err(RecordFault::PopulationName.into());
    }
    Ok(Population { version: around.removed.first_above(), ..new.clone() })
}

/// Decides a change of a population's name and description.
pub fn decide_edit_population(
    before: Option<&Population>,
    from: Version,
    next: &Population,
) -> Result<Population, DirectoryError> {
    let before = before.filter(|before| before.realm == next.realm).ok_or(DirectoryError::Unknown)?;
    let version = before.version.after_change_from(from)?;
    if before.name != next.name && !is_population_name(&next.name) {
        return Err(RecordFault::PopulationName.into());
    }
    Ok(Population { version, created_at: before.created_at, ..next.clone() })
}

/// Decides the removal of a population: what is to be remembered of its version.
pub fn decide_remove_population(
    before: Option<&Population>,
    from: Option<Version>,
    around: &PopulationAround,
) -> Result<RemovedVersions, DirectoryError> {
    let before = before.ok_or(DirectoryError::Unknown)?;
    if let Some(from) = from {
        before.version.is_still(from)?;
    }
    if around.users > 0 {
        return Err(DirectoryError::NotEmpty);
    }
    Ok(around.removed.with(before.version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PopulationId, RealmId};
    use crate::time::Timestamp;
    use uuid::Uuid;

    fn realm(n: u128) -> RealmId {
        RealmId::from_uuid(Uuid::from_u128(n))
    }

    fn population(name: &str) -> Population {
        Population {
            id: PopulationId::from_uuid(Uuid::from_u128(9)),
            realm: realm(1),
            name: name.into(),
            description: None,
            version: Version::FIRST,
            created_at: Timestamp::from_ms(1),
            updated_at: Timestamp::from_ms(1),
        }
    }

    /// F-20: `/al pha`, `/../etc`.
    #[test]
    fn a_realm_path_is_made_of_names() {
        for good in ["/", "/alpha", "/alpha/sub", "/a-b_c.d/0"] {
            assert!(is_realm_path(good), "{good}");
        }
        let longest = format!("/{}", "a".repeat(254));
        assert!(is_realm_path(&longest));
        let longer = format!("{longest}a");
        for bad in [
            "", "alpha", "/alpha/", "//", "/a//b", "/al pha", "/Alpha", "/../etc", "/a/..", "/.", "/a%2fb",
            "/a?b", "/a\nb", "/ä", &longer,
        ] {
            assert!(!is_realm_path(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_population_changes_from_the_version_that_is_there_and_stays_in_its_realm() {
        let before = population("All");
        let next = Population { created_at: Timestamp::from_ms(7), ..population("Us") };
        let changed = decide_edit_population(Some(&before), Version::FIRST, &next).expect("a change");
        assert_eq!((changed.name.as_str(), changed.version.number()), ("Us", 2));
        assert_eq!(changed.created_at, before.created_at);
        let stale = decide_edit_population(Some(&changed), Version::FIRST, &next);
        assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
        let elsewhere = Population { realm: realm(2), ..next };
        let unknown = decide_edit_population(Some(&before), Version::FIRST, &elsewhere);
        assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
    }

    /// F-57: a document made a population without a name.
    #[test]
    fn a_population_has_a_name() {
        let around = PopulationAround { in_realm: true, ..PopulationAround::default() };
        for name in ["", "  ", "a\nb", &"x".repeat(256)] {
            let refused = decide_create_population(&population(name), &around);
            assert!(matches!(refused, Err(DirectoryError::Fault(RecordFault::PopulationName))), "{name:?}");
            let refused = decide_edit_population(Some(&population("All")), Version::FIRST, &population(name));
            assert!(refused.is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_population_goes_when_it_is_empty() {
        let before = population("All");
        let empty = PopulationAround { in_realm: true, known: true, ..PopulationAround::default() };
        let full = PopulationAround { users: 1, ..empty };
        assert!(matches!(decide_remove_population(None, None, &empty), Err(DirectoryError::Unknown)));
        let held = decide_remove_population(Some(&before), None, &full);
        assert!(matches!(held, Err(DirectoryError::NotEmpty)), "{held:?}");
        let stale = decide_remove_population(Some(&before), Some(Version::FIRST.next()), &empty);
        assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
        let removed = decide_remove_population(Some(&before), Some(Version::FIRST), &empty).expect("empty");
        let around = PopulationAround { known: false, removed, ..empty };
        let back = decide_create_population(&before, &around).expect("it comes back");
        assert!(back.version > before.version, "no change of its first life fits its second");
    }

    #[test]
    fn a_realm_has_an_id_and_a_path_of_its_own() {
        let new = |n, path: &str| Realm {
            id: realm(n),
            path: path.into(),
            generation: 0,
            second_factor: SecondFactorRule::default(),
            subscribers: 0,
            created_at: Timestamp::from_ms(1),
        };
        let (there, free) = ([new(1, "/alpha")], PopulationAround::default());
        let draft =
            |n, path| RealmDraft { realm: new(n, path), first: population("All"), documents: Vec::new() };
        for (n, path) in [(1, "/beta"), (2, "/alpha")] {
            let taken = decide_create_realm(&draft(n, path), &there, &free, &[]);
            assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
        }
        let known = PopulationAround { known: true, ..free };
        let taken = decide_create_realm(&draft(2, "/beta"), &there, &known, &[]);
        assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
        let (made, first, _) = decide_create_realm(&draft(2, "/beta"), &there, &free, &[]).expect("made");
        assert_eq!(first.realm, made.id);
    }
}
