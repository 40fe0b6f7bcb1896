//! A relying party and a browser in front of the assembled server.
//!
//! The browser keeps cookies by their path, sends forms as pages have them, and follows nothing by itself. Nothing here checks
//! anything.

use std::collections::BTreeMap;

use adieu_authority::{Client, NewPerson};
use adieu_testkit::World;
use adieu_testkit::world::{Reply, WorldRequest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub(crate) const ALICE: (&str, &str) = ("alice", "Rabbit-hole-11");
pub(crate) const BOB: (&str, &str) = ("bob", "Builder-tools-22");
/// Somebody of whom everything is known.
pub(crate) const DORA: (&str, &str) = ("dora", "Explores-all-88");
/// The issuer of the shop's realm.
pub(crate) const ALPHA: &str = "/o/alpha";
pub(crate) const CALLBACK: &str = "https://shop.example.test/callback";
pub(crate) const BYE: &str = "https://shop.example.test/bye";
pub(crate) const LOGOUT: &str = "/o/alpha/logout";

/// A server with somebody of whom everything is known.
pub(crate) async fn with_dora() -> World {
    let world = World::start().await;
    let email = "dora@example.test";
    let traits = json!({
        "email": email, "email_verified": true, "nickname": "Dodo", "gender": "female", "birthdate": "1984-02-29",
        "name": {"given": "Dora", "middle": "Maria", "family": "Doe", "formatted": "Dora Maria Doe"},
        "profile": "https://dora.example.test/", "website": "https://dora.example.test/blog",
        "photo": {"href": "https://dora.example.test/me.png"}, "timezone": "Europe/Amsterdam", "locale": "nl-NL",
        "primaryPhone": "+31 20 555 0100", "phone_number_verified": "false",
        "address": {"streetAddress": "1 Long Lane", "locality": "Amsterdam", "countryCode": "NL"},
    });
    let new = NewPerson {
        username: DORA.0.into(),
        email: Some(email.into()),
        password: Some(DORA.1.into()),
        traits: Some(traits.to_string()),
        ..NewPerson::default()
    };
    world.authority().create_user(&world.data.population, new).await.expect("she is new");
    world
}

/// A browser.
pub(crate) struct Browser<'w> {
    world: &'w World,
    /// Values by name and path.
    jar: BTreeMap<(String, String), String>,
}

impl<'w> Browser<'w> {
    pub(crate) const fn of(world: &'w World) -> Self {
        Self { world, jar: BTreeMap::new() }
    }

    pub(crate) async fn get(&mut self, address: &str) -> Reply {
        let ask = self.world.get(self.path(address));
        self.send(ask, address).await
    }

    /// Posts a form of another site: no cookie goes with it.
    pub(crate) async fn post_from_elsewhere(&mut self, address: &str, fields: &[(&str, &str)]) -> Reply {
        let reply = self.world.post(self.path(address)).form(fields).send().await;
        self.keep(&reply);
        reply
    }

    /// Posts a form of our own pages.
    pub(crate) async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Reply {
        let ask = self.world.post(self.path(address)).form(fields);
        self.send(ask, address).await
    }

    /// Fills in the form of a page and sends it.
    pub(crate) async fn submit(&mut self, page: &Reply, filled: &[(&str, &str)]) -> Reply {
        let (action, hidden) = form(page);
        let mut fields: Vec<(&str, &str)> = hidden.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        fields.extend(filled);
        self.post(&action, &fields).await
    }

    /// The same, and what an address of ours shows to which the answer leads.
    pub(crate) async fn submit_and_follow(&mut self, page: &Reply, filled: &[(&str, &str)]) -> Reply {
        let sent = self.submit(page, filled).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        let to = sent.location().to_owned();
        assert!(to.starts_with(self.world.config().public.url.as_str()), "{to}");
        self.get(&to).await
    }

    /// Signs on at the page, and goes where that leads.
    pub(crate) async fn sign_on(&mut self, page: &Reply, (name, password): (&str, &str)) -> Reply {
        let sent = self.submit(page, &[("username", name), ("password", password)]).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        self.get(sent.location()).await
    }

    /// The same browser before it has heard anything more.
    pub(crate) fn twin(&self) -> Self {
        Self { world: self.world, jar: self.jar.clone() }
    }

    /// The value of a cookie, wherever it counts.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.iter().find(|((known, _), _)| known == name).map(|(_, value)| value.as_str())
    }

    fn path<'a>(&self, address: &'a str) -> &'a str {
        address.strip_prefix(self.world.config().public.url.as_str()).unwrap_or(address)
    }

    async fn send(&mut self, ask: WorldRequest, address: &str) -> Reply {
        let path = self.path(address).split('?').next().unwrap_or_default().to_owned();
        let fits = |cookie: &str| {
            path.strip_prefix(cookie)
                .is_some_and(|rest| rest.is_empty() || cookie == "/" || rest.starts_with('/'))
        };
        let cookies = self.jar.iter().filter(|((_, at), _)| fits(at));
        let cookies: Vec<String> = cookies.map(|((name, _), value)| format!("{name}={value}")).collect();
        let ask = if cookies.is_empty() { ask } else { ask.header("cookie", &cookies.join("; ")) };
        let reply = ask.send().await;
        self.keep(&reply);
        reply
    }

    fn keep(&mut self, reply: &Reply) {
        for line in reply.headers.get_all("set-cookie") {
            let line = line.to_str().expect("a cookie is text");
            let mut parts = line.split("; ");
            let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            let path = parts.clone().find_map(|part| part.strip_prefix("Path=")).unwrap_or("/");
            let gone = parts.any(|part| part.starts_with("Expires=Thu, 01 Jan 1970"));
            let key = (name.to_owned(), path.to_owned());
            if gone {
                self.jar.remove(&key)
            } else {
                self.jar.insert(key, value.to_owned())
            };
        }
    }
}

/// Where a page's form goes, and its hidden fields.
pub(crate) fn form(page: &Reply) -> (String, Vec<(String, String)>) {
    let (_, form) = page.text.split_once("<form ").unwrap_or_else(|| panic!("no form: {}", page.text));
    let form = form.split("</form>").next().expect("its end");
    let action = attribute(form, "action");
    let fields = form.split("<input type=\"hidden\" ").skip(1);
    (action, fields.map(|field| (attribute(field, "name"), attribute(field, "value"))).collect())
}

/// An attribute of the first element that a text has.
pub(crate) fn attribute(html: &str, name: &str) -> String {
    let (_, rest) = html.split_once(&format!("{name}=\"")).expect("an attribute");
    let text = rest.split('"').next().expect("its value");
    [("&#38;", "&"), ("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// A parameter of an address, in its query or in its fragment.
pub(crate) fn param(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once(['?', '#'])?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")))?.replace('+', " ");
    Some(percent_decoded(&value))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| byte == b'%') {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// What a token says, unchecked.
pub(crate) fn claims(token: &Value) -> Value {
    let token = token.as_str().expect("a token");
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

/// A client of the realm, as its programs know it.
pub(crate) struct RelyingParty<'w> {
    pub(crate) world: &'w World,
    pub(crate) id: String,
    secret: String,
}

impl<'w> RelyingParty<'w> {
    /// The shop.
    pub(crate) fn shop(world: &'w World) -> Self {
        Self::of(world, &world.data.app)
    }

    pub(crate) fn of(world: &'w World, client: &Client) -> Self {
        Self { world, id: client.id.to_string(), secret: world.data.secret(client).to_owned() }
    }

    /// The address of an authorize request, with further parameters.
    pub(crate) fn authorize(&self, more: &str) -> String {
        format!("{ALPHA}/authorize?response_type=code&client_id={}&redirect_uri={CALLBACK}{more}", self.id)
    }

    /// A form to an endpoint, with the secret in the header.
    pub(crate) async fn post(&self, endpoint: &str, fields: &[(&str, &str)]) -> Reply {
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", self.id, self.secret)));
        let ask = self.world.post(&format!("{ALPHA}/{endpoint}"));
        ask.header("authorization", &basic).form(fields).send().await
    }

    /// The same with the secret in the form.
    pub(crate) async fn post_with_secret(&self, endpoint: &str, fields: &[(&str, &str)]) -> Reply {
        let own = [("client_id", self.id.as_str()), ("client_secret", self.secret.as_str())];
        let all = [&own, fields].concat();
        self.world.post(&format!("{ALPHA}/{endpoint}")).form(&all).send().await
    }

    pub(crate) async fn redeem(&self, code: &str) -> Reply {
        let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        self.post("token", &fields).await
    }

    /// The tokens for an answer that went to the client.
    pub(crate) async fn tokens(&self, answer: &Reply) -> Value {
        let reply = self.redeem(&self.code(answer)).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// The code of an answer that went to the client.
    pub(crate) fn code(&self, answer: &Reply) -> String {
        let location = answer.location();
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert!(location.starts_with(CALLBACK), "{location}");
        param(location, "code").unwrap_or_else(|| panic!("no code: {location}"))
    }

    pub(crate) async fn userinfo(&self, tokens: &Value) -> Reply {
        let token = tokens["access_token"].as_str().expect("a token");
        self.world.get(&format!("{ALPHA}/userinfo")).bearer(token).send().await
    }

    /// What an authorize request without a page is answered with: a word of error, or nothing for a code.
    pub(crate) async fn silently(&self, browser: &mut Browser<'_>) -> Option<String> {
        let answer = browser.get(&self.authorize("&scope=openid&prompt=none")).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        param(answer.location(), "error")
    }
}

/// A sign-on by a request with these further parameters, and its tokens.
pub(crate) async fn flow(world: &World, more: &str) -> Value {
    let shop = RelyingParty::shop(world);
    let mut browser = Browser::of(world);
    let page = browser.get(&shop.authorize(more)).await;
    let tokens = shop.tokens(&browser.sign_on(&page, DORA).await).await;
    let id = claims(&tokens["id_token"]);
    assert_eq!((&id["aud"], &id["iss"]), (&json!(shop.id), &json!(issuer(world))));
    tokens
}

/// A browser in which somebody signed on to the shop, and the ID token.
pub(crate) async fn signed_on<'w>(shop: &RelyingParty<'w>, who: (&str, &str)) -> (Browser<'w>, String) {
    let mut browser = Browser::of(shop.world);
    let page = browser.get(&shop.authorize("&scope=openid")).await;
    let tokens = shop.tokens(&browser.sign_on(&page, who).await).await;
    (browser, tokens["id_token"].as_str().expect("a text").to_owned())
}

/// A client's state, of 120 characters as an address has them.
pub(crate) fn state() -> String {
    "Ab9-_.~%26".repeat(12)
}

pub(crate) fn issuer(world: &World) -> String {
    format!("{}{ALPHA}", world.config().public.url)
}

/// Whether claims have members of these names, and none of them is null.
pub(crate) fn has(told: &Value, names: &[&str]) {
    for name in names {
        assert!(told.get(name).is_some_and(|value| !value.is_null()), "{name}: {told}");
    }
}
