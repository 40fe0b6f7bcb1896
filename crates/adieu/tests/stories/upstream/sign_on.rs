//! Through the other provider and back: who it is, who becomes a user, what is refused.
//!
//! The provider is a server of ours; what a bad one does is in `scripted`.

use adieu_authority::UpstreamEdit;
use adieu_core::{Actor, Channel, Origin, UserEdit};

use super::browser::{field, link};
use super::{Browser, Pair, authorize};
use crate::log_lines::LogLines;
use crate::one_session::Programs;

const BUTTON: &str = "Sign on with Corp &#38; Co";

/// Goal: a button of the sign-on page leads to the provider and back to the application, whose code counts; the browser has the
/// cookies of all dialects, and the user is known by issuer and `sub` alone.
#[tokio::test]
async fn an_application_gets_a_code_for_whom_the_provider_signed_on() {
    let pair = Pair::start_with(true, |config| config.openid.set_all_cookies = true).await;
    let mut browser = pair.browser("dora", "Painted-doors-77").await;
    let page = browser.go(&authorize(&pair.ours)).await;
    let seen = browser.go(&link(&page.reply.text, BUTTON)).await;
    assert!(seen.at().starts_with("https://shop.example.test/callback?code="), "{seen:?}");
    let asked = seen.way.iter().find(|at| at.starts_with(&pair.issuer())).expect("the provider");
    for part in ["response_type=code", "code_challenge_method=S256", "nonce=", "state=", "scope=openid"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let token = browser.cookie(&pair.ours, "adieu_session").expect("a session").to_owned();
    assert_eq!(browser.cookie(&pair.ours, "ST"), Some(&*token), "the cookies of all dialects");
    let accepted = Programs::of(&pair.ours).accepted(&token).await;
    assert!(accepted.iter().all(|(_, accepted)| *accepted), "{accepted:?}");
    assert!(seen.way.iter().any(|at| at.starts_with(&pair.at("callback"))));
}

/// Goal: nobody becomes a user unless the realm says so; a name that is taken is not taken over; a link by an administrator lets the
/// person in as that user, and a disabled user is refused.
#[tokio::test]
async fn who_somebody_is_here_is_said_by_a_link_and_by_nothing_else() {
    let pair = Pair::start(false).await;
    let (ours, realm) = (pair.ours.authority(), &pair.ours.data.realm);
    let begin = format!("{}?return_to=/after", pair.at("begin"));
    let mut browser = pair.browser("alice", "Rabbit-hole-11").await;
    let (lines, log) = LogLines::begin();
    let unknown = browser.go(&begin).await;
    drop(log);
    assert_eq!(unknown.reply.status, 403);
    assert!(unknown.reply.text.contains("You are not known here"), "{}", unknown.reply.text);
    // It asks for no less than the page that led here.
    let strict = browser.go(&format!("{begin}&max_age=300&acr=2")).await;
    let other = link(&strict.reply.text, "Use another account there");
    assert!(other.contains("&max_age=300&acr=2&prompt=select_account"), "{other}");
    // Somebody with two accounts there takes the other one.
    let other = link(&unknown.reply.text, "Use another account there");
    let asked = browser.go(&other).await;
    let at_provider = asked.way.iter().find(|at| at.starts_with(&pair.issuer())).expect("the provider");
    assert!(at_provider.contains("prompt=select_account"), "{at_provider}");
    assert!(asked.at().starts_with(&pair.issuer()) && asked.reply.status == 200, "it asks: {asked:?}");
    assert!(
        unknown.reply.text.contains("Reference"),
        "it leads to the line of the log: {}",
        unknown.reply.text
    );
    let sub = pair.upstream.data.alice.id.to_string();
    assert!(!unknown.reply.text.contains(&sub), "the page does not show it");
    let lines = lines.take("nobody signed on through a provider");
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line["sub"], sub.as_str(), "an administrator reads what the link wants");
    assert!(unknown.reply.text.contains(line["id"].as_str().expect("a reference")), "{}", unknown.reply.text);

    let edit = UpstreamEdit { creates_users: Some(true), ..UpstreamEdit::default() };
    ours.edit_upstream((realm.id, "corp"), None, edit).await.expect("a change");
    let taken = browser.go(&begin).await;
    assert_eq!(taken.reply.status, 403);
    assert!(taken.reply.text.contains("That name is taken"), "{}", taken.reply.text);

    let provider = ours.upstream(realm.id, "corp").await.expect("an answer").expect("a provider");
    let sub = pair.upstream.data.alice.id.to_string();
    let bob = ours.user(pair.ours.data.bob.id).await.expect("an answer").expect("bob");
    ours.link_upstream(&provider, &sub, &bob).await.expect("a link");
    let alice = ours.user(pair.ours.data.alice.id).await.expect("an answer").expect("alice");
    let twice = ours.link_upstream(&provider, &sub, &alice).await;
    assert!(twice.is_err(), "one person is one user");
    let linked = browser.go(&begin).await;
    assert_eq!(linked.at(), format!("{}/after", pair.ours.config().public.url), "{linked:?}");
    let token = browser.cookie(&pair.ours, "adieu_session").expect("a session").parse_token();
    let session = ours.check(&token, false).get().await.expect("an answer");
    assert!(format!("{session:?}").contains(&bob.id.to_string()), "{session:?}");

    let origin = Origin::of(Actor::Operator, Channel::named("test"), None);
    let off = UserEdit { enabled: Some(false), ..UserEdit::default() };
    ours.edit_user(bob.id, off, origin).await.expect("a change");
    let disabled = browser.go(&begin).await;
    assert_eq!(disabled.reply.status, 401);
    assert!(disabled.reply.text.contains("This account cannot be used"), "{}", disabled.reply.text);
}

/// Goal: an unknown person becomes a user with the claims that the record names, once, and is the same user the next time.
#[tokio::test]
async fn an_unknown_person_becomes_a_user_where_the_realm_says_so() {
    let pair = Pair::start(true).await;
    let (ours, realm) = (pair.ours.authority(), &pair.ours.data.realm);
    let dora = &pair.dora;
    let begin = format!("{}?return_to=/after", pair.at("begin"));
    let mut browser = pair.browser("dora", "Painted-doors-77").await;
    let first = browser.go(&begin).await;
    assert_eq!(first.at(), format!("{}/after", pair.ours.config().public.url), "{first:?}");
    let made = ours.user_named(realm.id, "dora").await.expect("an answer").expect("a user");
    assert_ne!(made.id, dora.id);
    let links = ours.upstream_links(&made).await.expect("an answer");
    assert_eq!((links.len(), &links[0].sub), (1, &dora.id.to_string()));
    let mut again = pair.browser("dora", "Painted-doors-77").await;
    assert_eq!(again.go(&begin).await.at(), first.at());
    assert_eq!(ours.count_sessions(made.id).await.expect("a count"), 2);

    let origin = Origin::of(Actor::Operator, Channel::named("test"), None);
    ours.remove_user(made.id, origin).await.expect("an ending");
    let anew = browser.go(&begin).await;
    assert_eq!(anew.at(), first.at(), "a removed user's person is unknown, and becomes another user");
    let other = ours.user_named(realm.id, "dora").await.expect("an answer").expect("a user");
    assert_ne!(other.id, made.id);
}

/// Goal: a state counts once, in the browser that began it, for the provider that it was begun for, and for ten minutes; an answer
/// that names another issuer is refused; nobody is sent to another site.
#[tokio::test]
async fn a_state_is_one_browsers_and_counts_once() {
    let pair = Pair::start(true).await;
    let begin = format!("{}?return_to=/after", pair.at("begin"));
    let mut browser = pair.browser("dora", "Painted-doors-77").await;
    for evil in ["//evil.test", "https://evil.test/", "/%5Cevil.test", "javascript:alert(1)"] {
        let refused = browser.once(&format!("{}?return_to={evil}", pair.at("begin")), None).await;
        assert_eq!(refused.status, 400, "{evil}");
    }
    let there = browser.once(&begin, None).await.location().to_owned();
    let back = browser.once(&there, None).await.location().to_owned();
    assert!(back.starts_with(&pair.at("callback")), "{back}");

    let mut other = Browser::of(&[&pair.ours]);
    assert_eq!(other.once(&back, None).await.status, 403, "login CSRF: another browser");
    other.once(&begin, None).await;
    assert_eq!(other.once(&back, None).await.status, 403, "that has begun one itself");

    let iss =
        back.split(['?', '&']).find(|part| part.starts_with("iss=")).expect("it names itself").to_owned();
    let mixed = back.replace(&iss, "iss=https%3A%2F%2Fother.test");
    assert_eq!(browser.once(&mixed, None).await.status, 403, "mix-up: another issuer");
    assert_eq!(browser.once(&back, None).await.status, 403, "and the state is spent");

    let there = browser.once(&begin, None).await.location().to_owned();
    let back = browser.once(&there, None).await.location().to_owned();
    let silent = back.replace(&format!("{iss}&"), "").replace(&format!("&{iss}"), "");
    assert_eq!(browser.once(&silent, None).await.status, 403, "a provider that names itself has to");

    let there = browser.once(&begin, None).await.location().to_owned();
    pair.wait_s(601);
    let token = pair.upstream.sign_on_kratos("dora", "Painted-doors-77").await;
    browser.keep(&pair.upstream, "adieu_session", &token);
    let late = browser.once(&there, None).await.location().to_owned();
    assert_eq!(browser.once(&late, None).await.status, 403, "too late");

    let there = browser.once(&begin, None).await.location().to_owned();
    let state = there.split('&').find_map(|pair| pair.strip_prefix("state=")).expect("a state").to_owned();
    let denied = format!("{}?error=access_denied&state={state}&{iss}", pair.at("callback"));
    let denied = browser.once(&denied, None).await;
    assert_eq!(denied.status, 403);
    assert!(denied.text.contains("has signed nobody on"), "{}", denied.text);
    assert!(browser.cookie(&pair.ours, "adieu_session").is_none(), "nobody is signed on after all that");
}

/// Goal: where the user has a second factor it is asked for, whatever the provider did; a code is enough then.
#[tokio::test]
async fn the_second_factor_of_the_realm_is_asked_for() {
    let pair = Pair::start(false).await;
    let (ours, realm) = (pair.ours.authority(), &pair.ours.data.realm);
    let provider = ours.upstream(realm.id, "corp").await.expect("an answer").expect("a provider");
    let alice = ours.user(pair.ours.data.alice.id).await.expect("an answer").expect("alice");
    ours.link_upstream(&provider, &pair.upstream.data.alice.id.to_string(), &alice).await.expect("a link");
    let token = pair.ours.sign_on_kratos("alice", "Rabbit-hole-11").await.parse_token();
    let set = ours.draw_code_set();
    ours.confirm_recovery_codes(token.id, set, true).await.expect("codes");
    let codes = ours.recovery_codes(alice.id, set);

    let mut browser = pair.browser("alice", "Rabbit-hole-11").await;
    let asked = browser.go(&format!("{}?return_to=/after", pair.at("begin"))).await;
    assert_eq!(asked.reply.status, 200, "{}", asked.reply.text);
    assert!(browser.cookie(&pair.ours, "adieu_session").is_none());
    let form = |page: &str| (field(page, "token"), field(page, "attempt"));
    // Nobody has to have a code at hand to get away from here.
    assert!(asked.reply.text.contains("Codes lost? Ask your administrator."), "{}", asked.reply.text);
    assert!(link(&asked.reply.text, "Use another account there").contains("prompt=select_account"));
    assert!(link(&asked.reply.text, "Sign on another way").ends_with("/after"));
    let (token, attempt) = form(&asked.reply.text);
    let wrong = [("token", &*token), ("attempt", &*attempt), ("code", "nonsense")];
    let again = browser.post(&pair.at("second-step"), &wrong).await;
    assert_eq!(again.reply.status, 401, "{}", again.reply.text);
    let (token, attempt) = form(&again.reply.text);
    let right = [("token", &*token), ("attempt", &*attempt), ("code", &*codes[0])];
    let done = browser.post(&pair.at("second-step"), &right).await;
    let first = browser.cookie(&pair.ours, "adieu_session").expect("a session").to_owned();
    // A second click leads to the same session, with the cookies of the first answer.
    let twin = browser.post(&pair.at("second-step"), &right).await;
    assert_eq!(
        (twin.at(), browser.cookie(&pair.ours, "adieu_session")),
        (done.at(), Some(&*first)),
        "{twin:?}"
    );
    let other = [("token", &*token), ("attempt", &*attempt), ("code", &*codes[1])];
    assert_eq!(browser.post(&pair.at("second-step"), &other).await.reply.status, 403);
    assert_eq!(done.at(), format!("{}/after", pair.ours.config().public.url), "{done:?}");
    let token = browser.cookie(&pair.ours, "adieu_session").expect("a session").parse_token();
    let session = ours.session_record(token.id).await.expect("an answer").expect("a session").session;
    let methods: Vec<_> = session.methods.iter().map(|method| &*method.name).collect();
    assert_eq!(methods, ["upstream", "recovery_code"]);
}

trait ParseToken {
    fn parse_token(&self) -> adieu_core::SessionToken;
}

impl ParseToken for str {
    fn parse_token(&self) -> adieu_core::SessionToken {
        adieu_core::SessionToken::parse(self).expect("a token")
    }
}

/// Goal: S-OP-4: whoever declines at the provider, or is refused, has a way back: to the request, where others may be signed on through, and to
/// the application, which hears `access_denied`; from a dialect's page, to that page. RFC 6749 §4.1.2.1
#[tokio::test]
async fn who_declines_at_the_provider_finds_back() {
    let pair = Pair::start(false).await;
    let base = &pair.ours.config().public.url;
    let programs = Programs::of(&pair.ours);
    let (environment, client) = (programs.pingone("env_id"), programs.pingone("app_client_id"));
    let redirect = "https://shop.example.test/callback";
    let query =
        format!("response_type=code&client_id={client}&redirect_uri={redirect}&scope=openid&state=s1");
    let declined = async |browser: &mut Browser<'_>, page: &str| {
        let there = browser.once(&link(page, BUTTON), None).await.location().to_owned();
        let part = |name: &str| {
            there.split(['?', '&']).find_map(|part| part.strip_prefix(name)).expect("a parameter").to_owned()
        };
        let iss = pair.issuer().replace(':', "%3A").replace('/', "%2F");
        let back = format!("{}?error=access_denied&state={}&iss={iss}", pair.at("callback"), part("state="));
        let reply = browser.once(&back, None).await;
        assert_eq!(reply.status, 403, "{}", reply.text);
        assert!(reply.text.contains("has signed nobody on"), "{}", reply.text);
        reply.text
    };
    let mut browser = pair.browser("dora", "Painted-doors-77").await;
    let page = browser.go(&authorize(&pair.ours)).await;
    let told = declined(&mut browser, &page.reply.text).await;
    let application = link(&told, "Back to Shop");
    assert!(application.starts_with(&format!("{redirect}?error=access_denied")), "{application}");
    let again = browser.go(&link(&told, "Sign on another way")).await;
    assert!(again.reply.text.contains("name=\"password\""), "{}", again.reply.text);
    // Somebody who is unknown here, too.
    let unknown = browser.go(&link(&again.reply.text, BUTTON)).await;
    assert_eq!(unknown.reply.status, 403);
    assert!(link(&unknown.reply.text, "Back to Shop").starts_with(redirect));

    for begin in [
        format!("{base}/{environment}/as/authorize?{query}"),
        format!("{base}/am/oauth2/realms/root/realms/alpha/authorize?{query}"),
    ] {
        let page = browser.go(&begin).await;
        let told = declined(&mut browser, &page.reply.text).await;
        let again = browser.go(&link(&told, "Sign on another way")).await;
        assert!(again.reply.text.contains("type=\"password\""), "{begin}: {}", again.reply.text);
    }
}

/// Goal: F-1, decision 0114: where everybody has to have a second factor, a person of a provider who has none, and no password either, is signed
/// on half, makes one at the settings, and goes on to the application.
#[tokio::test]
async fn a_person_of_a_provider_makes_the_factor_that_is_asked_for() {
    let pair = Pair::start_with(true, |config| {
        config.openid.set_all_cookies = true;
        config.kratos.set_all_cookies = true;
        config.kratos.settings_ui_url.clear();
        config.kratos.login_ui_url.clear();
        config.kratos.default_return_url.clear();
        config.sign_on.second_factor = "required".into();
    })
    .await;
    let shop = "https://shop.example.test/callback";
    let client = crate::one_session::Programs::of(&pair.ours).pingone("app_client_id").to_owned();
    let base = pair.ours.config().public.url.clone();
    let request = format!(
        "{base}/o/alpha/authorize?response_type=code&client_id={client}&redirect_uri={shop}&scope=openid&state=s"
    );
    let mut browser = pair.browser("dora", "Painted-doors-77").await;
    let page = browser.go(&request).await;
    let settings = browser.go(&link(&page.reply.text, BUTTON)).await;
    assert!(settings.at().contains("/self-service/ui/settings?flow="), "{settings:?}");
    assert!(settings.reply.text.contains("Make new recovery codes"), "{}", settings.reply.text);
    let half = browser.cookie(&pair.ours, "adieu_session").expect("half signed on").parse_token();
    let check = pair.ours.authority().check(&half, false).get().await.expect("an answer");
    assert!(matches!(check, adieu_authority::Check::Half(_)), "{check:?}");
}
