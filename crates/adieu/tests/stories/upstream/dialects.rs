//! The sign-on pages of every dialect lead through the provider and back to where their browser wanted to go.
//!
//! Each shows its own button; the cookies of all are set where the browser comes back.

use super::Pair;
use super::browser::link;
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
