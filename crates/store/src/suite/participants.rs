//! Promises about who took part in a session: whoever is to be told of its ending is found, whatever ended it.
//!
//! Nobody is told here.

use adieu_core::{
    EndTarget, Ended, Grant, GrantError, IssueOrder, KnownAs, PARTICIPANTS_MAX, Participant, SessionId, Span,
};

use crate::suite::fixture::{IDLE, at};
use crate::suite::grants::{code, issue};
use crate::suite::{Engine, Fixture, OpenedSession, notices};

async fn participants<E: Engine>(fixture: &Fixture<E>, session: SessionId) -> Vec<Participant> {
    fixture.store.participants(session).await.expect("an answer")
}

fn names(participants: &[Participant]) -> Vec<&str> {
    participants.iter().map(|one| one.client.as_str()).collect()
}

/// A session of somebody new in which an application takes part.
async fn shared<E: Engine>(fixture: &Fixture<E>, name: &str) -> OpenedSession {
    let user = fixture.user(name).await;
    let held = fixture.sign_on(&user, at(0)).await;
    let shop = fixture.client("shop").await;
    fixture.store.issue(issue(code(fixture, &held, &shop)), at(1)).await.expect("a code");
    held
}

/// Goal: a session knows each of its clients once, with how the client knows it and what it holds, over a crash.
pub async fn a_client_that_took_part_is_remembered_once<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let known_as = KnownAs {
        issuer: "https://id.example.test/as".into(),
        sub: "pairwise-4711".into(),
        sid: "its-own-name".into(),
        algorithm: "ES256".into(),
    };
    let mut grants = Vec::new();
    for (s, name) in [(1, "shop"), (2, "wiki"), (3, "shop")] {
        let client = fixture.client(name).await;
        let grant = code(&fixture, &held, &client);
        grants.push(grant.id);
        let order = IssueOrder { known_as: known_as.clone(), ..issue(grant) };
        fixture.store.issue(order, at(s)).await.expect("a code");
    }
    let fixture = fixture.after_crash().await;
    let session = fixture.session_by_id(held.session.id, at(4)).await.expect("there").session;
    assert_eq!(session.participants, 2);
    let all = participants(&fixture, held.session.id).await;
    assert_eq!(names(&all), ["shop", "wiki"]);
    assert_eq!((all[0].joined_at, &all[0].grants), (at(1), &vec![grants[0], grants[2]]));
    assert_eq!((&all[1].known_as, all[1].epoch), (&known_as, 0));
    let record = fixture.store.session_record(held.session.id, at(4)).await.expect("an answer");
    assert_eq!(record.expect("kept").clients.len(), 2);
    fixture.expect_live(&held, at(4)).await;
    let Ok(Ended::Now(ended)) = fixture.end(held.presented(), at(5)).await else { panic!("not ended") };
    assert_eq!(ended.participants, 2);
    assert!(participants(&fixture, SessionId::from_bytes(fixture.chance.bytes())).await.is_empty());
}

/// Goal: whatever ends a session, who took part is found for as long as anything of it is kept, also
/// by whoever may not show it; and not longer.
pub async fn who_took_part_is_found_whatever_ended_the_session<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let mut all = Vec::new();
    for name in ["by-name", "reset", "with-others", "disabled", "removed", "idle"] {
        let held = shared(&fixture, name).await;
        let (user, session) = (held.session.user, held.session.id);
        match name {
            "by-name" => drop(fixture.end(EndTarget::One(session), at(2)).await.expect("an ending")),
            "reset" => drop(fixture.reset(&held, at(2)).await.expect("a reset")),
            "with-others" => drop(fixture.end(EndTarget::User(user), at(2)).await.expect("an ending")),
            "disabled" => drop(fixture.enable(user, false, at(2)).await),
            "removed" => drop(fixture.remove(user, at(2)).await.expect("removed")),
            _ => {}
        }
        all.push((name, session));
    }
    let late = at(IDLE.s() + 7200);
    let sweep = async |fixture: &Fixture<E>, now| {
        while fixture.store.sweep(now, Span::from_s(100_000)).await.expect("a sweep").more {}
    };
    for (name, session) in &all {
        assert_eq!(names(&participants(&fixture, *session).await), ["shop"], "{name}");
    }
    let fixture = fixture.after_crash().await;
    sweep(&fixture, late).await;
    for (name, session) in &all {
        assert_eq!(names(&participants(&fixture, *session).await), ["shop"], "{name}, swept");
    }
    notices::take(&fixture, late).await;
    sweep(&fixture, at(300_000)).await;
    sweep(&fixture, at(300_000)).await;
    for (name, session) in &all {
        assert!(participants(&fixture, *session).await.is_empty(), "{name}, forgotten");
    }
}

/// Goal: after a reset the participants of the ended sign-on are known apart from those of the new one.
pub async fn a_reset_parts_those_before_from_those_after<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let held = shared(&fixture, "ada").await;
    fixture.reset(&held, at(2)).await.expect("a reset");
    let user = fixture.store.user(held.session.user).get().await.expect("an answer").expect("there");
    let order = adieu_core::SignOnOrder { previous: Some(held.token.clone()), ..fixture.order(&user) };
    let (again, token) = fixture.signed_on(order, at(3)).await;
    assert_eq!((again.session.id, again.session.participants), (held.session.id, 0));
    let again = OpenedSession { session: again.session, token };
    let wiki = fixture.client("wiki").await;
    fixture.store.issue(issue(code(&fixture, &again, &wiki)), at(4)).await.expect("a code");
    let all = participants(&fixture, held.session.id).await;
    assert_eq!(all.iter().map(|one| one.epoch).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(names(&all), ["shop", "wiki"]);
    let record =
        fixture.store.session_record(held.session.id, at(5)).await.expect("an answer").expect("kept");
    assert_eq!(record.clients.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["wiki"]);
}

/// Goal: what is needed to tell a client outlives the client: it is removed, and still known as who took part.
pub async fn a_removed_client_is_still_known_to_have_taken_part<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let held = shared(&fixture, "ada").await;
    let before = participants(&fixture, held.session.id).await;
    fixture.remove_client(&before[0].client, None).await.expect("removed");
    fixture.end(held.presented(), at(2)).await.expect("an ending");
    let fixture = fixture.after_crash().await;
    assert_eq!(participants(&fixture, held.session.id).await, before);
}

/// Goal: HOME-LIMITS: one client more than a session has room for is refused by a clear error and nothing of it is kept;
/// those who take part go on.
pub async fn one_client_too_many_is_refused_and_the_others_go_on<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let mut clients = Vec::new();
    for n in 0..=PARTICIPANTS_MAX {
        clients.push(fixture.client(&format!("app-{n}")).await);
    }
    let (last, room) = clients.split_last().expect("clients");
    let orders = room.iter().map(|client| fixture.store.issue(issue(code(&fixture, &held, client)), at(1)));
    for issued in futures_util::future::join_all(orders).await {
        issued.expect("a code");
    }
    let one_more: Grant = code(&fixture, &held, last);
    let refused = fixture.store.issue(issue(one_more.clone()), at(2)).await;
    assert!(matches!(refused, Err(GrantError::TooManyParticipants)), "{refused:?}");
    assert!(fixture.store.grant(one_more.id).get().await.expect("an answer").is_none());
    fixture.store.issue(issue(code(&fixture, &held, &room[7])), at(3)).await.expect("it takes part");
    assert_eq!(participants(&fixture, held.session.id).await.len(), PARTICIPANTS_MAX as usize);
    fixture.expect_live(&held, at(4)).await;
}
