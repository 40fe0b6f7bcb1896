//! Short-lived state of sign-on attempts and the like, kept for the faces.
//!
//! Bodies are sealed before they are stored, since tokens and names that somebody typed stand in them (EMPTY-HANDS). Nothing here
//! reads one, and no session comes into being before its flow completes.

use adieu_core::{Client, ClientAuth, Outage, RealmId, Span, Unwritten};
use adieu_keyring::SealPurpose;
use adieu_store::{Flow, FlowId};
use uuid::Uuid;

use crate::Authority;
use crate::throttle::Network;
use crate::unfinished::{Beginner, Begun};

/// The largest body of a flow (HOME-LIMITS). Whoever makes one of what strangers sent bounds that first.
pub const FLOW_BYTES_MAX: usize = 64 * 1024;
/// How a stored body begins that an earlier version left as it was.
const PLAIN: u8 = 0;
/// How a sealed one begins.
const SEALED: u8 = 1;

/// A flow that somebody begins, signed on or not.
pub struct NewFlow<'a> {
    /// Its name.
    pub id: FlowId,
    /// Whose it is.
    pub kind: &'static str,
    /// The realm it belongs to.
    pub realm: RealmId,
    /// For how long it is kept at most.
    pub life: Span,
    /// Its body, which is the caller's affair.
    pub body: Vec<u8>,
    /// The address that it is begun from.
    pub from: Option<&'a str>,
}

impl Authority {
    /// Keeps a new flow. There are bounds for all of its kind and for those of its address: beyond them the oldest goes, and
    /// whoever comes back to that one is told as if its time had passed (HOME-LIMITS).
    pub async fn begin_flow(&self, new: NewFlow<'_>) -> Result<(), Unwritten> {
        let by = Beginner::At(new.from.and_then(Network::of));
        self.begin_by(by, new).await
    }

    /// The same for a flow that a client begins: it is counted as the client's, wherever that asks from, if it has proven itself.
    pub async fn begin_flow_of_client(&self, new: NewFlow<'_>, client: &Client) -> Result<(), Unwritten> {
        let by = match client.auth {
            ClientAuth::None => Beginner::At(new.from.and_then(Network::of)),
            ClientAuth::Basic | ClientAuth::Post | ClientAuth::PrivateKey => {
                Beginner::Client(client.id.clone())
            }
        };
        self.begin_by(by, new).await
    }

    async fn begin_by(&self, by: Beginner, new: NewFlow<'_>) -> Result<(), Unwritten> {
        let NewFlow { id, kind, realm, life, body, from: _ } = new;
        let now = self.now();
        let begun = Begun { id, by, until: now.plus(life), bytes: body.len() };
        let going = self.inner.unfinished.begin(kind, begun, now);
        let kept = match self.forget_flows(going, kind).await {
            Ok(()) => self.put_flow(id, kind, realm, life, body).await,
            Err(unwritten) => Err(unwritten),
        };
        if kept.is_err() {
            self.flow_is_over(id, kind);
        }
        kept
    }

    async fn forget_flows(&self, going: Vec<FlowId>, kind: &'static str) -> Result<(), Unwritten> {
        for going in going {
            self.store().take_flow(going, kind).await?;
        }
        Ok(())
    }

    /// Somebody has finished a flow. Its record may stay for those who ask what became of it; it counts no more among those
    /// that are unfinished.
    pub fn flow_is_over(&self, id: FlowId, kind: &'static str) {
        self.inner.unfinished.end(kind, id);
    }

    /// Keeps a flow under `id` for `life`, or replaces it. Its body is the caller's affair.
    pub async fn put_flow(
        &self,
        id: FlowId,
        kind: &'static str,
        realm: RealmId,
        life: Span,
        body: Vec<u8>,
    ) -> Result<(), Unwritten> {
        if body.len() > FLOW_BYTES_MAX {
            return Err(Unwritten::NotTaken(Outage::new("a flow is larger than it may be")));
        }
        let going = self.inner.unfinished.resize(kind, id, body.len());
        self.forget_flows(going, kind).await?;
        let (body, expires_at) = (self.sealed_body(id, kind, &body), self.now().plus(life));
        self.store().put_flow(Flow { id, realm, kind: kind.to_owned(), expires_at, body }).await
    }

    /// Keeps a flow under `id` for `life` if there is none, or only one whose time has passed; says whether it was kept. Of two
    /// that begin the same thing, at whatever nodes, one does.
    pub async fn create_flow(
        &self,
        id: FlowId,
        kind: &'static str,
        realm: RealmId,
        life: Span,
        body: Vec<u8>,
    ) -> Result<bool, Unwritten> {
        if body.len() > FLOW_BYTES_MAX {
            return Err(Unwritten::NotTaken(Outage::new("a flow is larger than it may be")));
        }
        let body = self.sealed_body(id, kind, &body);
        let (kind, now) = (kind.to_owned(), self.now());
        let flow = Flow { id, realm, kind, expires_at: now.plus(life), body };
        self.store().create_flow(flow, now).await
    }

    /// Reads a flow of a kind, whatever its state.
    pub async fn flow(&self, id: FlowId, kind: &'static str) -> Result<Option<Flow>, Outage> {
        Ok(self.store().flow(id, kind).await?.and_then(|flow| self.opened(flow)))
    }

    /// Takes a flow away; of two takers one gets it. Whoever keeps it again begins it again.
    pub async fn take_flow(&self, id: FlowId, kind: &'static str) -> Result<Option<Flow>, Unwritten> {
        self.flow_is_over(id, kind);
        Ok(self.store().take_flow(id, kind).await?.and_then(|flow| self.opened(flow)))
    }

    fn sealed_body(&self, id: FlowId, kind: &str, body: &[u8]) -> Vec<u8> {
        let sealed = self.inner.keyring.seal(SealPurpose::FlowBody, &place(id, kind), body);
        [&[SEALED], sealed.as_slice()].concat()
    }

    /// The flow with its body as it was given; none if that does not open, as if its time had passed.
    fn opened(&self, flow: Flow) -> Option<Flow> {
        let (&form, stored) = flow.body.split_first()?;
        let body = match form {
            PLAIN => stored.to_vec(),
            SEALED => {
                let place = place(flow.id, &flow.kind);
                self.inner.keyring.open(SealPurpose::FlowBody, &place, stored).ok()?
            }
            _ => return None,
        };
        Some(Flow { body, ..flow })
    }
}

/// Where a body lies: it opens under no other id, and as no other kind.
fn place(id: FlowId, kind: &str) -> String {
    format!("flow {kind} {}", Uuid::from_bytes(id))
}
