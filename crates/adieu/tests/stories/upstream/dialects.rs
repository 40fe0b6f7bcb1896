//! The sign-on pages of every dialect lead through the provider and back to where their browser wanted to go.
//!
//! Each shows its own button; the cookies of all are set where the browser comes back.

use super::Pair;
use super::browser::{field, link};
use crate::one_session::Programs;

const BUTTON: &str = "Sign on with Corp &#38; Co";

async fn pair() -> Pair {
    Pair::start_with(true, |config| {
        config.openid.set_all_cookies = true;
        config.am.set_all_cookies = true;
        config.pingone.set_all_cookies = true;
        config.kratos.set_all_cookies = true;
        config.kratos.login_ui_url = String::new();
    })
    .await
}

/// Goal: AM's page and Kratos' built-in one lead there and go on to the `goto` and the `return_to`; the session is accepted in every
/// dialect, and Kratos says how it began in its own word.
#[tokio::test]
async fn pages_of_am_and_kratos_go_on_where_they_were_asked_to() {
    let pair = pair().await;
    let base = &pair.ours.config().public.url;
    for (begin, end) in [
        (format!("{base}/am/UI/Login?realm=/alpha&goto=%2Fafter%3Fa%3Db"), format!("{base}/after?a=b")),
        (
            format!("{base}/self-service/login/browser?return_to=http%3A%2F%2F127.0.0.1%3A4550%2Fx"),
            "http://127.0.0.1:4550/x".to_owned(),
        ),
    ] {
        let mut browser = pair.browser("dora", "Painted-doors-77").await;
        let page = browser.go(&begin).await;
        assert_eq!(page.reply.status, 200, "{page:?}");
        let seen = browser.go(&link(&page.reply.text, BUTTON)).await;
        assert_eq!(seen.at(), end, "{begin}: {:?}", seen.way);
        let token = browser.cookie(&pair.ours, "adieu_session").expect("a session").to_owned();
        let accepted = Programs::of(&pair.ours).accepted(&token).await;
        assert!(accepted.iter().all(|(_, accepted)| *accepted), "{accepted:?}");
        let whoami = pair.ours.get("/sessions/whoami").header("x-session-token", &token).send().await.json();
        assert_eq!(whoami["authentication_methods"][0]["method"], "oidc", "{whoami}");
    }
}

/// Goal: a flow of PingOne's is completed by whoever came back signed on, and gives its application the code.
#[tokio::test]
async fn a_flow_of_pingone_is_completed_by_whoever_comes_back() {
    let pair = pair().await;
    let (ours, base) = (Programs::of(&pair.ours), &pair.ours.config().public.url);
    let (environment, client) = (ours.pingone("env_id"), ours.pingone("app_client_id"));
    let redirect = "https://shop.example.test/callback";
    let query = format!("response_type=code&client_id={client}&redirect_uri={redirect}&scope=openid&state=s");
    let mut browser = pair.browser("dora", "Painted-doors-77").await;
    let page = browser.go(&format!("{base}/{environment}/as/authorize?{query}")).await;
    assert_eq!(page.reply.status, 200, "{page:?}");
    let seen = browser.go(&link(&page.reply.text, BUTTON)).await;
    assert!(seen.at().starts_with(&format!("{redirect}?code=")), "{:?}", seen.way);

    // Another browser that only says that it comes back gets the form.
    let mut other = super::Browser::of(&[&pair.ours]);
    let begun = other.go(&format!("{base}/{environment}/as/authorize?{query}")).await;
    let claimed = format!("{}&at=auth&from=upstream", begun.at());
    let shown = other.go(&claimed).await;
    assert!(shown.reply.text.contains("name=\"password\""), "{}", shown.reply.text);
}

/// Goal: S-IPS-2: an application of PingOne's or AM's that asks for two factors gets them by the way of another provider, too, where the realm
/// asks for one: the recovery code is asked for after the provider's word.
#[tokio::test]
async fn two_factors_are_asked_for_behind_the_provider() {
    let pair = Pair::start_with(false, |config| {
        config.openid.set_all_cookies = true;
        config.am.set_all_cookies = true;
        config.pingone.set_all_cookies = true;
        config.sign_on.second_factor = "never".into();
    })
    .await;
    let (ours, realm) = (pair.ours.authority(), &pair.ours.data.realm);
    let provider = ours.upstream(realm.id, "corp").await.expect("an answer").expect("a provider");
    let alice = ours.user(pair.ours.data.alice.id).await.expect("an answer").expect("alice");
    ours.link_upstream(&provider, &pair.upstream.data.alice.id.to_string(), &alice).await.expect("a link");
    let token = pair.ours.sign_on_kratos("alice", "Rabbit-hole-11").await;
    let (token, set) = (adieu_core::SessionToken::parse(&token).expect("a token"), ours.draw_code_set());
    ours.confirm_recovery_codes(token.id, set, true).await.expect("codes");
    let mut codes = ours.recovery_codes(alice.id, set).into_iter();

    let (programs, base) = (Programs::of(&pair.ours), &pair.ours.config().public.url);
    let (environment, client) = (programs.pingone("env_id"), programs.pingone("app_client_id"));
    let redirect = "https://shop.example.test/callback";
    let query = format!("response_type=code&client_id={client}&redirect_uri={redirect}&scope=openid&state=s");
    for begin in [
        format!("{base}/{environment}/as/authorize?{query}&acr_values=Multi_Factor"),
        format!("{base}/am/oauth2/realms/root/realms/alpha/authorize?{query}&acr_values=1"),
    ] {
        let mut browser = pair.browser("alice", "Rabbit-hole-11").await;
        let page = browser.go(&begin).await;
        let asked = browser.go(&link(&page.reply.text, BUTTON)).await;
        assert!(asked.reply.text.contains("recovery codes"), "{begin}: {}", asked.reply.text);
        let (form_token, attempt) = (field(&asked.reply.text, "token"), field(&asked.reply.text, "attempt"));
        let code = codes.next().expect("a code");
        let form = [("token", &*form_token), ("attempt", &*attempt), ("code", &*code)];
        let sent = browser.once(&pair.at("second-step"), Some(&form)).await;
        assert_eq!(sent.status, 200, "the browser holds redirects to the list of the form: {}", sent.text);
        let onward = sent.header("refresh").strip_prefix("0; url=").expect("the way on").to_owned();
        let seen = browser.go(&onward).await;
        assert!(seen.at().starts_with(redirect) && seen.at().contains("code="), "{:?}", seen.way);
    }
}
