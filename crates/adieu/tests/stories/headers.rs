//! What goes along with credentials: no cache keeps them, no next page hears of them, no other site sends them.
//!
//! Every dialect's own way to a credential is asked, in one server.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, profile_config};
use http::Method;
use serde_json::json;

use crate::one_browser::{ALICE, Jar, sign_on_as, with_all_cookies};
use crate::one_session::{Dialect, Programs};

const AM: &str = "/am/json/realms/root/realms/alpha";

fn is_kept_by_no_cache(reply: &Reply, what: &str) {
    let lines = reply.headers.get_all("cache-control").iter();
    let kept = lines.filter_map(|line| line.to_str().ok()).any(|line| line.contains("no-store"));
    assert!(reply.status.is_success() || reply.status.is_redirection(), "{what}: {}", reply.text);
    assert!(kept, "{what}: {:?}", reply.headers);
}

/// One answer of each kind that carries a credential, by what it is.
async fn with_credentials(world: &World) -> Vec<(&'static str, Reply)> {
    let programs = Programs::of(world);
    let flow = world.get("/self-service/login/api").send().await.json();
    let action = flow["ui"]["action"].as_str().expect("an action");
    let path = &action[action.find("/self-service").expect("our path")..];
    let body =
        json!({"method": "password", "identifier": "alice@example.test", "password": "Rabbit-hole-11"});
    let kratos = world.post(path).json(&body).send().await;
    let token = kratos.json()["session_token"].as_str().expect("a token").to_owned();
    let client = programs.pingone("app_client_id");
    let (environment, redirect) = (programs.pingone("env_id"), programs.pingone("app_redirect_uri"));
    let query = format!("response_type=code&client_id={client}&redirect_uri={redirect}&scope=openid");
    let code_of_pingone = world.get(&format!("/{environment}/as/authorize?{query}")).cookie("ST", &token);
    let of_am = format!("/am/oauth2/realms/root/realms/alpha/authorize?{query}");
    let code_of_am = world.get(&of_am).cookie("iPlanetDirectoryPro", &token);
    let authenticate = world.post(&format!("{AM}/authenticate")).header("accept-api-version", "resource=2.0");
    let authenticate = authenticate.header("x-openam-username", "alice");
    let authenticate = authenticate.header("x-openam-password", "Rabbit-hole-11").json(&json!({}));
    let realm = world.data.realm.id;
    let made = world.admin(Method::POST, &format!("/v1/realms/{realm}/clients"));
    vec![
        ("Kratos' session token", kratos),
        ("PingOne's code", code_of_pingone.send().await),
        ("AM's code", code_of_am.send().await),
        ("AM's token", authenticate.send().await),
        ("tokens", programs.token_endpoint("worker", &[("grant_type", "client_credentials")]).send().await),
        ("a client's secret", made.json(&json!({"client_name": "Till"})).send().await),
    ]
}

/// S-CSD-4: Goal: S-22: no cache keeps an answer that carries a credential, and an address with a code is told to no further page.
#[tokio::test]
async fn no_cache_and_no_next_page_learns_a_credential() {
    let world = World::start().await;
    for (what, reply) in with_credentials(&world).await {
        is_kept_by_no_cache(&reply, what);
        if reply.location().contains("code=") {
            assert_eq!(reply.header("referrer-policy"), "no-referrer", "{what}");
        }
        assert_eq!(reply.header("strict-transport-security"), "", "{what}: there is no https here");
    }
}

/// Goal: S-21: over https browsers are told to stay there, and every cookie says which sites may send it along.
/// Method: the same answers of a server with an https address; the vendor's cookie for old browsers is named for having none.
#[tokio::test]
async fn over_https_browsers_stay_there_and_cookies_say_whose_they_are() {
    let mut config = profile_config("main");
    config.public.url = "https://id.example.test".into();
    let world = World::with_config(config).await;
    let programs = Programs::of(&world);
    let mut replies = with_credentials(&world).await;
    let begun = world.get("/self-service/login/browser").header("accept", "text/html").send().await;
    replies.push(("Kratos' flow", begun));
    let path = format!("/{}/as/signoff", programs.pingone("env_id"));
    replies.push(("PingOne's sign-off", world.get(&path).send().await));
    for (what, reply) in &replies {
        if *what != "a client's secret" {
            let told = reply.header("strict-transport-security");
            assert_eq!(told, "max-age=31536000", "{what}");
        }
        for line in reply.headers.get_all("set-cookie") {
            let line = line.to_str().expect("ASCII");
            let old_browsers = line.starts_with("ST-NO-SS=");
            assert!(old_browsers || line.contains("SameSite="), "{what}: {line}");
            assert!(line.contains("Secure"), "{what}: {line}");
        }
    }
}

/// The field of a form that only this browser can send.
fn form_token(page: &Reply) -> String {
    let form = page.text.split_once("name=\"token\" value=\"");
    let (_, rest) =
        form.unwrap_or_else(|| panic!("a form: {} {:?} {}", page.status, page.headers, page.text));
    rest.split('"').next().expect("a value").to_owned()
}

/// One sign-off of a browser of each kind, by what it is. Kratos' answer has a key of its own.
async fn sign_offs(world: &World) -> Vec<(&'static str, Reply)> {
    let mut replies = Vec::new();
    for what in ["PingOne", "AM's page", "the front page", "a native issuer"] {
        let mut jar = Jar::default();
        sign_on_as(world, &mut jar, Dialect::Kratos, ALICE).await;
        let submitted = async |jar: &mut Jar, page: &str, address: &str, more: (&str, &str)| {
            let page = jar.send(page, world.get(page).header("accept", "text/html")).await;
            let token = form_token(&page);
            jar.send(address, world.post(address).form(&[("token", &token), more])).await
        };
        let reply = match what {
            "PingOne" => {
                let path = format!("/{}/as/signoff", Programs::of(world).pingone("env_id"));
                jar.get(world, &path).await
            }
            "AM's page" => {
                submitted(&mut jar, "/am/UI/Logout?realm=/alpha", "/am/UI/Logout", ("realm", "/alpha")).await
            }
            "the front page" => submitted(&mut jar, "/", "/ui/sign-off", ("x", "")).await,
            _ => submitted(&mut jar, "/o/alpha/logout", "/o/alpha/sign-off", ("x", "")).await,
        };
        assert!(reply.status == 200 || reply.status.is_redirection(), "{what}: {}", reply.text);
        assert_ne!(jar.get(world, "/sessions/whoami").await.status, 200, "{what}");
        replies.push((what, reply));
    }
    replies
}

/// S-CSD-1, S-CSD-2: a sign-off tells the browser what to forget of this host besides our cookies, over https alone, and of the whole
/// domain's cookies only where a key says so.
#[tokio::test]
async fn a_sign_off_tells_the_browser_what_to_forget() {
    for (url, kept, expect) in [
        ("https://id.example.test", "storage", "\"cache\", \"storage\""),
        ("https://id.example.test", "cookies", "\"cache\", \"storage\", \"cookies\""),
        ("https://id.example.test", "none", ""),
        ("http://127.0.0.1:4433", "cookies", ""),
    ] {
        let mut config = with_all_cookies();
        url.clone_into(&mut config.public.url);
        kept.clone_into(&mut config.public.clear_site_data);
        config.public.front_page = true;
        let world = World::with_config(config).await;
        for (what, reply) in sign_offs(&world).await {
            assert_eq!(reply.header("clear-site-data"), expect, "{what} at {url}, {kept}");
        }
        let looked = world.get("/").send().await;
        assert_eq!(looked.header("clear-site-data"), "", "whoever only looks forgets nothing");
    }
}
