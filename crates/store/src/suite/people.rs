//! Promises about users: names, records, passwords, and what disabling does.
//!
//! Passwords are opaque texts here; nobody hashes anything.

use adieu_core::{
    Ended, NewUser, NotLive, PopulationId, RealmId, Role, RoleAssignment, RoleScope, Target, User, UserId,
};

use crate::DirectoryError;
use crate::suite::town::at;
use crate::suite::{Engine, Town};

/// Goal: ONE-ROAD and ENDED-STAYS-ENDED: whoever is disabled and enabled again signs on anew.
pub async fn disabling_ends_all_sessions_and_enabling_brings_none_back<E: Engine>() {
    let town = Town::<E>::new().await;
    let (ada, bob) = (town.user("ada").await, town.user("bob").await);
    let (one, two) = (town.sign_on(&ada, at(0)).await, town.sign_on(&ada, at(0)).await);
    let his = town.sign_on(&bob, at(0)).await;
    let switch = |enabled, now| town.store.set_enabled(ada.id, enabled, town.origin(), now);
    assert!(matches!(switch(false, at(1)).await, Ok(Some(Ended::Now(_)))));
    for held in [&one, &two] {
        town.expect_dead(held, at(1)).await;
        assert!(matches!(town.end(held.presented(), at(2)).await, Ok(Ended::Before)));
    }
    assert!(!town.read(&ada).await.enabled);
    assert!(matches!(switch(true, at(3)).await, Ok(None)));
    for held in [&one, &two] {
        town.expect_dead(held, at(3)).await;
    }
    let again = town.sign_on(&ada, at(4)).await;
    town.expect_live(&again, at(4)).await;
    // Enabling somebody who is enabled ends nothing.
    assert!(matches!(switch(true, at(5)).await, Ok(None)));
    town.expect_live(&again, at(5)).await;
    town.expect_live(&his, at(5)).await;
    let stranger = UserId::from_uuid(town.chance.uuid());
    let unknown = town.store.set_enabled(stranger, false, town.origin(), at(6)).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
    let town = town.after_crash().await;
    town.expect_live(&again, at(7)).await;
    for held in [&one, &two] {
        town.expect_dead(held, at(7)).await;
    }
}

/// Goal: what a password change ends is the authority's order, not the store's guess.
pub async fn another_password_ends_nothing_by_itself<E: Engine>() {
    let town = Town::<E>::new().await;
    let ada = town.user("ada").await;
    let held = town.sign_on(&ada, at(0)).await;
    town.store.set_password(ada.id, "$argon2id$x".into(), at(1)).await.expect("written");
    let read = town.read(&ada).await;
    assert_eq!((read.password.as_deref(), read.updated_at), (Some("$argon2id$x"), at(1)));
    assert_eq!((read.generation, read.created_at), (0, at(0)));
    town.expect_live(&held, at(2)).await;
    let stranger = UserId::from_uuid(town.chance.uuid());
    let unknown = town.store.set_password(stranger, "x".into(), at(1)).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
}

/// Goal: nobody takes a name by spelling it differently, and nobody is found under another realm's name.
pub async fn a_name_is_taken_in_every_spelling<E: Engine>() {
    let town = Town::<E>::new().await;
    let ada = town.user("Ada").await;
    for spelled in ["ada", "ADA", " aDa ", "ada@example.test", "ADA@EXAMPLE.TEST"] {
        let found = town.store.user_named(town.realm, spelled).await.expect("an answer");
        assert_eq!(found.expect("found").id, ada.id, "{spelled}");
        let other = User { username: spelled.into(), email: None, ..town.nobody_yet("x") };
        let taken = town.store.create_user(NewUser { user: other }).await;
        assert!(matches!(taken, Err(DirectoryError::NameTaken)), "{spelled}: {taken:?}");
        let other = User { email: Some(spelled.into()), ..town.nobody_yet("y") };
        let taken = town.store.create_user(NewUser { user: other }).await;
        assert!(matches!(taken, Err(DirectoryError::NameTaken)), "{spelled}: {taken:?}");
    }
    for free in ["x", "y", "", "ad"] {
        let found = town.store.user_named(town.realm, free).await.expect("an answer");
        assert!(found.is_none(), "{free}: a refused user leaves no name behind");
    }
    let (realm, population) =
        (RealmId::from_uuid(town.chance.uuid()), PopulationId::from_uuid(town.chance.uuid()));
    town.found("/village", realm, population).await;
    assert!(town.store.user_named(realm, "ada").await.expect("an answer").is_none());
    let twin = User { realm, population, ..town.nobody_yet("Ada") };
    let twin = town.store.create_user(NewUser { user: twin }).await.expect("free over there");
    assert_eq!(town.store.user_named(realm, "ada").await.expect("an answer").expect("found").id, twin.id);
    let same_id = User { id: ada.id, ..town.nobody_yet("eve") };
    let taken = town.store.create_user(NewUser { user: same_id }).await;
    assert!(matches!(taken, Err(DirectoryError::NameTaken)), "{taken:?}");
    let homeless = User { population, ..town.nobody_yet("eve") };
    let unknown = town.store.create_user(NewUser { user: homeless }).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "another realm's population: {unknown:?}");
}

/// Goal: records come back as they were written, over sign-ons, endings and a crash; keys are never shared.
pub async fn a_user_keeps_what_was_written<E: Engine>() {
    let town = Town::<E>::new().await;
    let admin =
        RoleAssignment { role: Role::IdentityDataAdmin, scope: RoleScope::Population(town.population) };
    let ada = User {
        password: Some("$argon2id$v=19$x".into()),
        traits: r#"{"name":"Ada","z":1,"a":[2]}"#.into(),
        metadata_public: Some(r#"{"team":"blue"}"#.into()),
        metadata_admin: Some("null".into()),
        roles: vec![admin],
        ..town.nobody_yet("Ada")
    };
    let made = town.store.create_user(NewUser { user: ada.clone() }).await.expect("a free name");
    let same_key = User { key: made.key, ..town.nobody_yet("bob") };
    let bob = town.store.create_user(NewUser { user: same_key }).await.expect("a free name");
    assert_ne!(bob.key, made.key, "a key is given out once");
    let held = town.sign_on(&made, at(1)).await;
    town.end(Target::User(made.id), at(2)).await.expect("an ending");
    let town = town.after_crash().await;
    let read = town.read(&made).await;
    let expect = User { key: made.key, generation: 1, ..ada };
    assert_eq!(format!("{read:?}"), format!("{expect:?}"));
    assert_eq!(town.expect_dead(&held, at(3)).await, NotLive::Generation);
}
