//! A realm signs its users on through another provider: a second server of ours, on a real socket, and scripted ones.
//!
//! A browser has a jar for each server and follows what it is told.

mod browser;
mod command;
mod dialects;
mod fresh;
mod logout;
mod many_at_once;
mod scripted;
mod sign_on;

use adieu_authority::{NewPerson, NewUpstream, UpstreamEdit, UpstreamSecret, User};
use adieu_core::ClientId;
use adieu_testkit::World;
use adieu_testkit::world::profile_config;

pub(crate) use self::browser::{Browser, Seen, link, serve};
use crate::one_session::Programs;

/// Our server, and the one upstream of it.
pub(crate) struct Pair {
    pub(crate) ours: World,
    pub(crate) upstream: World,
    /// Somebody whom only the other one has.
    pub(crate) dora: User,
}

/// A server on a socket of its own.
pub(crate) async fn served(change: impl FnOnce(&mut adieu_testkit::world::Config)) -> World {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let mut config = profile_config("main");
    config.public.url = url;
    change(&mut config);
    let world = World::with_config(config).await;
    serve(&world, listener);
    world
}

impl Pair {
    /// Ours asks the other one as `corp`; unknown people become users if that is said.
    pub(crate) async fn start(creates_users: bool) -> Self {
        Self::start_with(creates_users, |_| {}).await
    }

    pub(crate) async fn start_with(
        creates_users: bool,
        change: impl FnOnce(&mut adieu_testkit::world::Config),
    ) -> Self {
        let upstream = served(|_| {}).await;
        let ours = served(change).await;
        let people = upstream.authority().populations(upstream.data.realm.id).await.expect("populations");
        let dora = NewPerson {
            username: "dora".into(),
            email: Some("dora@example.test".into()),
            password: Some("Painted-doors-77".into()),
            ..NewPerson::default()
        };
        let dora = upstream.authority().create_user(&people[0], dora).await.expect("a user");
        let pair = Self { ours, upstream, dora };
        let (callback, told) = (pair.at("callback"), pair.at("backchannel-logout"));
        let id: ClientId = pair.upstream.data.app.id.clone();
        let edit = |client: &mut adieu_core::Client| {
            client.redirect_uris = vec![callback.clone()];
            client.backchannel_logout_uri = Some(told.clone());
        };
        pair.upstream.edit_client(&id, edit).await;
        let secret = pair.upstream.authority().secret_of(&pair.upstream.data.app).expect("a secret");
        let new = NewUpstream {
            name: "corp".into(),
            title: "Corp & Co".into(),
            issuer: pair.issuer(),
            client_id: Programs::of(&pair.upstream).pingone("app_client_id").to_owned(),
            edit: UpstreamEdit {
                secret: Some(Some(UpstreamSecret(secret))),
                creates_users: Some(creates_users),
                ..UpstreamEdit::default()
            },
        };
        pair.ours.authority().create_upstream(&pair.ours.data.realm, new).await.expect("a provider");
        pair
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/o/alpha", self.upstream.config().public.url)
    }

    /// An address of the provider at ours.
    pub(crate) fn at(&self, endpoint: &str) -> String {
        format!("{}/o/alpha/upstream/corp/{endpoint}", self.ours.config().public.url)
    }

    /// A browser that has signed on upstream as this user, before it comes to ours.
    pub(crate) async fn browser(&self, name: &str, password: &str) -> Browser<'_> {
        let mut browser = Browser::of(&[&self.ours, &self.upstream]);
        let token = self.upstream.sign_on_kratos(name, password).await;
        browser.keep(&self.upstream, "adieu_session", &token);
        browser
    }

    /// Lets both clocks go on.
    pub(crate) fn wait_s(&self, s: i64) {
        self.ours.wait_s(s);
        self.upstream.wait_s(s);
    }
}

/// Where the application of ours begins.
pub(crate) fn authorize(world: &World) -> String {
    let client = Programs::of(world).pingone("app_client_id").to_owned();
    let query = format!(
        "response_type=code&client_id={client}&redirect_uri=https://shop.example.test/callback&scope=openid&state=s"
    );
    format!("{}/o/alpha/authorize?{query}", world.config().public.url)
}
