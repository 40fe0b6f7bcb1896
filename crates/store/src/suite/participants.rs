//! Promises about who took part in a session: whoever is to be told of its ending is found, whatever ended it.
//!
//! Nobody is told here.

use adieu_core::{
    EndTarget, Ended, Grant, GrantError, IssueOrder, KnownAs, PARTICIPANTS_MAX, Participant, SessionId, Span,
};

use crate::suite::grants::{code, issue};
use crate::suite::town::{IDLE, at};
use crate::suite::{Engine, OpenedSession, Town};

async fn participants<E: Engine>(town: &Town<E>, session: SessionId) -> Vec<Participant> {
    town.store.participants(session).await.expect("an answer")
}

fn names(participants: &[Participant]) -> Vec<&str> {
    participants.iter().map(|one| one.client.as_str()).collect()
}

/// A session of somebody new in which an application takes part.
async fn shared<E: Engine>(town: &Town<E>, name: &str) -> OpenedSession {
    let user = town.user(name).await;
    let held = town.sign_on(&user, at(0)).await;
    let shop = town.client("shop").await;
    town.store.issue(issue(code(town, &held, &shop)), at(1)).await.expect("a code");
    held
}

/// Goal: a session knows each of its clients once, with how the client knows it and what it holds, over a crash.
pub async fn a_client_that_took_part_is_remembered_once<E: Engine>() {
    let town = Town::<E>::new().await;
    let ada = town.user("ada").await;
    let held = town.sign_on(&ada, at(0)).await;
    let known_as = KnownAs {
        issuer: "https://id.example.test/as".into(),
        sub: "pairwise-4711".into(),
        sid: "its-own-name".into(),
        algorithm: "ES256".into(),
    };
    let mut grants = Vec::new();
    for (s, name) in [(1, "shop"), (2, "wiki"), (3, "shop")] {
        let client = town.client(name).await;
        let grant = code(&town, &held, &client);
        grants.push(grant.id);
        let order = IssueOrder { known_as: known_as.clone(), ..issue(grant) };
        town.store.issue(order, at(s)).await.expect("a code");
    }
    let town = town.after_crash().await;
    let session = town.session_by_id(held.session.id, at(4)).await.expect("there").session;
    assert_eq!(session.participants, 2);
    let all = participants(&town, held.session.id).await;
    assert_eq!(names(&all), ["shop", "wiki"]);
    assert_eq!((all[0].joined_at, &all[0].grants), (at(1), &vec![grants[0], grants[2]]));
    assert_eq!((&all[1].known_as, all[1].epoch), (&known_as, 0));
    let record = town.store.session_record(held.session.id, at(4)).await.expect("an answer");
    assert_eq!(record.expect("kept").clients.len(), 2);
    town.expect_live(&held, at(4)).await;
    let Ok(Ended::Now(ended)) = town.end(held.presented(), at(5)).await else { panic!("not ended") };
    assert_eq!(ended.participants, 2);
    assert!(participants(&town, SessionId::from_bytes(town.chance.bytes())).await.is_empty());
}

/// Goal: whatever ends a session, who took part is found for as long as anything of it is kept, also
/// by whoever may not show it; and not longer.
pub async fn who_took_part_is_found_whatever_ended_the_session<E: Engine>() {
    let town = Town::<E>::new().await;
    let mut all = Vec::new();
    for name in ["by-name", "reset", "with-others", "disabled", "removed", "idle"] {
        let held = shared(&town, name).await;
        let (user, session) = (held.session.user, held.session.id);
        match name {
            "by-name" => drop(town.end(EndTarget::One(session), at(2)).await.expect("an ending")),
            "reset" => drop(town.reset(&held, at(2)).await.expect("a reset")),
            "with-others" => drop(town.end(EndTarget::User(user), at(2)).await.expect("an ending")),
            "disabled" => drop(town.enable(user, false, at(2)).await),
            "removed" => drop(town.remove(user, at(2)).await.expect("removed")),
            _ => {}
        }
        all.push((name, session));
    }
    let late = at(IDLE.s() + 7200);
    let sweep = async |town: &Town<E>, now| {
        while town.store.sweep(now, Span::from_s(100_000)).await.expect("a sweep").more {}
    };
    for (name, session) in &all {
        assert_eq!(names(&participants(&town, *session).await), ["shop"], "{name}");
    }
    let town = town.after_crash().await;
    sweep(&town, late).await;
    for (name, session) in &all {
        assert_eq!(names(&participants(&town, *session).await), ["shop"], "{name}, swept");
    }
    sweep(&town, at(300_000)).await;
    sweep(&town, at(300_000)).await;
    for (name, session) in &all {
        assert!(participants(&town, *session).await.is_empty(), "{name}, forgotten");
    }
}

/// Goal: after a reset the participants of the ended sign-on are known apart from those of the new one.
pub async fn a_reset_parts_those_before_from_those_after<E: Engine>() {
    let town = Town::<E>::new().await;
    let held = shared(&town, "ada").await;
    town.reset(&held, at(2)).await.expect("a reset");
    let user = town.store.user(held.session.user).get().await.expect("an answer").expect("there");
    let order = adieu_core::SignOnOrder { previous: Some(held.token.clone()), ..town.order(&user) };
    let (again, token) = town.signed_on(order, at(3)).await;
    assert_eq!((again.session.id, again.session.participants), (held.session.id, 0));
    let again = OpenedSession { session: again.session, token };
    let wiki = town.client("wiki").await;
    town.store.issue(issue(code(&town, &again, &wiki)), at(4)).await.expect("a code");
    let all = participants(&town, held.session.id).await;
    assert_eq!(all.iter().map(|one| one.epoch).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(names(&all), ["shop", "wiki"]);
    let record = town.store.session_record(held.session.id, at(5)).await.expect("an answer").expect("kept");
    assert_eq!(record.clients.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["wiki"]);
}

/// Goal: what is needed to tell a client outlives the client: it is removed, and still known as who took part.
pub async fn a_removed_client_is_still_known_to_have_taken_part<E: Engine>() {
    let town = Town::<E>::new().await;
    let held = shared(&town, "ada").await;
    let before = participants(&town, held.session.id).await;
    town.remove_client(&before[0].client, None).await.expect("removed");
    town.end(held.presented(), at(2)).await.expect("an ending");
    let town = town.after_crash().await;
    assert_eq!(participants(&town, held.session.id).await, before);
}

/// Goal: HOME-LIMITS: one client more than a session has room for is refused by a clear error and nothing of it is kept;
/// those who take part go on.
pub async fn one_client_too_many_is_refused_and_the_others_go_on<E: Engine>() {
    let town = Town::<E>::new().await;
    let ada = town.user("ada").await;
    let held = town.sign_on(&ada, at(0)).await;
    let mut clients = Vec::new();
    for n in 0..=PARTICIPANTS_MAX {
        clients.push(town.client(&format!("app-{n}")).await);
    }
    let (last, room) = clients.split_last().expect("clients");
    let orders = room.iter().map(|client| town.store.issue(issue(code(&town, &held, client)), at(1)));
    for issued in futures_util::future::join_all(orders).await {
        issued.expect("a code");
    }
    let one_more: Grant = code(&town, &held, last);
    let refused = town.store.issue(issue(one_more.clone()), at(2)).await;
    assert!(matches!(refused, Err(GrantError::TooManyParticipants)), "{refused:?}");
    assert!(town.store.grant(one_more.id).get().await.expect("an answer").is_none());
    town.store.issue(issue(code(&town, &held, &room[7])), at(3)).await.expect("it takes part");
    assert_eq!(participants(&town, held.session.id).await.len(), PARTICIPANTS_MAX as usize);
    town.expect_live(&held, at(4)).await;
}
