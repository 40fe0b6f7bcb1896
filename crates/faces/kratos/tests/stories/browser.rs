//! A browser with its cookies, before a server that shows its own pages.
//!
//! It knows what a browser knows: addresses, forms, cookies.

use adieu_testkit::World;
use adieu_testkit::world::{Config, Reply, profile_config};

use crate::second_factor::PASSWORD;

const HTML: &str = "text/html,application/xhtml+xml";

/// The value of a hidden field.
pub(crate) fn field(page: &str, name: &str) -> String {
    let start = page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no field {name} in {page}"));
    let value = page[start..].split("value=\"").nth(1).and_then(|rest| rest.split('"').next());
    value.expect("a value").replace("&#43;", "+").replace("&#61;", "=")
}

/// A browser with its cookies, on the built-in pages.
pub(crate) struct Browser<'w> {
    pub(crate) world: &'w World,
    pub(crate) cookies: Vec<(String, String)>,
}

impl<'w> Browser<'w> {
    pub(crate) fn of(world: &'w World) -> Self {
        Self { world, cookies: Vec::new() }
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let found = self.cookies.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) async fn sent(&mut self, ask: adieu_testkit::world::WorldRequest) -> Reply {
        let jar: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let reply = ask.header("accept", HTML).header("cookie", &jar.join("; ")).send().await;
        for line in reply.headers.get_all("set-cookie") {
            let pair = line.to_str().expect("text").split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        reply
    }

    fn below(&self, address: &str) -> String {
        address.strip_prefix(&self.world.config().public.url).unwrap_or(address).to_owned()
    }

    /// Opens an address and follows where it leads; gives the last path and the page.
    pub(crate) async fn open(&mut self, path: &str) -> (String, Reply) {
        let mut path = path.to_owned();
        loop {
            let reply = self.sent(self.world.get(&path)).await;
            if !reply.status.is_redirection() {
                return (path, reply);
            }
            path = self.below(reply.location());
        }
    }

    /// Fills in the form of a page and follows where it leads.
    pub(crate) async fn submit(&mut self, page: &Reply, fields: &[(&str, &str)]) -> (String, Reply) {
        let action = page.text.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
        let action = self.below(&action.expect("a form").replace("&#38;", "&"));
        let guarded = page.text.contains("name=\"csrf_token\"");
        let token = if guarded { field(&page.text, "csrf_token") } else { String::new() };
        let fields: Vec<_> = [("csrf_token", token.as_str())].iter().chain(fields).copied().collect();
        let reply = self.sent(self.world.post(&action).form(&fields)).await;
        assert!(reply.status.is_redirection(), "{} {}", reply.status, reply.text);
        let to = self.below(reply.location());
        self.open(&to).await
    }

    pub(crate) async fn sign_on(&mut self) -> (String, Reply) {
        self.sign_on_as("alice").await
    }

    pub(crate) async fn sign_on_as(&mut self, name: &str) -> (String, Reply) {
        let (_, page) = self.open("/self-service/login/browser").await;
        let fields = [("method", "password"), ("identifier", name), ("password", PASSWORD)];
        self.submit(&page, &fields).await
    }
}

/// A server with its own pages, as an operator has it who says no more than that strangers may register.
pub(crate) async fn world_with_pages() -> World {
    World::with_config(pages_config()).await
}

/// The configuration of such a server.
pub(crate) fn pages_config() -> Config {
    let mut config = profile_config("main");
    let kratos = &mut config.kratos;
    for address in [
        &mut kratos.login_ui_url,
        &mut kratos.error_ui_url,
        &mut kratos.settings_ui_url,
        &mut kratos.registration_ui_url,
        &mut kratos.recovery_ui_url,
        &mut kratos.default_return_url,
    ] {
        address.clear();
    }
    kratos.login_keeps_token = false;
    kratos.registration_opens_session = true;
    kratos.recovery_ends_others = true;
    config.sign_on.recent_s = 600;
    config
}

/// A server that hashes so slowly that a hash is not there when its time is over, if nothing else is to be waited for.
pub(crate) fn slow_hashes(mut config: Config) -> Config {
    config.passwords.memory_kib = 32 * 1024;
    config.passwords.passes = 4;
    config.passwords.workers = 1;
    config
}

impl Browser<'_> {
    /// Sends the form of a page, whose hash is not there in time.
    pub(crate) async fn post_too_busy(&self, page: &Reply, fields: &[(&str, &str)]) -> Reply {
        tokio::time::pause(); // The runtime waits for the hash alone: the time that it may take passes at once.
        let reply = self.post(page, fields).await;
        tokio::time::resume();
        reply
    }

    /// Sends the form of a page, and waits for the answer without taking it in: a click before the answer to another.
    pub(crate) async fn post(&self, page: &Reply, fields: &[(&str, &str)]) -> Reply {
        let action = page.text.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
        let action = self.below(&action.expect("a form").replace("&#38;", "&"));
        let token = field(&page.text, "csrf_token");
        let fields: Vec<_> = [("csrf_token", token.as_str())].iter().chain(fields).copied().collect();
        let jar: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let ask = self.world.post(&action).form(&fields).header("accept", HTML);
        ask.header("cookie", &jar.join("; ")).send().await
    }
}
