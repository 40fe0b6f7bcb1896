//! A browser over several servers: a jar of cookies for each, and redirects that it follows until a page or a stranger.
//!
//! It knows no script.

use std::collections::BTreeMap;
use std::convert::Infallible;

use adieu_testkit::World;
use adieu_testkit::world::Reply;
use axum::body::Body;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Answers on a socket for as long as the test runs.
pub(crate) fn serve(world: &World, listener: TcpListener) {
    let public = world.server().public.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let public = public.clone();
            tokio::spawn(async move {
                let answer = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let answer = public.begin(request.map(Body::new));
                    async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
}

/// A browser.
pub(crate) struct Browser<'w> {
    worlds: Vec<&'w World>,
    jars: BTreeMap<String, BTreeMap<String, String>>,
}

/// Where a browser came to, and every address on the way.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) reply: Reply,
    pub(crate) way: Vec<String>,
}

impl Seen {
    /// The last address.
    pub(crate) fn at(&self) -> &str {
        self.way.last().expect("one at least")
    }
}

impl<'w> Browser<'w> {
    pub(crate) fn of(worlds: &[&'w World]) -> Self {
        Self { worlds: worlds.to_vec(), jars: BTreeMap::new() }
    }

    pub(crate) fn keep(&mut self, world: &World, name: &str, value: &str) {
        let jar = self.jars.entry(world.config().public.url.clone()).or_default();
        jar.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn cookie(&self, world: &World, name: &str) -> Option<&str> {
        self.jars
            .get(&world.config().public.url)?
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// What it sends to a server, as a header.
    pub(crate) fn cookies(&self, world: &World) -> String {
        let jar = self.jars.get(&world.config().public.url).into_iter().flatten();
        jar.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn home(&self, address: &str) -> Option<(&'w World, String)> {
        let at = |world: &&&World| address.starts_with(&world.config().public.url);
        let world = *self.worlds.iter().find(at)?;
        Some((world, address[world.config().public.url.len()..].to_owned()))
    }

    /// One request, with and without the cookies that it brings.
    pub(crate) async fn once(&mut self, address: &str, form: Option<&[(&str, &str)]>) -> Reply {
        let (world, path) = self.home(address).expect("a server of the story");
        let jar = self.jars.entry(world.config().public.url.clone()).or_default();
        let cookies: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut ask = if form.is_some() { world.post(&path) } else { world.get(&path) };
        ask = ask.header("accept", "text/html").header("cookie", &cookies.join("; "));
        if let Some(form) = form {
            ask = ask.form(form);
        }
        let reply = ask.send().await;
        for line in reply.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok()) {
            let (name, value) =
                line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            jar.insert(name.to_owned(), value.to_owned());
        }
        reply
    }

    /// Follows redirects, and pages that lead on by themselves, to a page, or to a place that is none of the servers.
    pub(crate) async fn go(&mut self, address: &str) -> Seen {
        let reply = self.once(address, None).await;
        self.follow(reply, vec![address.to_owned()]).await
    }

    pub(crate) async fn post(&mut self, address: &str, form: &[(&str, &str)]) -> Seen {
        let reply = self.once(address, Some(form)).await;
        self.follow(reply, vec![address.to_owned()]).await
    }

    async fn follow(&mut self, mut reply: Reply, mut way: Vec<String>) -> Seen {
        while way.len() < 12 {
            let leads_on = reply.header("refresh").strip_prefix("0; url=").map(str::to_owned);
            let redirect = reply.status.is_redirection().then(|| reply.location().to_owned());
            let Some(next) = redirect.or(leads_on) else { break };
            let next = if next.starts_with('/') {
                let (world, _) = self.home(way.last().expect("one")).expect("a server of the story");
                format!("{}{next}", world.config().public.url)
            } else {
                next
            };
            way.push(next.clone());
            if self.home(&next).is_none() {
                break;
            }
            reply = self.once(&next, None).await;
        }
        Seen { reply, way }
    }
}

/// The address of a link with these words.
pub(crate) fn link(page: &str, words: &str) -> String {
    let before = page.split(&format!("\">{words}</a>")).next().expect("a link");
    assert_ne!(before, page, "no link {words}: {page}");
    before.rsplit("href=\"").next().expect("an address").replace("&#38;", "&").replace("&amp;", "&")
}

/// The value of a hidden field.
pub(crate) fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no {name}: {page}")).1;
    rest.split('"').next().expect("a value").replace("&#38;", "&")
}
