//! What changes of users come to: versions, names, and which sessions end.
//!
//! One user, changed in every way that a rule asks about.

use std::sync::Arc;

use uuid::Uuid;

use super::*;
use crate::assurance::SecondFactorRule;
use crate::facts::RealmAround;
use crate::origin::Channel;
use crate::session::tests::plain;
use crate::session::{Generations, Session};

pub(crate) fn ada() -> User {
    User {
        key: UserKey::from_random(7),
        id: UserId::from_uuid(Uuid::from_u128(1)),
        realm: RealmId::from_uuid(Uuid::from_u128(2)),
        population: PopulationId::from_uuid(Uuid::from_u128(3)),
        username: "Ada".into(),
        email: Some("ada@example.test".into()),
        external_id: Some("hr-1".into()),
        enabled: true,
        enabled_at: at(0),
        lock: None,
        unlocked_at: None,
        generation: 5,
        forgotten: 2,
        grants_from: 0,
        signed_on_since: false,
        removed: false,
        password: Some("$old".into()),
        recovery_codes: None,
        traits: "{}".into(),
        metadata_public: None,
        metadata_admin: None,
        roles: vec![],
        version: Version::from_stored(3),
        created_at: at(0),
        updated_at: at(0),
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn origin() -> Origin {
    Origin::of_holder(Channel::named("test"), None)
}

fn order(edit: UserEdit) -> EditUserOrder {
    let (user, from) = (ada().id, ada().version);
    EditUserOrder { user, from, edit, by_session: None, password_ends_sessions: true, origin: origin() }
}

fn edited(edit: UserEdit) -> UserChanges {
    decide_edit_user(Some(&ada()), &order(edit), &UserAround::default(), at(9)).expect("a change")
}

/// Goal: EMPTY-HANDS: whoever prints a user, or a change of one, prints no hash.
#[test]
fn no_debug_text_shows_a_hash() {
    let password = Some("$argon2id$secret".to_owned());
    let user = User { password: password.clone(), ..crate::facts::tests::user() };
    let edit = UserEdit { password: Some(password), ..UserEdit::default() };
    let shown = format!("{:?} {edit:?}", NewUser { user });
    assert!(shown.contains("UserEdit") && !shown.contains("argon2id"), "{shown}");
}

#[test]
fn a_change_is_made_from_the_version_that_is_there() {
    let edit = UserEdit { username: Some("Countess".into()), ..UserEdit::default() };
    let changes = edited(edit.clone());
    assert_eq!((changes.user.version.number(), changes.user.updated_at), (4, at(9)));
    let stale = decide_edit_user(Some(&changes.user), &order(edit), &UserAround::default(), at(10));
    assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
    let gone = ada().without_trace(at(8));
    let unknown = decide_edit_user(Some(&gone), &order(UserEdit::default()), &UserAround::default(), at(9));
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
    let remove = |from| RemoveUserOrder { user: ada().id, from, origin: origin() };
    let stale = decide_remove_user(Some(&ada()), &remove(Some(Version::FIRST)), at(9));
    assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
    let removed = decide_remove_user(Some(&ada()), &remove(None), at(9)).expect("removed");
    assert!(removed.user.removed && removed.user.version.number() == 4);
    assert_eq!(removed.names.drop, ["ada", "ada@example.test"]);
    let end = removed.end.expect("all ends");
    let expected = (EndTarget::UserAndGrants(ada().id), EndKind::Forget, Cause::UserRemoved);
    assert_eq!((end.target, end.kind, end.cause), expected);
}

#[test]
fn a_user_keeps_names_that_stay_and_takes_none_that_is_somebody_elses() {
    let edit = UserEdit {
        username: Some("ADA@example.test".into()),
        external_id: Some(None),
        ..UserEdit::default()
    };
    let names = edited(edit.clone()).names;
    let expected = NameChanges {
        drop: vec!["ada".into()],
        drop_external: Some("hr-1".into()),
        ..NameChanges::default()
    };
    assert_eq!(names, expected);
    let held_by = |key| UserAround {
        name_holders: vec![("ada@example.test".into(), UserKey::from_random(key))],
        ..UserAround::default()
    };
    decide_edit_user(Some(&ada()), &order(edit.clone()), &held_by(7), at(9)).expect("it is her own");
    let taken = decide_edit_user(Some(&ada()), &order(edit), &held_by(8), at(9));
    assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
}

#[test]
fn another_population_is_one_of_the_realm() {
    let population = PopulationId::from_uuid(Uuid::from_u128(4));
    let moved = |realm: Option<u128>| {
        let population_realm = realm.map(|n| RealmId::from_uuid(Uuid::from_u128(n)));
        let around = UserAround { population_realm, ..UserAround::default() };
        let edit = UserEdit { population: Some(population), ..UserEdit::default() };
        decide_edit_user(Some(&ada()), &order(edit), &around, at(9))
    };
    assert_eq!(moved(Some(2)).expect("a change").user.population, population);
    assert!(matches!(moved(Some(5)), Err(DirectoryError::Unknown)));
    assert!(matches!(moved(None), Err(DirectoryError::Unknown)));
}

/// What ends when the password becomes this one.
fn ended(password: Option<&str>, after_password: AfterPassword, policy: bool) -> Option<EndTarget> {
    let password = Some(password.map(str::to_owned));
    let edit = UserEdit { password, after_password, ..UserEdit::default() };
    let order = EditUserOrder { password_ends_sessions: policy, ..order(edit) };
    let changes = decide_edit_user(Some(&ada()), &order, &UserAround::default(), at(9)).expect("a change");
    changes.end.map(|end| {
        assert_eq!((end.cause, end.kind), (Cause::PasswordChanged, EndKind::End));
        end.target
    })
}

#[test]
fn another_password_ends_sessions_by_policy_unless_the_caller_says_otherwise() {
    use AfterPassword::{ByPolicy, EndSessions, KeepSessions};
    let all = Some(EndTarget::User(ada().id));
    for (after, policy, expected) in [
        (ByPolicy, true, all.clone()),
        (ByPolicy, false, None),
        (EndSessions, false, all.clone()),
        (KeepSessions, true, None),
    ] {
        assert_eq!(ended(Some("$new"), after, policy), expected, "{after:?} {policy}");
        assert_eq!(ended(None, after, policy), expected, "removing is changing: {after:?} {policy}");
    }
    assert_eq!(ended(Some("$old"), ByPolicy, true), None, "it is the same");
}

#[test]
fn the_session_in_use_is_spared_and_disabling_spares_none() {
    let keep = SessionId::from_bytes([1; 16]);
    let edit = UserEdit { password: Some(Some("$new".into())), spare: Some(keep), ..UserEdit::default() };
    let end = edited(edit.clone()).end.expect("the others end");
    assert_eq!(end.target, EndTarget::UserBut { user: ada().id, keep });
    let end = edited(UserEdit { enabled: Some(false), ..edit }).end.expect("all end");
    let all = EndTarget::UserAndGrants(ada().id);
    assert_eq!((end.target, end.cause), (all, Cause::UserDisabled));
    let again = UserEdit { enabled: Some(true), ..UserEdit::default() };
    assert!(edited(again).end.is_none());
}

/// Goal: S-12: an administrator's word that forgives failed sign-ons stands in the record, ends nothing, and stays.
#[test]
fn unlocking_is_a_change_that_ends_nothing() {
    let unlocked = edited(UserEdit { unlock: true, ..UserEdit::default() });
    assert_eq!((unlocked.user.unlocked_at, unlocked.user.version.number()), (Some(at(9)), 4));
    assert!(unlocked.end.is_none());
    assert_eq!(UserEdit::default().applied_to(&unlocked.user, at(10)).unlocked_at, Some(at(9)));
}

#[test]
fn a_change_never_takes_back_what_endings_raised() {
    let raised = User { generation: 6, forgotten: 6, ..ada() };
    let changed = edited(UserEdit { enabled: Some(false), ..UserEdit::default() }).user.under(&raised);
    assert_eq!((changed.generation, changed.forgotten, changed.enabled), (6, 6, false));
}

#[test]
fn a_new_user_begins_in_the_first_version_with_free_names_in_a_population_of_the_realm() {
    let new = NewUser { user: ada() };
    let key = UserKey::from_random(70);
    let home = UserAround { population_realm: Some(ada().realm), ..UserAround::default() };
    let made = decide_create_user(&new, false, key, &home).expect("made");
    assert_eq!((made.user.key, made.user.version), (key, Version::FIRST));
    assert_eq!(made.names.add, ["ada", "ada@example.test"]);
    assert_eq!(made.names.add_external.as_deref(), Some("hr-1"));
    let taken = UserAround { external_holder: Some(UserKey::from_random(8)), ..home.clone() };
    for (known, around) in [(true, &home), (false, &taken)] {
        let refused = decide_create_user(&new, known, key, around);
        assert!(matches!(refused, Err(DirectoryError::Taken(_))), "{refused:?}");
    }
    let homeless = decide_create_user(&new, false, key, &UserAround::default());
    assert!(matches!(homeless, Err(DirectoryError::Unknown)), "{homeless:?}");
}

#[test]
fn the_same_password_hashed_anew_is_another_version_and_no_other_password() {
    let renewal = |verified: &str| PasswordRenewal { verified: verified.into(), renewed: "$new".into() };
    let renewed = decide_renew_password(&ada(), &renewal("$old"), at(9)).expect("it is the verified one");
    assert_eq!((renewed.password.as_deref(), renewed.version.number()), (Some("$new"), 4));
    assert!(decide_renew_password(&ada(), &renewal("$other"), at(9)).is_none());
}

#[test]
fn a_session_that_is_over_changes_nothing_of_its_user() {
    let own = || UserAround { by_session: Some(own_session()), ..UserAround::default() };
    let session = own_session().session.id;
    let asked = |by_session, around: UserAround, now| {
        let edit = UserEdit { recovery_codes: Some(None), ..UserEdit::default() };
        let order = EditUserOrder { by_session: Some(by_session), ..order(edit) };
        decide_edit_user(Some(&ada()), &order, &around, now)
    };
    asked(session, own(), at(9)).expect("it is live and hers");
    let mut ended = own();
    ended.by_session.as_mut().expect("a session").user = Arc::new(User { generation: 6, ..ada() });
    let mut of_another = own();
    let bob = User { id: UserId::from_uuid(Uuid::from_u128(9)), ..ada() };
    of_another.by_session.as_mut().expect("a session").user = Arc::new(bob);
    for (what, refused) in [
        ("over by an ending of many", asked(session, ended, at(9))),
        ("over by time", asked(session, own(), at(1_000_001))),
        ("of another user", asked(session, of_another, at(9))),
        ("another session", asked(SessionId::from_bytes([2; 16]), own(), at(9))),
        ("never heard of", asked(session, UserAround::default(), at(9))),
    ] {
        assert!(matches!(refused, Err(DirectoryError::SessionOver)), "{what}: {refused:?}");
    }
}

/// A live session of ada's.
fn own_session() -> SessionFacts {
    let born = Generations { user: ada().generation, realm: 5 };
    let session = Session { user: ada().id, born, ..plain() };
    let realm =
        RealmAround { generation: 5, second_factor: SecondFactorRule::default(), is_subscribed: false };
    SessionFacts { session: Arc::new(session), seen_at: at(0), user: Arc::new(ada()), realm }
}
