//! The ways by which an issuer's answer comes back to an application, at every issuer: query, fragment, and a form that posts itself.
//!
//! What the browser does with the form is asked of a browser in `clients/form-post.cjs`.

use adieu_testkit::World;
use adieu_testkit::world::{Reply, WorldRequest};

use crate::one_session::Programs;

const CALLBACK: &str = "https://shop.example.test/callback";

/// An issuer, with the cookie that its dialect has for a session.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Issuer {
    PingOne,
    Am,
    Native,
}

pub(crate) const ISSUERS: [Issuer; 3] = [Issuer::PingOne, Issuer::Am, Issuer::Native];

impl Issuer {
    pub(crate) fn base(self, world: &World) -> String {
        match self {
            Self::PingOne => format!("/{}/as", Programs::of(world).pingone("env_id")),
            Self::Am => "/am/oauth2/realms/root/realms/alpha".into(),
            Self::Native => "/o/alpha".into(),
        }
    }

    /// With which status it sends a browser on.
    fn way_on(self) -> u16 {
        match self {
            Self::PingOne | Self::Am => 302,
            Self::Native => 303,
        }
    }

    fn name(self, world: &World) -> String {
        format!("{}{}", world.config().public.url, self.base(world))
    }

    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::PingOne | Self::Native => "token",
            Self::Am => "access_token",
        }
    }

    pub(crate) fn authorize(self, world: &World, more: &str) -> WorldRequest {
        let client = Programs::of(world).pingone("app_client_id").to_owned();
        let query = format!("response_type=code&client_id={client}&redirect_uri={CALLBACK}&scope=openid");
        world.get(&format!("{}/authorize?{query}&state=s%26t{more}", self.base(world)))
    }

    pub(crate) fn signed_on(self, ask: WorldRequest, token: &str) -> WorldRequest {
        match self {
            Self::PingOne => ask.cookie("ST", token),
            Self::Am => ask.cookie("iPlanetDirectoryPro", token),
            Self::Native => ask.cookie("adieu_session", token),
        }
    }

    /// What a code buys.
    pub(crate) async fn redeem(self, world: &World, code: &str) -> Reply {
        let programs = Programs::of(world);
        let ask = world.post(&format!("{}/{}", self.base(world), self.token()));
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        ask.header("authorization", &programs.basic("app")).form(&form).send().await
    }
}

/// The value of a hidden field, as a browser reads it.
fn field(reply: &Reply, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = reply.text.split_once(&start).unwrap_or_else(|| panic!("no {name}: {}", reply.text)).1;
    rest.split('"').next().expect("a value").replace("&#38;", "&")
}

fn is_form_for_the_shop(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.text.contains(&format!("<form method=\"post\" action=\"{CALLBACK}\">")), "{}", reply.text);
    assert!(reply.text.contains("<button type=\"submit\">"), "{}", reply.text);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    let policy = reply.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("; script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("; form-action https://shop.example.test; "), "{policy}");
}

/// Goal: F-26: `response_mode=form_post` gives the code, and errors, in a form of its own page.
#[tokio::test]
async fn an_answer_is_posted_by_a_form() {
    let world = World::start().await;
    let session = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    for issuer in ISSUERS {
        let ask = issuer.authorize(&world, "&response_mode=form_post");
        let page = issuer.signed_on(ask, &session).send().await;
        is_form_for_the_shop(&page);
        assert_eq!((field(&page, "state"), field(&page, "iss")), ("s&t".into(), issuer.name(&world)));
        let tokens = issuer.redeem(&world, &field(&page, "code")).await;
        assert_eq!(tokens.status, 200, "{issuer:?}: {}", tokens.text);

        let refused = issuer.authorize(&world, "&response_mode=form_post&prompt=none").send().await;
        is_form_for_the_shop(&refused);
        assert_eq!(
            (field(&refused, "error"), field(&refused, "state")),
            ("login_required".into(), "s&t".into())
        );
    }
}

/// Goal: F-26: `response_mode=fragment` gives the same behind a `#`, where no server reads it.
#[tokio::test]
async fn an_answer_goes_into_the_fragment() {
    let world = World::start().await;
    let session = world.sign_on_kratos("alice", "Rabbit-hole-11").await;
    for issuer in ISSUERS {
        let ask = issuer.authorize(&world, "&response_mode=fragment");
        let reply = issuer.signed_on(ask, &session).send().await;
        let (address, fragment) = reply.location().split_once('#').expect("a fragment");
        assert_eq!((reply.status.as_u16(), address), (issuer.way_on(), CALLBACK), "{issuer:?}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        let code = fragment.split('&').find_map(|pair| pair.strip_prefix("code=")).expect("a code");
        assert_eq!(issuer.redeem(&world, code).await.status, 200, "{issuer:?}");
        assert!(fragment.contains("state=s%26t"), "{fragment}");

        let refused = issuer.authorize(&world, "&response_mode=fragment&prompt=none").send().await;
        let there = format!("{CALLBACK}#error=login_required&");
        assert!(refused.location().starts_with(&there), "{}", refused.location());
    }
}

/// Goal: F-26: what is not there is told of in the query, and so is a form for an address that is no site.
#[tokio::test]
async fn other_modes_are_refused_in_the_query() {
    let world = World::start().await;
    let own_scheme = "com.example.shop:/back";
    world.edit_client(&world.data.app.id, |client| client.redirect_uris.push(own_scheme.into())).await;
    let client = Programs::of(&world).pingone("app_client_id").to_owned();
    for issuer in ISSUERS {
        let refused = issuer.authorize(&world, "&response_mode=web_message").send().await;
        let there = format!("{CALLBACK}?error=invalid_request&");
        assert!(refused.location().starts_with(&there), "{issuer:?}: {}", refused.location());
        let query = format!("response_type=code&client_id={client}&redirect_uri={own_scheme}&scope=openid");
        let path = format!("{}/authorize?{query}&response_mode=form_post", issuer.base(&world));
        let refused = world.get(&path).send().await;
        let there = format!("{own_scheme}?error=invalid_request&");
        assert!(refused.location().starts_with(&there), "{issuer:?}: {}", refused.location());

        let document = world.get(&format!("{}/.well-known/openid-configuration", issuer.base(&world)));
        let modes = document.send().await.json()["response_modes_supported"].clone();
        for mode in ["query", "fragment", "form_post"] {
            assert!(modes.as_array().expect("a list").contains(&mode.into()), "{issuer:?}: {modes}");
        }
    }
}
