//! Who stands behind a proxy: `Forwarded` (RFC 7239) and the older `X-Forwarded-For`, `-Proto` and `-Host`.
//!
//! Such headers are believed only from proxies that are trusted, and read from the right: each trusted proxy wrote the
//! entry before it, and what stands left of the first stranger anybody may have written. What can't be read ends the
//! reading; it is never an error.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue};
use http::uri::Authority;
use ipnet::IpNet;

use crate::client::{Peer, Via};

/// More proxies in a row than anybody has.
const HOPS_MAX: usize = 16;
/// The longest name of a host, with its port.
const HOST_BYTES_MAX: usize = 261;

const X_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const X_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// Which headers the trusted proxies write. Only these are read: a proxy hands on the others as a client sent them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`; of requests about a request `X-Forwarded-Method` and
    /// `X-Forwarded-Uri`, too.
    #[default]
    XForwarded,
    /// `Forwarded`.
    Forwarded,
}

/// Addresses that may speak for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trusted(Vec<IpNet>);

/// A text that is neither an address nor a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an address nor a network")]
pub struct NoNetwork(pub String);

impl Trusted {
    /// Reads addresses (`192.0.2.1`) and networks (`10.0.0.0/8`, `2001:db8::/32`).
    pub fn parse(texts: &[String]) -> Result<Self, NoNetwork> {
        let network = |text: &String| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            address.or_else(|_| text.parse::<IpNet>()).map_err(|_| NoNetwork(text.clone()))
        };
        texts.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Where a request came from, and what the proxy that it came through said of it; nothing if it came through none.
#[must_use]
pub fn origin(peer: SocketAddr, headers: &HeaderMap, trusted: &Trusted, style: Style) -> (Peer, Option<Via>) {
    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
    if !trusted.contains(peer.ip()) {
        return (Peer(peer), None);
    }
    let (client, via) = match style {
        Style::XForwarded => from_x_forwarded(peer, headers, trusted),
        Style::Forwarded => from_forwarded(peer, headers, trusted),
    };
    (Peer(client), Some(via))
}

fn from_x_forwarded(peer: SocketAddr, headers: &HeaderMap, trusted: &Trusted) -> (SocketAddr, Via) {
    let (mut client, mut hops) = (peer, 0);
    for node in entries(headers, &X_FOR).take(HOPS_MAX) {
        hops += 1;
        let Some(node) = node.and_then(address) else { break };
        client = node;
        if !trusted.contains(node.ip()) {
            break;
        }
    }
    // A proxy adds to the list or writes it anew: within as many entries from the right as there are proxies, each is
    // one of theirs, and the leftmost of those was written nearest to the client.
    let outermost = |name| entries(headers, name).take(hops.max(1)).last().flatten();
    let via = Via {
        https: outermost(&X_PROTO).and_then(https),
        host: outermost(&X_HOST).and_then(host),
        method: only(headers, &X_METHOD),
        uri: only(headers, &X_URI),
    };
    (client, via)
}

/// The value of a header that comes once. The proxy that asks about a request writes these headers anew: of two lines one is from
/// the client.
fn only(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).iter();
    let only = lines.next().filter(|_| lines.next().is_none())?;
    only.to_str().ok().map(str::to_owned)
}

fn from_forwarded(peer: SocketAddr, headers: &HeaderMap, trusted: &Trusted) -> (SocketAddr, Via) {
    let (mut client, mut via) = (peer, Via::default());
    for element in entries(headers, &FORWARDED).take(HOPS_MAX) {
        let Some(element) = element.and_then(Element::parse) else { break };
        via.https = element.proto.and_then(https).or(via.https);
        via.host = element.host.and_then(host).or(via.host);
        let Some(node) = element.by_whom.and_then(address) else { break };
        client = node;
        if !trusted.contains(node.ip()) {
            break;
        }
    }
    (client, via)
}

/// The entries of a list header from the right, over all its lines; one that is no ASCII text is `None`.
fn entries<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'h str>> {
    let of_line = |line: &'h HeaderValue| FromTheRight(Some(line.as_bytes())).map(ascii_text);
    headers.get_all(name).iter().rev().flat_map(of_line)
}

/// An entry as text. Each is judged alone: what a stranger wrote on the left spoils nothing that a trusted proxy wrote.
fn ascii_text(entry: &[u8]) -> Option<&str> {
    let visible = entry.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    std::str::from_utf8(entry).ok().filter(|_| visible).map(|text| text.trim_matches([' ', '\t']))
}

/// Splits a line at commas that stand outside of quotation marks, from the right: what a stranger left open on the
/// left then can't swallow what a trusted proxy wrote.
struct FromTheRight<'l>(Option<&'l [u8]>);

impl<'l> Iterator for FromTheRight<'l> {
    type Item = &'l [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.0.take()?;
        let mut quoted = false;
        let comma = line.iter().rposition(|byte| {
            quoted ^= *byte == b'"';
            *byte == b',' && !quoted
        });
        Some(match comma {
            Some(at) => {
                self.0 = Some(&line[..at]);
                &line[at + 1..]
            }
            None => line,
        })
    }
}

/// One element of `Forwarded`. RFC 7239 section 4.
#[derive(Default)]
struct Element<'t> {
    by_whom: Option<&'t str>,
    proto: Option<&'t str>,
    host: Option<&'t str>,
}

impl<'t> Element<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let mut element = Self::default();
        for pair in text.split(';').map(|pair| pair.trim_matches([' ', '\t'])) {
            let (name, value) = pair.split_once('=')?;
            let place = match () {
                () if name.eq_ignore_ascii_case("for") => &mut element.by_whom,
                () if name.eq_ignore_ascii_case("proto") => &mut element.proto,
                () if name.eq_ignore_ascii_case("host") => &mut element.host,
                () => continue,
            };
            // Each parameter at most once.
            if place.replace(unquoted(value)?).is_some() {
                return None;
            }
        }
        Some(element)
    }
}

/// A token as it is, or what stands between quotation marks. Nothing that we read needs an escape.
fn unquoted(value: &str) -> Option<&str> {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => value,
    };
    (!inner.contains(['"', '\\'])).then_some(inner)
}

/// An address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80`, `2001:db8::1`.
/// `unknown` and the hidden names of RFC 7239 section 6.3 are none.
fn address(text: &str) -> Option<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let whole = IpAddr::from_str(bare).map(|ip| SocketAddr::new(ip, 0));
    let found = whole.or_else(|_| SocketAddr::from_str(text)).ok()?;
    Some(SocketAddr::new(found.ip().to_canonical(), found.port()))
}

fn https(proto: &str) -> Option<bool> {
    if proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss") {
        return Some(true);
    }
    (proto.eq_ignore_ascii_case("http") || proto.eq_ignore_ascii_case("ws")).then_some(false)
}

fn host(text: &str) -> Option<String> {
    let sound = text.len() <= HOST_BYTES_MAX && !text.contains('@') && text.parse::<Authority>().is_ok();
    sound.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
