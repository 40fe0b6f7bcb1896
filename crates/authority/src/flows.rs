//! Short-lived state of sign-on attempts and the like, kept for the faces.
//!
//! Nothing here reads a body, and no session comes into being before its flow completes.

use adieu_core::{Outage, RealmId, Span, Unwritten};
use adieu_store::{Flow, FlowId};

use crate::Authority;
use crate::throttle::Network;
use crate::unfinished::Begun;

/// The largest body of a flow (HOME-LIMITS).
const BODY_BYTES_MAX: usize = 64 * 1024;

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
        let NewFlow { id, kind, realm, life, body, from } = new;
        let now = self.now();
        let begun = Begun { id, from: from.and_then(Network::of), until: now.plus(life) };
        let going = self.inner.unfinished.begin(kind, begun, now);
        let kept = self.keep_instead(going, id, kind, realm, life, body).await;
        if kept.is_err() {
            self.flow_is_over(id, kind);
        }
        kept
    }

    async fn keep_instead(
        &self,
        going: Vec<FlowId>,
        id: FlowId,
        kind: &'static str,
        realm: RealmId,
        life: Span,
        body: Vec<u8>,
    ) -> Result<(), Unwritten> {
        for going in going {
            self.store().take_flow(going, kind).await?;
        }
        self.put_flow(id, kind, realm, life, body).await
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
        if body.len() > BODY_BYTES_MAX {
            return Err(Unwritten::NotTaken(Outage::new("a flow is larger than it may be")));
        }
        let expires_at = self.now().plus(life);
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
        if body.len() > BODY_BYTES_MAX {
            return Err(Unwritten::NotTaken(Outage::new("a flow is larger than it may be")));
        }
        let (kind, now) = (kind.to_owned(), self.now());
        let flow = Flow { id, realm, kind, expires_at: now.plus(life), body };
        self.store().create_flow(flow, now).await
    }

    /// Reads a flow of a kind, whatever its state.
    pub async fn flow(&self, id: FlowId, kind: &'static str) -> Result<Option<Flow>, Outage> {
        self.store().flow(id, kind).await
    }

    /// Takes a flow away; of two takers one gets it. Whoever keeps it again begins it again.
    pub async fn take_flow(&self, id: FlowId, kind: &'static str) -> Result<Option<Flow>, Unwritten> {
        self.flow_is_over(id, kind);
        self.store().take_flow(id, kind).await
    }
}
