//! What handlers have at hand: the authority, the answers that may be asked for again, plans, and the request.
//!
//! Decides nothing and holds no other state.

use adieu_authority::{Actor, Authority, Channel, Origin};
use adieu_http_kit::client::Peer;
use http::header::USER_AGENT;
use http::request::Parts;

use crate::followers::Followers;
use crate::input::Query;
use crate::plans::Plans;
use crate::repeats::Repeats;

/// The name of this channel in records and logs.
const CHANNEL: Channel = Channel::named("native");
/// That of commands of `adieu`, which ask this API.
const COMMAND: Channel = Channel::named("command");
/// How a command's `User-Agent` begins. It says how an order came, and gives no right: whoever may ask this API may say so.
pub const COMMAND_AGENT: &str = "adieu-command/";

/// The API over an authority.
pub(crate) struct Face {
    pub(crate) authority: Authority,
    /// The kinds of documents that dialects keep.
    pub(crate) document_kinds: &'static [&'static str],
    pub(crate) repeats: Repeats,
    pub(crate) plans: Plans,
    pub(crate) followers: Followers,
}

/// A request as handlers see it: its query is checked. Its body goes beside it, to those who read one.
pub(crate) struct Call {
    pub(crate) parts: Parts,
    /// What the path names, decoded; empty where it names nothing.
    pub(crate) id: String,
    /// What it names behind that.
    pub(crate) second: String,
    pub(crate) query: Query,
}

impl Call {
    /// Whoever has the one credential of the admin listener is the operator.
    pub(crate) fn origin(&self) -> Origin {
        let address = self.parts.extensions.get::<Peer>().map(Peer::to_string);
        let agent = self.parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        let channel = match agent {
            Some(agent) if agent.starts_with(COMMAND_AGENT) => COMMAND,
            Some(_) | None => CHANNEL,
        };
        Origin::of(Actor::Operator, channel, address)
    }
}
