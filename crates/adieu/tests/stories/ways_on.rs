//! Pages that ask for something let nobody stand there who has not got it: the second step without a code, the sign-on without an
//! account.
//!
//! One browser that follows what it is told, and presses what is on the page.

use adieu_authority::NewPerson;
use adieu_testkit::world::{Config, Reply};

use crate::two_factors::{Alice, NAME, PASSWORD};
use crate::upstream::{Browser, Seen, link};

const BOB: (&str, &str) = ("bob", "Builder-tools-22");
const CALLBACK: &str = "https://shop.example.test/callback";

/// A server with its own pages, where strangers may register.
fn with_own_pages(config: &mut Config) {
    let kratos = &mut config.kratos;
    for address in [
        &mut kratos.login_ui_url,
        &mut kratos.error_ui_url,
        &mut kratos.settings_ui_url,
        &mut kratos.registration_ui_url,
        &mut kratos.default_return_url,
    ] {
        address.clear();
    }
    kratos.registration_opens_session = true;
    kratos.set_all_cookies = true;
    config.sign_on.registration = true;
}

/// A person in front of a page.
struct Person<'w> {
    browser: Browser<'w>,
    base: &'w str,
    page: Reply,
    at: String,
}

impl<'w> Person<'w> {
    async fn at(alice: &'w Alice, path: &str) -> Self {
        let mut browser = Browser::of(&[&alice.world]);
        let base = alice.world.config().public.url.as_str();
        let seen = browser.go(&format!("{base}{path}")).await;
        Self { browser, base, at: seen.at().to_owned(), page: seen.reply }
    }

    fn sees(&mut self, seen: Seen) {
        self.at = seen.at().to_owned();
        self.page = seen.reply;
    }

    #[track_caller]
    fn reads(&self, words: &str) {
        assert!(self.page.text.contains(words), "{words}: {} {}", self.at, self.page.text);
    }

    async fn follows(&mut self, words: &str) {
        let address = link(&self.page.text, words);
        let address = if address.starts_with('/') { format!("{}{address}", self.base) } else { address };
        let seen = self.browser.go(&address).await;
        self.sees(seen);
    }

    /// Fills in the form of this button, and presses it.
    async fn presses(&mut self, button: &str, filled: &[(&str, &str)]) {
        let form = |form: &&str| {
            form.split("</form>").next().is_some_and(|form| form.contains(&format!(">{button}</button>")))
        };
        let text = self.page.text.clone();
        let form = text.split("<form ").skip(1).find(form).unwrap_or_else(|| panic!("no {button}: {text}"));
        let form = form.split("</form>").next().expect("its end");
        let value = |text: &str, name: &str| {
            let value = text.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split('"').next());
            plain(value.unwrap_or_default())
        };
        let hidden = form.split("<input type=\"hidden\" ").skip(1);
        let hidden: Vec<_> = hidden.map(|field| (value(field, "name"), value(field, "value"))).collect();
        let pressed =
            form.rsplit("<button ").find(|one| one.contains(&format!(">{button}<"))).expect("a button");
        let pressed = [(value(pressed, "name"), value(pressed, "value"))];
        let pressed = pressed.iter().filter(|(name, _)| !name.is_empty());
        let fields = hidden.iter().chain(pressed).map(|(name, value)| (name.as_str(), value.as_str()));
        let fields: Vec<_> = fields.chain(filled.iter().copied()).collect();
        let action = value(form, "action");
        let action = if action.starts_with('/') { format!("{}{action}", self.base) } else { action };
        let seen = match value(form, "method").as_str() {
            "get" => {
                let address = fields.iter().fold(action, |address, (name, value)| {
                    adieu_http_kit::form::append_query(&address, name, value)
                });
                self.browser.go(&address).await
            }
            _ => self.browser.post(&action, &fields).await,
        };
        self.sees(seen);
    }

    /// Somebody signs on at the page of a dialect with these names of its fields.
    async fn signs_on(&mut self, (name, password): (&str, &str), (first, second): (&str, &str)) {
        self.presses("Sign on", &[(first, name), (second, password)]).await;
    }

    async fn makes_codes_and_goes_on(&mut self) {
        self.follows("Make recovery codes").await;
        self.codes_and_on().await;
    }

    /// Makes recovery codes at the settings, and gives one of them.
    async fn codes_and_on(&mut self) {
        self.presses("Make new recovery codes", &[]).await;
        let code =
            self.page.text.split("<li>").nth(1).and_then(|rest| rest.get(..8)).expect("a code").to_owned();
        self.presses("I have kept these codes", &[]).await;
        self.follows("Enter a code").await;
        self.presses("Go on", &[("lookup_secret", &code)]).await;
    }

    fn came_back_with_a_code(&self) -> bool {
        self.at.starts_with(&format!("{CALLBACK}?")) && self.at.contains("code=")
    }
}

fn plain(text: &str) -> String {
    [
        ("&#38;", "&"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#43;", "+"),
        ("&#61;", "="),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// The sign-on of each mount that asks for a code in a page of its own: where it begins, and what its fields are called.
fn mounts(alice: &Alice) -> [(&'static str, String, (&'static str, &'static str)); 3] {
    let (environment, client) = (alice.pingone("env_id"), alice.pingone("app_client_id"));
    let query = format!("response_type=code&client_id={client}&redirect_uri={CALLBACK}&scope=openid&state=s");
    [
        ("the native issuer", format!("/o/alpha/authorize?{query}"), ("username", "password")),
        ("AM", format!("/am/oauth2/realms/root/realms/alpha/authorize?{query}"), ("IDToken1", "IDToken2")),
        ("PingOne", format!("/{environment}/as/authorize?{query}"), ("username", "password")),
    ]
}

/// Goal: issue 10, F-1: the second step of each issuer's sign-on lets somebody else sign on in the same request, and says whom to ask
/// about lost codes.
#[tokio::test]
async fn the_second_step_of_each_issuer_has_a_way_on_without_a_code() {
    let alice = Alice::with_codes_where(with_own_pages).await;
    for (mount, path, fields) in mounts(&alice) {
        let mut person = Person::at(&alice, &path).await;
        person.signs_on((NAME, PASSWORD), fields).await;
        person.reads("Second step");
        person.reads("Codes lost? Ask your administrator.");
        match mount {
            "AM" => person.follows("Use another account").await,
            _ => person.presses("Use another account", &[]).await,
        }
        person.reads("Username or e-mail address");
        person.signs_on(BOB, fields).await;
        assert!(person.came_back_with_a_code(), "{mount}: {} {}", person.at, person.page.text);

        // A wrong code leaves the way open; the right one still counts.
        let mut person = Person::at(&alice, &path).await;
        person.signs_on((NAME, PASSWORD), fields).await;
        let code = if mount == "AM" { "IDToken3" } else { "code" };
        person.presses("Go on", &[(code, "wrong")]).await;
        person.reads("Use another account");
        person.presses("Go on", &[(code, alice.code())]).await;
        assert!(person.came_back_with_a_code(), "{mount}: {} {}", person.at, person.page.text);
    }
}

/// Goal: issue 10, S-15: whoever is asked for a code at Kratos' page, and has none, signs off there.
#[tokio::test]
async fn the_second_step_at_kratos_has_a_way_off() {
    let alice = Alice::with_codes_where(with_own_pages).await;
    let mut person = Person::at(&alice, "/self-service/login/browser").await;
    person.signs_on((NAME, PASSWORD), ("identifier", "password")).await;
    person.reads("Second step");
    person.reads("Codes lost? Ask your administrator.");
    let policy = person.page.header("content-security-policy").to_owned();
    assert!(policy.contains("form-action 'self'"), "{policy}");
    let half = person.browser.cookie(&alice.world, "ory_kratos_session").expect("half signed on").to_owned();
    person.presses("Sign off", &[]).await;
    person.reads("Sign on again");
    let token = adieu_authority::SessionToken::parse(&half).expect("a token");
    let check = alice.world.authority().check(&token, false).get().await.expect("an answer");
    assert!(matches!(check, adieu_authority::Check::Not(_)), "it is over");
}

/// Goal: issue 10: whoever has confirmed new codes reads that they count from now on and why one is asked for, before it is; and may sign
/// off in place of that.
#[tokio::test]
async fn new_codes_are_said_to_count_before_one_is_asked_for() {
    let alice = Alice::with_codes_where(with_own_pages).await;
    let mut person = Person::at(&alice, "/self-service/login/browser").await;
    person.signs_on(BOB, ("identifier", "password")).await;
    let settings = format!("{}/self-service/settings/browser", person.base);
    let seen = person.browser.go(&settings).await;
    person.sees(seen);
    person.presses("Make new recovery codes", &[]).await;
    let code =
        person.page.text.split("<li>").nth(1).and_then(|rest| rest.get(..8)).expect("a code").to_owned();
    person.presses("I have kept these codes", &[]).await;
    person.reads("Your codes count from now on");
    person.reads("by the password alone");
    person.reads(">Sign off</button>");
    person.follows("Enter a code").await;
    person.reads("Second step");
    person.presses("Go on", &[("lookup_secret", &code)]).await;
    person.reads("signed on as bob");
}

/// Goal: F-63: a stranger whom an application has sent finds "Sign up" on the page of each issuer, and goes on to that application as
/// a new user; the page that the form leads to may lead anywhere.
#[tokio::test]
async fn strangers_sign_up_on_the_way_to_an_application() {
    let alice = Alice::with_codes_where(with_own_pages).await;
    for (n, (mount, path, _)) in mounts(&alice).into_iter().enumerate() {
        let address = format!("stranger-{n}@example.test");
        let mut person = Person::at(&alice, &path).await;
        person.follows("Sign up").await;
        person.reads("Please say who you are.");
        // Whoever has an account after all goes back to the page where it is asked for.
        let back = link(&person.page.text, "Sign on with an account that you have");
        assert!(back.starts_with(person.base) && !back.contains("/self-service/"), "{mount}: {back}");
        person.presses("Go on", &[("traits.email", &address)]).await;
        person.presses("Sign up", &[("password", "quite-unusual-words-4")]).await;
        assert!(person.came_back_with_a_code(), "{mount}: {} {}", person.at, person.page.text);
        let user = alice.world.authority().user_named(alice.world.data.realm.id, &address).await;
        let user = user.expect("read").expect("a new user");
        assert_eq!(alice.world.authority().count_live_sessions(user.id).await.expect("read"), 1, "{mount}");
    }
}

/// Goal: F-63: nobody is led to a registration that there is not, and nothing else of this installation, nor any other place, is
/// where a registration leads back to.
#[tokio::test]
async fn sign_up_is_offered_where_it_is_to_be_had() {
    let alice = Alice::with_codes_where(|config| {
        with_own_pages(config);
        config.sign_on.registration = false;
    })
    .await;
    for (mount, path, _) in mounts(&alice) {
        let person = Person::at(&alice, &path).await;
        person.reads("Sign on");
        assert!(!person.page.text.contains("Sign up"), "{mount}: {}", person.page.text);
    }

    let alice = Alice::with_codes_where(with_own_pages).await;
    let person = Person::at(&alice, "/am/UI/Login?realm=/").await;
    assert!(!person.page.text.contains("Sign up"), "another realm: {}", person.page.text);
    let base = &alice.world.config().public.url;
    for to in [
        "https://evil.test/".to_owned(),
        format!("{base}/o/_/authorize"),
        format!("{base}/o/alpha/logout"),
        format!("{base}/am/UI/Logout"),
        // One page each, with what it is asked, and AM's of this realm.
        format!("{base}/am/UI/Login"),
        format!("{base}/am/UI/Login?realm=%2F"),
        format!("{base}/am/UI/Login?realm=%2Falpha2"),
        format!("{base}/am/UI/LoginX?realm=%2Falpha"),
        format!("{base}/o/alpha/authorizeX/y"),
        format!("{base}/o/alpha/authorize/..%2flogout"),
        format!("{base}.evil.test/am/UI/Login"),
    ] {
        for what in ["registration", "login"] {
            let path = format!("/self-service/{what}/browser");
            let path = adieu_http_kit::form::append_query(&path, "return_to", &to);
            let refused = alice.world.get(&path).header("accept", "application/json").send().await;
            assert_eq!(refused.status, 400, "{what} {to}: {}", refused.text);
        }
    }
}

/// Somebody whom an administrator makes.
async fn made(alice: &Alice, name: &str, password: &str) {
    let authority = alice.world.authority();
    let population = authority.populations(alice.world.data.realm.id).await.expect("read").remove(0);
    let (username, password) = (name.to_owned(), Some(password.to_owned()));
    let person = NewPerson { username, password, ..NewPerson::default() };
    authority.create_user(&population, person).await.expect("a user");
}

/// A request with more parameters.
fn with(path: &str, more: &str) -> String {
    format!("{path}&{more}")
}

/// Goal: S-OP-5, S-OP-7: nobody gets round a new proof by "Sign up". Whoever is signed on is not offered it, at no mount, and reads who they
/// are; the address of a registration that was opened before leads to a page that says so, and back to the sign-on.
#[tokio::test]
async fn nobody_who_is_signed_on_gets_round_a_new_proof_by_signing_up() {
    let alice = Alice::with_codes_where(|config| {
        with_own_pages(config);
        config.am.set_all_cookies = true;
        config.pingone.set_all_cookies = true;
        config.openid.set_all_cookies = true;
    })
    .await;
    for (mount, path, fields) in mounts(&alice) {
        for asked in ["prompt=login", "max_age=1", "max_age=0"] {
            let before = Person::at(&alice, &with(&path, asked)).await;
            let sign_up = link(&before.page.text, "Sign up");
            let mut person = Person::at(&alice, &path).await;
            person.signs_on(BOB, fields).await;
            assert!(person.came_back_with_a_code(), "{mount}: {}", person.at);
            alice.world.wait_s(3);

            let page = person.browser.go(&format!("{}{}", person.base, with(&path, asked))).await;
            person.sees(page);
            person.reads("You are signed on as bob");
            assert!(!person.page.text.contains(">Sign up<"), "{mount} {asked}: {}", person.page.text);
            assert!(person.page.text.contains(">Sign off<"), "{mount} {asked}: {}", person.page.text);

            let seen = person.browser.go(&sign_up).await;
            person.sees(seen);
            person.reads("You are signed on as bob, so no account was made.");
            person.follows("Go on with it").await;
            assert!(!person.at.starts_with(CALLBACK), "{mount} {asked}: {}", person.at);
            person.reads("You are signed on as bob");
        }
    }
}

/// Goal: F-63: somebody else at the browser of whoever is signed on signs them off at the sign-on page, is back at that page, and signs up
/// there: at all mounts, and at the registration itself.
#[tokio::test]
async fn who_signs_off_at_a_sign_on_page_comes_back_to_it() {
    let alice = Alice::with_codes_where(|config| {
        with_own_pages(config);
        config.am.set_all_cookies = true;
        config.pingone.set_all_cookies = true;
        config.openid.set_all_cookies = true;
    })
    .await;
    for (n, (mount, path, fields)) in mounts(&alice).into_iter().enumerate() {
        for at_registration in [false, true] {
            let sign_up = Person::at(&alice, &with(&path, "max_age=1")).await;
            let sign_up = link(&sign_up.page.text, "Sign up");
            let mut person = Person::at(&alice, &path).await;
            person.signs_on(BOB, fields).await;
            alice.world.wait_s(3);
            let page = person.browser.go(&format!("{}{}", person.base, with(&path, "max_age=1"))).await;
            person.sees(page);
            person.reads("You are signed on as bob");
            if at_registration {
                let seen = person.browser.go(&sign_up).await;
                person.sees(seen);
                person.presses("Sign off", &[]).await;
            } else {
                person.follows("Sign off").await;
                if person.page.text.contains("Sign off?") {
                    person.presses("Sign off everywhere", &[]).await;
                }
                person.reads("Username or e-mail address");
                person.follows("Sign up").await;
            }
            person.reads("Please say who you are.");
            let address = format!("other-{n}-{at_registration}@example.test");
            person.presses("Go on", &[("traits.email", &address)]).await;
            person.presses("Sign up", &[("password", "quite-unusual-words-4")]).await;
            assert!(person.came_back_with_a_code(), "{mount}: {} {}", person.at, person.page.text);
        }
    }
}

/// Goal: S-OP-5, S-OP-7: whoever signs up for a request that asks for a new proof signs on once more for it; where a proof of some age does,
/// the registration is one.
#[tokio::test]
async fn a_new_user_proves_anew_only_where_that_is_asked_for() {
    let alice = Alice::with_codes_where(with_own_pages).await;
    for (n, (mount, path, fields)) in mounts(&alice).into_iter().enumerate() {
        for (asked, once_more) in [("max_age=300", false), ("max_age=0", true), ("prompt=login", true)] {
            let address = format!("{n}-{}@example.test", asked.replace('=', "-"));
            let mut person = Person::at(&alice, &with(&path, asked)).await;
            person.follows("Sign up").await;
            person.presses("Go on", &[("traits.email", &address)]).await;
            person.presses("Sign up", &[("password", "quite-unusual-words-4")]).await;
            assert_eq!(!person.came_back_with_a_code(), once_more, "{mount} {asked}: {}", person.at);
            if once_more {
                person.signs_on((&address, "quite-unusual-words-4"), fields).await;
                assert!(
                    person.came_back_with_a_code(),
                    "{mount} {asked}: {} {}",
                    person.at,
                    person.page.text
                );
            }
        }
    }
}

/// Goal: F-63: where everybody has to have a second factor, whoever signs up on the way to an application makes one first, and then goes on to
/// it; whoever leaves that for later reads at the sign-on page who they are, and makes one from there, or signs off.
#[tokio::test]
async fn whoever_needs_a_second_factor_is_led_to_make_one() {
    let alice = Alice::without_codes_where("required", with_own_pages).await;
    for (n, (mount, path, fields)) in mounts(&alice).into_iter().enumerate() {
        let address = format!("needs-{n}@example.test");
        let mut person = Person::at(&alice, &path).await;
        person.follows("Sign up").await;
        person.presses("Go on", &[("traits.email", &address)]).await;
        person.presses("Sign up", &[("password", "quite-unusual-words-4")]).await;
        person.reads("Recovery codes");
        let page = person.browser.go(&format!("{}{path}", person.base)).await;
        person.sees(page);
        person.reads(&format!("You are signed on as {address}, but a second factor is asked for here"));
        assert!(!person.page.text.contains(">Sign up<"), "{mount}: {}", person.page.text);
        person.reads(">Sign off<");
        person.makes_codes_and_goes_on().await;
        assert!(person.came_back_with_a_code(), "{mount}: {} {}", person.at, person.page.text);

        // Somebody whom an administrator has made, in a browser where nobody is signed on.
        let (name, password) = (format!("made-{n}"), "quite-unusual-words-5");
        made(&alice, &name, password).await;
        let mut person = Person::at(&alice, &path).await;
        person.signs_on((&name, password), fields).await;
        person.reads("A second factor is asked for here, and this account has none yet.");
        person.follows("Make recovery codes").await;
        person.signs_on((&name, password), ("identifier", "password")).await;
        person.codes_and_on().await;
        assert!(person.came_back_with_a_code(), "{mount}: {} {}", person.at, person.page.text);
    }
}

/// Goal: F-1: whoever has no second factor, and is asked for two by the application alone, makes one from the sign-on page, and goes on to the
/// application with both.
#[tokio::test]
async fn whoever_is_asked_for_two_factors_is_led_to_make_the_second() {
    let alice = Alice::without_codes_where("when_enrolled", with_own_pages).await;
    for (n, (mount, path, fields)) in mounts(&alice).into_iter().enumerate() {
        let level = ["acr_values=2", "acr_values=1", "acr_values=Multi_Factor"][n];
        let (name, password) = (format!("asked-{n}"), "quite-unusual-words-5");
        made(&alice, &name, password).await;
        let mut person = Person::at(&alice, &with(&path, level)).await;
        person.signs_on((&name, password), fields).await;
        person.reads("A second factor is asked for here, and this account has none yet.");
        person.follows("Make recovery codes").await;
        person.signs_on((&name, password), ("identifier", "password")).await;
        person.codes_and_on().await;
        assert!(person.came_back_with_a_code(), "{mount}: {} {}", person.at, person.page.text);
    }
}
