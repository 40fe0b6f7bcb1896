//! The provider says that its session is over: ours is over, too, and our applications are told.
//!
//! By a token of the provider's, and by the browser in a frame.

use adieu_core::{Actor, Channel, EndKind, EndOrder, EndTarget, Origin, SessionToken};
use adieu_testkit::World;
use adieu_testkit::failing::Failure;
use axum::http::Method;
use serde_json::{Value, json};

use super::browser::{field, link};
use super::scripted::Before;
use super::{Browser, Pair, authorize};
use crate::told::receiver::Receiver;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

async fn tell(world: &World) -> u32 {
    world.server().outbox(world.config()).expect("an outbox").tell_due().await.expect("a round")
}

async fn is_live(world: &World, token: &str) -> bool {
    let token = SessionToken::parse(token).expect("a token");
    let checked = world.authority().check(&token, false).get().await.expect("an answer");
    matches!(checked, adieu_authority::Check::Live(_))
}

/// Goal: S-BCL-23: an ending at the provider ends our session, with a word for why, and our application hears of it.
#[tokio::test]
async fn an_ending_upstream_ends_ours_and_our_applications_are_told() {
    let receiver = Receiver::start().await;
    let pair = Pair::start(true).await;
    let (told, app) = (receiver.address("/out?a=b"), pair.ours.data.app.id.clone());
    pair.ours.edit_client(&app, |client| client.backchannel_logout_uri = Some(told.clone())).await;
    let mut browser = pair.browser("dora", "Painted-doors-77").await;
    let page = browser.go(&authorize(&pair.ours)).await;
    let seen = browser.go(&link(&page.reply.text, "Sign on with Corp &#38; Co")).await;
    assert!(seen.at().contains("code="), "{seen:?}");
    let token = browser.cookie(&pair.ours, "adieu_session").expect("a session").to_owned();
    assert!(is_live(&pair.ours, &token).await);

    pair.wait_s(1);
    let order = EndOrder {
        realm: None,
        target: EndTarget::User(pair.dora.id),
        kind: EndKind::End,
        cause: adieu_core::Cause::Administrator,
        spare: None,
        within: None,
        origin: Origin::of(Actor::Operator, Channel::named("test"), None),
    };
    pair.upstream.authority().end(order).await.expect("an ending");
    assert_eq!(tell(&pair.upstream).await, 1);
    assert!(!is_live(&pair.ours, &token).await, "ours ended");
    let newest = pair.ours.admin(Method::GET, "/v1/endings?limit=1").send().await.json();
    let ending = &newest["items"][0]["ending"];
    let ending = if ending.is_null() { &newest["items"][0] } else { ending };
    assert_eq!(
        (&ending["cause"], &ending["actor"]["kind"]),
        (&json!("upstream"), &json!("system")),
        "{newest}"
    );
    assert_eq!(
        (&ending["channel"], &ending["reason"]),
        (&json!("openid"), &json!("upstream corp")),
        "{newest}"
    );
    assert_eq!(tell(&pair.ours).await, 1);
    assert_eq!(receiver.heard().len(), 1, "and our application was told");
}

impl Before {
    fn logout(&self, jti: &str) -> Value {
        let now = self.now_s();
        json!({
            "iss": self.provider.issuer, "aud": "adieu", "iat": now, "exp": now + 120, "jti": jti,
            "events": {EVENT: {}}, "sub": "dora", "sid": "s1",
        })
    }

    async fn told(&self, token: &str) -> adieu_testkit::world::Reply {
        let path = "/o/alpha/upstream/corp/backchannel-logout";
        let reply = self.ours.post(path).form(&[("logout_token", token)]).send().await;
        assert_eq!(reply.header("cache-control"), "no-store", "S-BCL-26");
        reply
    }

    async fn session(&self, sub: &str, sid: &str) -> String {
        let mut browser = Browser::of(&[&self.ours]);
        assert_eq!(self.signed_on(&mut browser, self.claims(sub, sid)).await.0, 303);
        browser.cookie(&self.ours, "adieu_session").expect("a session").to_owned()
    }
}

/// Goal: S-BCL-24: for each rule of §2.6 a token that breaks it is refused with 400 and ends nothing.
#[tokio::test]
async fn a_logout_token_is_judged_rule_by_rule() {
    let before = Before::start().await;
    let token = before.session("dora", "s1").await;
    let (now, mut n) = (before.now_s(), 0);
    for (name, value) in [
        ("iss", json!("https://other.test")),
        ("aud", json!("other")),
        ("iat", json!(now + 61)),
        ("iat", json!(now - 3601)),
        ("iat", json!(null)),
        ("exp", json!(now - 61)),
        ("exp", json!(null)),
        ("jti", json!(null)),
        ("events", json!({})),
        ("events", json!({EVENT: true})),
        ("events", json!(null)),
        ("nonce", json!("n")),
        ("sub", json!(7)),
        ("sid", json!(7)),
    ] {
        n += 1;
        let mut claims = before.logout(&format!("bad-{n}"));
        claims[name] = value.clone();
        let reply = before.told(&before.provider.signed(Some("logout+jwt"), &claims)).await;
        assert_eq!(reply.status, 400, "{name} {value}: {}", reply.text);
        assert_eq!(reply.json()["error"], "invalid_request", "{name} {value}");
    }
    let mut nobody = before.logout("nobody");
    nobody.as_object_mut().expect("members").retain(|name, _| name != "sub" && name != "sid");
    let good = before.logout("good");
    let stranger = adieu_token::SigningKey::generate(adieu_token::Alg::Es256).expect("a key");
    let unsigned = {
        let token = before.provider.signed(Some("logout+jwt"), &good);
        let rest = token.split_once('.').expect("three parts").1.to_owned();
        format!("eyJhbGciOiJub25lIn0.{}.", rest.split('.').next().expect("claims"))
    };
    for (why, token) in [
        ("neither sub nor sid", before.provider.signed(Some("logout+jwt"), &nobody)),
        ("another type", before.provider.signed(Some("at+jwt"), &good)),
        ("another's key", stranger.sign(Some("logout+jwt"), &good).expect("a token")),
        ("none", unsigned),
        ("no token", "nonsense".to_owned()),
    ] {
        let reply = before.told(&token).await;
        assert_eq!(reply.status, 400, "{why}: {}", reply.text);
    }
    let path = "/o/alpha/upstream/corp/backchannel-logout";
    assert_eq!(before.ours.post(path).form(&[("x", "y")]).send().await.status, 400);
    assert_eq!(before.ours.get(path).send().await.status, 405);
    let elsewhere = "/o/alpha/upstream/other/backchannel-logout";
    assert_eq!(before.ours.post(elsewhere).form(&[("logout_token", "x")]).send().await.status, 404);
    assert!(is_live(&before.ours, &token).await, "nothing of all that ended anything");
    let reply = before.told(&before.provider.signed(Some("logout+jwt"), &good)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(!is_live(&before.ours, &token).await);
}

/// Goal: S-BCL-11, S-BCL-25 to S-BCL-27: `sid` ends that session, `sub` alone all that came through the provider, and none that a password
/// opened; a token is taken once; a session that is over is a success.
#[tokio::test]
async fn a_logout_ends_what_it_means_and_nothing_else() {
    let before = Before::start().await;
    let ours = before.ours.authority();
    let (one, two, other) = (
        before.session("dora", "s1").await,
        before.session("dora", "s2").await,
        before.session("emil", "s3").await,
    );
    let dora = ours.user_named(before.ours.data.realm.id, "dora").await.expect("an answer").expect("a user");
    let realm = ours.realm(before.ours.data.realm.id).await.expect("an answer").expect("a realm");
    let own =
        ours.open_proven(realm, Channel::named("test"), Default::default(), &dora).await.expect("a session");
    let own = own.token.reveal();
    let live = async || {
        let mut live = Vec::new();
        for token in [&one, &two, &other, &own] {
            live.push(is_live(&before.ours, token).await);
        }
        live
    };
    before.ours.wait_s(1);
    let mut by_sid = before.logout("j1");
    by_sid.as_object_mut().expect("members").remove("sub");
    let by_sid = before.provider.signed(Some("logout+jwt"), &by_sid);
    assert_eq!(before.told(&by_sid).await.status, 200);
    assert_eq!(live().await, [false, true, true, true], "the session alone");
    assert_eq!(before.told(&by_sid).await.status, 400, "S-BCL-25: a token is taken once");
    let again = before.provider.signed(None, &before.logout("j2"));
    assert_eq!(before.told(&again).await.status, 200, "S-BCL-27: it is over already");

    let wrong = {
        let mut claims = before.logout("j3");
        claims["sub"] = json!("emil");
        claims["sid"] = json!("s2");
        before.provider.signed(None, &claims)
    };
    assert_eq!(before.told(&wrong).await.status, 200);
    assert_eq!(live().await, [false, true, true, true], "both must be meant");
    let link = ours.upstream_links(&dora).await.expect("an answer").remove(0);
    assert!(
        ours.unlink_upstream(&dora, &link).await.expect("a change"),
        "an administrator takes the link away"
    );
    let mut by_sub = before.logout("j4");
    by_sub.as_object_mut().expect("members").remove("sid");
    assert_eq!(before.told(&before.provider.signed(Some("JWT"), &by_sub)).await.status, 200);
    assert_eq!(live().await, [false, false, true, true], "all of the person that came through the provider");

    let stranger = {
        let mut claims = before.logout("j5");
        claims["sub"] = json!("nobody");
        claims["sid"] = json!("s9");
        before.provider.signed(None, &claims)
    };
    assert_eq!(before.told(&stranger).await.status, 200, "nobody of ours");
}

/// Goal: a logout that comes between the provider's word and our session ends that one, too; a sign-on after it counts.
#[tokio::test]
async fn a_logout_that_overtakes_a_sign_on_ends_it() {
    let before = Before::start().await;
    let mut browser = Browser::of(&[&before.ours]);
    let mut early = before.claims("dora", "s1");
    let (state, nonce) = before.begun(&mut browser).await;
    early["nonce"] = nonce.into();
    let token = before.provider.signed(Some("JWT"), &early);
    before.provider.says("/token", super::scripted::Says::Json(json!({"id_token": token})));
    before.ours.wait_s(2);
    let mut by_sub = before.logout("j1");
    by_sub.as_object_mut().expect("members").remove("sid");
    assert_eq!(before.told(&before.provider.signed(None, &by_sub)).await.status, 200);
    let reply = browser.once(&format!("{}?code=c&state={state}", before.at("callback")), None).await;
    assert_eq!(reply.status, 403, "{}", reply.text);
    assert!(reply.text.contains("You were signed off"), "{}", reply.text);
    assert!(browser.cookie(&before.ours, "adieu_session").is_none());
    before.ours.wait_s(2);
    assert!(is_live(&before.ours, &before.session("dora", "s2").await).await, "a later one counts");
}

/// Goal: S-FCL-7: so does one that the browser tells of, in a frame; another session of the provider is not meant.
#[tokio::test]
async fn a_frame_that_overtakes_a_sign_on_ends_it() {
    let before = Before::start().await;
    let path = "/o/alpha/upstream/corp/frontchannel-logout";
    let (issuer, mut browser) = (&before.provider.issuer, Browser::of(&[&before.ours]));
    let mut early = before.claims("dora", "s1");
    let (state, nonce) = before.begun(&mut browser).await;
    early["nonce"] = nonce.into();
    let token = before.provider.signed(Some("JWT"), &early);
    before.provider.says("/token", super::scripted::Says::Json(json!({"id_token": token})));
    for sid in ["s1", "s7"] {
        let frame = before.ours.get(&format!("{path}?iss={issuer}&sid={sid}")).send().await;
        assert_eq!(frame.status, 200);
    }
    let reply = browser.once(&format!("{}?code=c&state={state}", before.at("callback")), None).await;
    assert_eq!(reply.status, 403, "{}", reply.text);
    assert!(reply.text.contains("You were signed off"), "{}", reply.text);
    assert!(browser.cookie(&before.ours, "adieu_session").is_none());
    assert!(is_live(&before.ours, &before.session("dora", "s2").await).await, "another one counts");
}

/// Goal: S-FCL-7: a frame, which anybody may ask for who knows a `sid`, keeps nobody from signing on who began after it; whoever waits for
/// a second factor meanwhile began before.
#[tokio::test]
async fn a_frame_means_no_sign_on_that_began_later() {
    let before = Before::start().await;
    let told = async |sid: &str| {
        let (path, issuer) = ("/o/alpha/upstream/corp/frontchannel-logout", &before.provider.issuer);
        let frame = before.ours.get(&format!("{path}?iss={issuer}&sid={sid}")).send().await;
        assert_eq!(frame.status, 200);
    };
    let first = before.session("dora", "s1").await;
    told("s1").await;
    assert!(!is_live(&before.ours, &first).await);
    before.ours.wait_s(1);
    let second = before.session("dora", "s1").await;
    assert!(is_live(&before.ours, &second).await, "it began after the frame");

    let dora = before.ours.authority().user_named(before.ours.data.realm.id, "dora").await;
    let dora = dora.expect("an answer").expect("a user");
    let (ours, set) = (before.ours.authority(), before.ours.authority().draw_code_set());
    let held = SessionToken::parse(&second).expect("a token");
    ours.confirm_recovery_codes(held.id, set, true).await.expect("codes");
    let codes = ours.recovery_codes(dora.id, set);
    let mut browser = Browser::of(&[&before.ours]);
    let (status, page) = before.signed_on(&mut browser, before.claims("dora", "s2")).await;
    assert_eq!(status, 200, "{page}");
    before.ours.wait_s(1);
    told("s2").await;
    let (token, attempt) = (field(&page, "token"), field(&page, "attempt"));
    let form = [("token", &*token), ("attempt", &*attempt), ("code", &*codes[0])];
    let reply = browser.once(&before.at("second-step"), Some(&form)).await;
    assert_eq!(reply.status, 403, "{}", reply.text);
    assert!(reply.text.contains("You were signed off"), "{}", reply.text);
}

/// Goal: ENDED-STAYS-ENDED: a logout ends what it means also where it cannot be noted for sign-ons under way; its sender hears that it is to be
/// sent again, and it is taken then.
#[tokio::test]
async fn a_logout_that_cannot_be_noted_ends_what_lives() {
    let mut before = Before::start().await;
    let store = before.ours.with_failing_store().await;
    let (by_token, by_frame) = (before.session("dora", "s1").await, before.session("dora", "s2").await);
    let token = before.provider.signed(Some("logout+jwt"), &before.logout("j1"));
    let frame = format!("/o/alpha/upstream/corp/frontchannel-logout?iss={}&sid=s2", before.provider.issuer);
    store.fail(Failure::FlowsNotTaken);
    assert_eq!(before.told(&token).await.status, 503);
    assert_eq!(before.ours.get(&frame).send().await.status, 503);
    assert!(!is_live(&before.ours, &by_token).await && !is_live(&before.ours, &by_frame).await);
    store.fail(Failure::None);
    assert_eq!(before.told(&token).await.status, 200);
    assert_eq!(before.ours.get(&frame).send().await.status, 200);
}

/// Goal: S-FCL-7: a frame with `iss` and `sid` ends that session; another issuer or session ends nothing; nothing is kept by caches, and
/// the page may stand in a frame.
#[tokio::test]
async fn a_frame_of_the_provider_ends_the_session() {
    let before = Before::start().await;
    let token = before.session("dora", "s1").await;
    let path = "/o/alpha/upstream/corp/frontchannel-logout";
    let issuer = &before.provider.issuer;
    for query in [
        String::new(),
        format!("?iss={issuer}"),
        format!("?iss={issuer}&sid=s9"),
        "?iss=https://other.test&sid=s1".into(),
    ] {
        let reply = before.ours.get(&format!("{path}{query}")).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("cache-control")), (200, "no-store"), "{query}");
        assert!(
            reply.header("x-frame-options").is_empty()
                && !reply.header("content-security-policy").contains("frame-ancestors")
        );
    }
    assert!(is_live(&before.ours, &token).await);
    assert_eq!(before.ours.get(&format!("{path}?iss={issuer}&sid=s1")).send().await.status, 200);
    assert!(!is_live(&before.ours, &token).await);
}

/// Goal: a provider that is switched off signs nobody on and is heard all the same; what a crash leaves ends by its logout.
#[tokio::test]
async fn what_is_known_of_sessions_outlives_a_crash() {
    let mut before = Before::start().await;
    let token = before.session("dora", "s1").await;
    before.ours.crash_and_restart().await;
    let edit = adieu_authority::UpstreamEdit { enabled: Some(false), ..Default::default() };
    let realm = before.ours.data.realm.id;
    before.ours.authority().edit_upstream((realm, "corp"), None, edit).await.expect("a change");
    let begin = before.ours.get("/o/alpha/upstream/corp/begin?return_to=/").send().await;
    assert_eq!(begin.status, 404);
    assert_eq!(before.told(&before.provider.signed(None, &before.logout("j1"))).await.status, 200);
    assert!(!is_live(&before.ours, &token).await);
}

/// Goal: S-BCL-23: a session whose end is moved again and again is found by its provider's logout for as long as it lives, though the
/// sweep has taken away what was written for its first end.
#[tokio::test]
async fn a_session_that_is_extended_is_found_for_as_long_as_it_lives() {
    let before = Before::start_with(|config| config.openid.idle_s = 0).await;
    let token = before.session("dora", "s1").await;
    let id = SessionToken::parse(&token).expect("a token").id;
    let path = format!("/admin/sessions/{}/extend", kratos_id(&before.ours, &token).await);
    let found = before.ours.authority().session_record(id).await.expect("an answer").expect("a session");
    let (opened, first_end) = (found.session.opened_at, found.session.expires_at);
    let step = first_end.since(opened).s() / 2;
    let mut gone = 0;
    while gone < first_end.since(opened).s() + 31 * 24 * 3600 {
        before.ours.wait_s(step);
        gone += step;
        let extended = before.ours.admin(Method::PATCH, &path).send().await;
        assert!(extended.status.is_success(), "{}", extended.text);
        assert!(is_live(&before.ours, &token).await);
        before.ours.authority().sweep().await.expect("a sweep");
    }
    for jti in ["j1", "j2"] {
        let mut claims = before.logout(jti);
        if jti == "j1" {
            claims.as_object_mut().expect("members").remove("sub");
        }
        assert_eq!(before.told(&before.provider.signed(None, &claims)).await.status, 200);
        assert!(!is_live(&before.ours, &token).await);
    }
}

/// Goal: S-BCL-23: a person who is linked to another user now is signed off as the earlier one, too.
#[tokio::test]
async fn a_person_who_was_another_user_before_is_signed_off_as_both() {
    let before = Before::start().await;
    let (ours, realm) = (before.ours.authority(), before.ours.data.realm.id);
    let earlier = before.session("dora", "s1").await;
    let dora = ours.user_named(realm, "dora").await.expect("an answer").expect("a user");
    let link = ours.upstream_links(&dora).await.expect("an answer").remove(0);
    assert!(ours.unlink_upstream(&dora, &link).await.expect("a change"));
    let provider = ours.upstream(realm, "corp").await.expect("an answer").expect("a provider");
    let alice = ours.user(before.ours.data.alice.id).await.expect("an answer").expect("alice");
    ours.link_upstream(&provider, "dora", &alice).await.expect("a link");
    let later = before.session("dora", "s1").await;
    before.ours.wait_s(1);
    let mut by_sub = before.logout("j1");
    by_sub.as_object_mut().expect("members").remove("sid");
    assert_eq!(before.told(&before.provider.signed(None, &by_sub)).await.status, 200);
    assert!(!is_live(&before.ours, &earlier).await && !is_live(&before.ours, &later).await);
}

/// Kratos' name of a session.
async fn kratos_id(world: &World, token: &str) -> String {
    let whoami = world.get("/sessions/whoami").header("x-session-token", token).send().await.json();
    whoami["id"].as_str().expect("an id").to_owned()
}
