//! Promises about users: names, records, passwords, and what disabling does.
//!
//! Passwords are opaque texts here; nobody hashes anything.

use adieu_core::{
    AfterPassword, DirectoryError, EditUserOrder, EndError, EndTarget, Ended, LockChange, NewUser, NotLive,
    PasswordRenewal, PopulationId, RealmId, Role, RoleAssignment, RoleScope, SignOnError, TakenMember, User,
    UserEdit, UserId,
};

use crate::suite::fixture::at;
use crate::suite::{Engine, Fixture, OpenedSession};

/// Goal: ONE-ROAD and ENDED-STAYS-ENDED: whoever is disabled and enabled again signs on anew.
pub async fn disabling_ends_all_sessions_and_enabling_brings_none_back<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let (one, two) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    let his = fixture.sign_on(&bob, at(0)).await;
    let edited = fixture.enable(ada.id, false, at(1)).await;
    assert!(matches!(edited.ended, Some(Ended::Now(_))));
    assert_eq!((edited.user.enabled_at, edited.user.generation), (at(1), 1));
    for held in [&one, &two] {
        fixture.expect_dead(held, at(1)).await;
        assert!(matches!(fixture.end(held.presented(), at(2)).await, Ok(Ended::Before)));
    }
    assert!(!fixture.read(&ada).await.enabled);
    assert!(fixture.enable(ada.id, true, at(3)).await.ended.is_none());
    for held in [&one, &two] {
        fixture.expect_dead(held, at(3)).await;
    }
    let again = fixture.sign_on(&ada, at(4)).await;
    fixture.expect_live(&again, at(4)).await;
    // Enabling somebody who is enabled ends nothing.
    let edited = fixture.enable(ada.id, true, at(5)).await;
    assert!(edited.ended.is_none());
    assert_eq!(edited.user.enabled_at, at(3), "it did not change now");
    fixture.expect_live(&again, at(5)).await;
    fixture.expect_live(&his, at(5)).await;
    let stranger = UserId::from_uuid(fixture.chance.uuid());
    let unknown =
        fixture.edit(stranger, UserEdit { enabled: Some(false), ..UserEdit::default() }, at(6)).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
    let unlock = UserEdit { unlock: true, ..UserEdit::default() };
    fixture.edit(ada.id, unlock, at(6)).await.expect("a change");
    let fixture = fixture.after_crash().await;
    fixture.expect_live(&again, at(7)).await;
    assert_eq!(fixture.read(&ada).await.unlocked_at, Some(at(6)), "what was forgiven stays so");
    for held in [&one, &two] {
        fixture.expect_dead(held, at(7)).await;
    }
}

/// Goal: a password that was replaced or removed after it was verified never comes back, over a crash, too.
pub async fn a_renewed_hash_replaces_only_the_one_that_was_verified<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let password =
        |hash: Option<&str>| UserEdit { password: Some(hash.map(str::to_owned)), ..UserEdit::default() };
    let renewal = |verified: &str, renewed: &str| PasswordRenewal {
        verified: verified.into(),
        renewed: renewed.into(),
    };
    fixture.edit(ada.id, password(Some("$old")), at(1)).await.expect("written");
    let renewed = fixture.store.renew_password(ada.id, renewal("$old", "$new"), at(2)).await;
    assert!(matches!(renewed, Ok(true)), "{renewed:?}");
    assert_eq!(fixture.read(&ada).await.password.as_deref(), Some("$new"));
    let late = fixture.store.renew_password(ada.id, renewal("$old", "$late"), at(3)).await;
    assert!(matches!(late, Ok(false)), "{late:?}");
    fixture.edit(ada.id, password(None), at(4)).await.expect("written");
    let late = fixture.store.renew_password(ada.id, renewal("$new", "$late"), at(5)).await;
    assert!(matches!(late, Ok(false)), "{late:?}");
    let stranger = UserId::from_uuid(fixture.chance.uuid());
    let unknown = fixture.store.renew_password(stranger, renewal("$old", "$new"), at(6)).await;
    assert!(matches!(unknown, Ok(false)), "{unknown:?}");
    let fixture = fixture.after_crash().await;
    assert_eq!(fixture.read(&ada).await.password, None);
}

/// Goal: a password that somebody else knows opens no session any more when the new one is acknowledged: one commit, by
/// the policy of the realm, unless the change says otherwise.
pub async fn another_password_ends_sessions_by_policy<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let his = fixture.sign_on(&bob, at(0)).await;
    let edited = async |hash: Option<&str>, after_password, password_ends_sessions, spare| {
        let password = Some(hash.map(str::to_owned));
        let edit = UserEdit { password, after_password, spare, ..UserEdit::default() };
        let order = fixture.edit_order(ada.id, edit).await;
        let order = EditUserOrder { password_ends_sessions, ..order };
        fixture.store.edit_user(order, at(1)).await.expect("written")
    };
    let mut hash = 0;
    for (after, policy, ends) in [
        (AfterPassword::ByPolicy, false, false),
        (AfterPassword::ByPolicy, true, true),
        (AfterPassword::KeepSessions, true, false),
        (AfterPassword::EndSessions, false, true),
    ] {
        let held = fixture.sign_on(&ada, at(0)).await;
        hash += 1;
        let done = edited(Some(&format!("$argon2id${hash}")), after, policy, None).await;
        assert_eq!(matches!(done.ended, Some(Ended::Now(_))), ends, "{after:?} {policy}");
        match ends {
            true => assert_eq!(fixture.expect_dead(&held, at(2)).await, NotLive::Generation),
            false => fixture.expect_live(&held, at(2)).await,
        }
    }
    let (mine, other) = (fixture.sign_on(&ada, at(2)).await, fixture.sign_on(&ada, at(2)).await);
    let done = edited(Some("$own"), AfterPassword::ByPolicy, true, Some(mine.session.id)).await;
    assert!(matches!(done.ended, Some(Ended::Now(_))));
    fixture.expect_dead(&other, at(3)).await;
    fixture.expect_live(&mine, at(3)).await;
    edited(None, AfterPassword::ByPolicy, true, None).await;
    fixture.expect_dead(&mine, at(3)).await;
    let fixture = fixture.after_crash().await;
    assert_eq!(fixture.read(&ada).await.password, None);
    fixture.expect_dead(&mine, at(4)).await;
    fixture.expect_live(&his, at(4)).await;
}

/// Goal: ENDED-STAYS-ENDED: an order that a user's own session gave changes nothing once that session is over, however long
/// it was on its way.
pub async fn a_session_that_is_over_changes_nothing_of_its_user<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let (one, two) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&ada, at(0)).await);
    let his = fixture.sign_on(&bob, at(0)).await;
    let order = async |held: &OpenedSession, hash: &str| {
        let edit = UserEdit { password: Some(Some(hash.into())), ..UserEdit::default() };
        EditUserOrder { by_session: Some(held.session.id), ..fixture.edit_order(ada.id, edit).await }
    };
    let (by_one, by_his) = (order(&one, "$ended").await, order(&his, "$his").await);
    fixture.end(one.presented(), at(1)).await.expect("an ending");
    for foreign in [by_one, by_his] {
        let refused = fixture.store.edit_user(foreign, at(2)).await;
        assert!(matches!(refused, Err(DirectoryError::SessionOver)), "{refused:?}");
    }
    fixture.store.edit_user(order(&two, "$live").await, at(2)).await.expect("it is live");
    let late = order(&two, "$late").await;
    fixture.end(EndTarget::User(ada.id), at(3)).await.expect("an ending");
    let refused = fixture.store.edit_user(late, at(4)).await;
    assert!(matches!(refused, Err(DirectoryError::SessionOver)), "{refused:?}");
    let fixture = fixture.after_crash().await;
    assert_eq!(fixture.read(&ada).await.password.as_deref(), Some("$live"));
}

/// Goal: a user who changes is found under the new names at once and under no old one, and nobody's name is taken away.
pub async fn a_user_changes_and_is_found_by_what_is_true_now<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let none = UserEdit::default;
    let found = async |name: &str| {
        fixture.store.user_named(fixture.realm, name).await.expect("an answer").map(|user| user.id)
    };
    for taken in ["BOB", "bob@example.test"] {
        let edit = UserEdit { username: Some(taken.into()), traits: Some("{1}".into()), ..none() };
        let refused = fixture.edit(ada.id, edit, at(1)).await;
        assert!(matches!(refused, Err(DirectoryError::Taken(_))), "{taken}: {refused:?}");
    }
    assert_eq!(
        format!("{:?}", fixture.read(&ada).await),
        format!("{ada:?}"),
        "a refused change changes nothing"
    );
    let edit = UserEdit {
        username: Some("Countess".into()),
        email: Some(None),
        external_id: Some(Some("hr-7".into())),
        metadata_public: Some(Some("{}".into())),
        ..none()
    };
    let edited = fixture.edit(ada.id, edit, at(2)).await.expect("a change").user;
    assert_eq!((edited.username.as_str(), edited.updated_at), ("Countess", at(2)));
    assert_eq!((found("countess").await, found("ada").await), (Some(ada.id), None));
    assert_eq!(found("ada@example.test").await, None);
    let external = fixture.store.user_external(fixture.realm, "hr-7").await.expect("an answer");
    assert_eq!(external.expect("found").id, ada.id);
    let same = UserEdit { external_id: Some(Some("hr-7".into())), ..none() };
    assert!(matches!(fixture.edit(bob.id, same.clone(), at(3)).await, Err(DirectoryError::Taken(_))));
    fixture.edit(ada.id, same, at(3)).await.expect("it is her own");
    // A freed name can be given out again; an address may become a name of the same user.
    let edit = UserEdit { username: Some("ada".into()), ..none() };
    fixture.edit(bob.id, edit, at(4)).await.expect("it is free");
    assert_eq!(found("ada").await, Some(bob.id));
    let elsewhere = PopulationId::from_uuid(fixture.chance.uuid());
    let edit = UserEdit { population: Some(elsewhere), ..none() };
    let refused = fixture.edit(bob.id, edit.clone(), at(5)).await;
    assert!(matches!(refused, Err(DirectoryError::Unknown)), "{refused:?}");
    let population = Fixture::<E>::population(elsewhere, fixture.realm, "Elsewhere");
    fixture.store.create_population(population).await.expect("a realm");
    fixture.edit(bob.id, edit, at(6)).await.expect("it is there now");
    assert_eq!(fixture.store.count_users(elsewhere).await.expect("a number"), 1);
    assert_eq!(fixture.store.count_users(fixture.population).await.expect("a number"), 1);
    let fixture = fixture.after_crash().await;
    assert_eq!(fixture.read(&ada).await.external_id.as_deref(), Some("hr-7"));
}

/// Goal: ENDED-STAYS-ENDED: a deleted user is nobody, nothing of theirs lives or is shown, and the names are free.
pub async fn a_deleted_user_leaves_nothing_that_lives<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let (one, his) = (fixture.sign_on(&ada, at(0)).await, fixture.sign_on(&bob, at(0)).await);
    let stale = fixture.order(&fixture.read(&ada).await);
    let ended = fixture.remove(ada.id, at(1)).await;
    assert!(matches!(ended, Ok(Ended::Now(_))), "{ended:?}");
    let again = fixture.remove(ada.id, at(2)).await;
    assert!(matches!(again, Err(DirectoryError::Unknown)), "{again:?}");
    for fixture in [&fixture, &fixture.again_after_crash().await] {
        assert_eq!(fixture.expect_dead(&one, at(3)).await, NotLive::Generation);
        fixture.expect_live(&his, at(3)).await;
        assert!(fixture.store.user(ada.id).get().await.expect("an answer").is_none());
        let removed = fixture.store.removed_users(vec![bob.id, ada.id]).await.expect("an answer");
        assert_eq!(removed, [ada.id]);
        assert!(fixture.store.user_named(fixture.realm, "ada").await.expect("an answer").is_none());
        assert!(fixture.store.session_record(one.session.id, at(3)).await.expect("an answer").is_none());
        let listed = fixture.store.users(fixture.realm, None, 10).await.expect("a list");
        assert_eq!(listed.iter().map(|user| user.id).collect::<Vec<_>>(), [bob.id]);
    }
    let refused = fixture.end(one.presented(), at(4)).await;
    assert!(matches!(refused, Err(EndError::UnknownSession)), "{refused:?}");
    let refused = fixture.store.open_session(stale, at(4)).await;
    assert!(matches!(refused, Err(SignOnError::UnknownUser)), "{refused:?}");
    let edit = UserEdit { enabled: Some(true), ..UserEdit::default() };
    assert!(matches!(fixture.edit(ada.id, edit, at(4)).await, Err(DirectoryError::Unknown)));
    let second = fixture.user("ada").await;
    assert!(second.id != ada.id && second.key != ada.key, "a new person with an old name");
    fixture.expect_dead(&one, at(5)).await;
}

/// Goal: all users of a realm can be read page by page, whatever is made meanwhile.
pub async fn users_are_listed_in_the_order_of_their_ids<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(fixture.user(&format!("user{n}")).await.id);
    }
    ids.sort();
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = fixture.store.users(fixture.realm, after, 3).await.expect("a page");
        assert!(page.len() <= 3);
        after = page.last().map(|user| user.id);
        if page.is_empty() {
            break;
        }
        read.extend(page.into_iter().map(|user| user.id));
    }
    assert_eq!(read, ids);
    let nowhere = RealmId::from_uuid(fixture.chance.uuid());
    assert_eq!(fixture.store.users(nowhere, None, 3).await.expect("a page").len(), 0);
}

/// Goal: a name is not taken twice by spelling it differently, and no user is found under another realm's name.
pub async fn a_name_is_taken_in_every_spelling<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("Ada").await;
    for spelled in ["ada", "ADA", " aDa ", "ada@example.test", "ADA@EXAMPLE.TEST"] {
        let found = fixture.store.user_named(fixture.realm, spelled).await.expect("an answer");
        assert_eq!(found.expect("found").id, ada.id, "{spelled}");
        let other = User { username: spelled.into(), email: None, ..fixture.nobody_yet("x") };
        let taken = fixture.store.create_user(NewUser { user: other }).await;
        assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{spelled}: {taken:?}");
        if !spelled.contains('@') {
            continue; // No e-mail address.
        }
        let other = User { email: Some(spelled.into()), ..fixture.nobody_yet("y") };
        let taken = fixture.store.create_user(NewUser { user: other }).await;
        assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{spelled}: {taken:?}");
    }
    for free in ["x", "y", "", "ad"] {
        let found = fixture.store.user_named(fixture.realm, free).await.expect("an answer");
        assert!(found.is_none(), "{free}: a refused user leaves no name behind");
    }
    let (realm, population) =
        (RealmId::from_uuid(fixture.chance.uuid()), PopulationId::from_uuid(fixture.chance.uuid()));
    fixture.found("/village", realm, population).await;
    assert!(fixture.store.user_named(realm, "ada").await.expect("an answer").is_none());
    let twin = User { realm, population, ..fixture.nobody_yet("Ada") };
    let twin = fixture.store.create_user(NewUser { user: twin }).await.expect("free over there");
    assert_eq!(fixture.store.user_named(realm, "ada").await.expect("an answer").expect("found").id, twin.id);
    let same_id = User { id: ada.id, ..fixture.nobody_yet("eve") };
    let taken = fixture.store.create_user(NewUser { user: same_id }).await;
    assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
    let homeless = User { population, ..fixture.nobody_yet("eve") };
    let unknown = fixture.store.create_user(NewUser { user: homeless }).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "another realm's population: {unknown:?}");
}

/// Goal: F-16: a name composed and decomposed is one name, and so is one in letters of full width; whichever of them was given, and it is
/// free once it is given up.
pub async fn a_name_is_one_in_all_its_forms<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (composed, decomposed) = ("jos\u{e9}", "jose\u{301}");
    let (narrow, wide) = ("alice", "\u{ff41}\u{ff4c}\u{ff49}\u{ff43}\u{ff45}");
    let found = async |name: &str| {
        fixture.store.user_named(fixture.realm, name).await.expect("an answer").map(|user| user.id)
    };
    for (has, other) in [(composed, decomposed), (decomposed, composed), (narrow, wide), (wide, narrow)] {
        let user = User { email: None, ..fixture.nobody_yet(has) };
        let user = fixture.store.create_user(NewUser { user }).await.expect("a free name");
        assert_eq!((found(has).await, found(other).await), (Some(user.id), Some(user.id)));
        let twin = User { email: None, ..fixture.nobody_yet(other) };
        let taken = fixture.store.create_user(NewUser { user: twin }).await;
        assert!(matches!(taken, Err(DirectoryError::Taken(TakenMember::Username))), "{taken:?}");
        let respelled = UserEdit { username: Some(other.into()), ..UserEdit::default() };
        fixture.edit(user.id, respelled, at(1)).await.expect("it is the own name");
        assert_eq!((found(has).await, found(other).await), (Some(user.id), Some(user.id)));
        let renamed = UserEdit { username: Some("joe".into()), ..UserEdit::default() };
        fixture.edit(user.id, renamed, at(2)).await.expect("a free name");
        assert_eq!((found(has).await, found(other).await), (None, None));
        fixture.remove(user.id, at(3)).await.expect("removed");
    }
}

/// Goal: F-8: a locked user opens no session, whatever was proven, and those that are open live on; an unlocked user
/// begins without failed sign-ons. Over a crash, too.
pub async fn a_locked_user_signs_on_nowhere_and_keeps_the_sessions<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let lock = |change| UserEdit { lock: Some(change), ..UserEdit::default() };
    let locked = fixture.edit(ada.id, lock(LockChange::of(true)), at(1)).await.expect("a change");
    assert!(locked.ended.is_none());
    let fixture = fixture.after_crash().await;
    let refused = fixture.store.open_session(fixture.order(&ada), at(2)).await;
    assert!(matches!(refused, Err(SignOnError::Disabled)), "{refused:?}");
    fixture.expect_live(&held, at(2)).await;
    assert_eq!(fixture.read(&ada).await.unlocked_at, None);
    let unlocked = fixture.edit(ada.id, lock(LockChange::Unlock), at(3)).await.expect("a change").user;
    assert_eq!((unlocked.lock, unlocked.unlocked_at), (None, Some(at(3))));
    fixture.sign_on(&ada, at(4)).await;
    let until = LockChange::Lock { until: Some(at(9)) };
    fixture.edit(ada.id, lock(until), at(5)).await.expect("a change");
    let refused = fixture.store.open_session(fixture.order(&ada), at(8)).await;
    assert!(matches!(refused, Err(SignOnError::Disabled)), "{refused:?}");
    fixture.sign_on(&ada, at(9)).await;
}

/// Goal: records come back as they were written, over sign-ons, endings and a crash; keys are never shared.
pub async fn a_user_keeps_what_was_written<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let admin =
        RoleAssignment { role: Role::IdentityDataAdmin, scope: RoleScope::Population(fixture.population) };
    let ada = User {
        password: Some("$argon2id$v=19$x".into()),
        recovery_codes: None,
        traits: r#"{"name":"Ada","z":1,"a":[2]}"#.into(),
        metadata_public: Some(r#"{"team":"blue"}"#.into()),
        metadata_admin: Some("null".into()),
        roles: vec![admin],
        ..fixture.nobody_yet("Ada")
    };
    let made = fixture.store.create_user(NewUser { user: ada.clone() }).await.expect("a free name");
    let same_key = User { key: made.key, ..fixture.nobody_yet("bob") };
    let bob = fixture.store.create_user(NewUser { user: same_key }).await.expect("a free name");
    assert_ne!(bob.key, made.key, "a key is given out once");
    let held = fixture.sign_on(&made, at(1)).await;
    fixture.end(EndTarget::User(made.id), at(2)).await.expect("an ending");
    let fixture = fixture.after_crash().await;
    let read = fixture.read(&made).await;
    let expect = User { key: made.key, generation: 1, ..ada };
    assert_eq!(format!("{read:?}"), format!("{expect:?}"));
    assert_eq!(fixture.expect_dead(&held, at(3)).await, NotLive::Generation);
}
