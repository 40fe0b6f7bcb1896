//! Changes of realms and populations.
//!
//! A realm is made together with its first population, because no user can be made without one. It is never renamed and never
//! removed.

use crate::assurance::SecondFactorRule;
use crate::directory::{DirectoryError, Population, Realm};
use crate::version::Version;

/// Decides the making of a realm with its first population. `taken` says whether another realm has the id or the path, or
/// another population the population's id.
pub fn decide_create_realm(
    realm: &Realm,
    first: &Population,
    taken: bool,
) -> Result<(Realm, Population), DirectoryError> {
    if taken {
        return Err(DirectoryError::NameTaken);
    }
    let first = Population { realm: realm.id, version: Version::FIRST, ..first.clone() };
    Ok((realm.clone(), first))
}

/// Decides when the users of a realm are asked for a second factor. Checks follow at once, whatever a session began with.
pub fn decide_second_factor_rule(
    realm: Option<&Realm>,
    rule: SecondFactorRule,
) -> Result<Realm, DirectoryError> {
    let realm = realm.ok_or(DirectoryError::Unknown)?;
    Ok(Realm { second_factor: rule, ..realm.clone() })
}

/// Decides the making of a population. `in_realm` says whether its realm is there, `taken` whether its id is another one's.
pub fn decide_create_population(
    new: &Population,
    in_realm: bool,
    taken: bool,
) -> Result<Population, DirectoryError> {
    if !in_realm {
        return Err(DirectoryError::Unknown);
    }
    if taken {
        return Err(DirectoryError::NameTaken);
    }
    Ok(Population { version: Version::FIRST, ..new.clone() })
}

/// Decides a change of a population's name and description.
pub fn decide_edit_population(
    before: Option<&Population>,
    from: Version,
    next: &Population,
) -> Result<Population, DirectoryError> {
    let before = before.filter(|before| before.realm == next.realm).ok_or(DirectoryError::Unknown)?;
    let version = before.version.after_change_from(from)?;
    Ok(Population { version, created_at: before.created_at, ..next.clone() })
}

/// Decides the removal of a population that holds so many users.
pub fn decide_remove_population(
    before: Option<&Population>,
    from: Option<Version>,
    users: u64,
) -> Result<(), DirectoryError> {
    let before = before.ok_or(DirectoryError::Unknown)?;
    if let Some(from) = from {
        before.version.is_still(from)?;
    }
    if users == 0 { Ok(()) } else { Err(DirectoryError::NotEmpty) }
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

    #[test]
    fn a_population_goes_when_it_is_empty() {
        let before = population("All");
        assert!(matches!(decide_remove_population(None, None, 0), Err(DirectoryError::Unknown)));
        assert!(matches!(decide_remove_population(Some(&before), None, 1), Err(DirectoryError::NotEmpty)));
        let stale = decide_remove_population(Some(&before), Some(Version::FIRST.next()), 0);
        assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
        decide_remove_population(Some(&before), Some(Version::FIRST), 0).expect("it is empty");
    }
}
