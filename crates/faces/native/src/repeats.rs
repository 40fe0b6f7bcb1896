//! `Idempotency-Key`: the same key with the same order gets the same answer, for a day; with another order, a refusal.
//!
//! A repeated mass ending would end what began since. The key is taken in the store before the order is carried out, so of two
//! repetitions at two nodes one is; its answer is kept after the ending is durable. A crash between the two frees the key after
//! half a minute, a commit in doubt at once, and a repetition is carried out again: an ending is then said twice, never lost.
//! What comes to the same however often it is carried out, as a rotation to a version that is settled first, keeps its key with
//! its answer from the beginning.

use adieu_authority::{FlowId, Outage, Span, Unwritten};
use http::HeaderMap;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, MutexGuard};

use crate::face::Face;
use crate::problem::{Problem, ProblemKind};

/// The header, as the IETF's draft names it.
pub(super) const HEADER: &str = "idempotency-key";
/// The longest key, in bytes.
pub(super) const KEY_MAX: usize = 255;
/// How long an answer is kept.
const KEPT: Span = Span::from_s(24 * 3600);
/// How long an order may be carried out before its key is free again.
const TAKEN: Span = Span::from_s(30);
/// The kind of the records of all orders; the word is stored, and from when only endings had keys.
const KIND: &str = "native-ending";
/// Repetitions that come to one node at once take turns, so that the later ones get the answer; keys share so many turns.
const TURNS: usize = 64;

/// A key as its hash: the name of its record.
pub(super) struct IdempotencyKey(FlowId);

impl IdempotencyKey {
    /// The key of a request, if it brings one.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut keys = headers.get_all(HEADER).iter();
        let Some(key) = keys.next() else { return Ok(None) };
        let sound = keys.next().is_none()
            && (1..=KEY_MAX).contains(&key.len())
            && key.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte));
        if !sound {
            return Err(Problem::malformed("Idempotency-Key: one, of 1 to 255 visible characters"));
        }
        let hash = Sha256::new().chain_update(KIND).chain_update(b"\0").chain_update(key.as_bytes());
        let mut id = FlowId::default();
        id.copy_from_slice(&hash.finalize()[..size_of::<FlowId>()]);
        Ok(Some(Self(id)))
    }
}

/// The turns of keys in this process.
pub(super) struct Repeats([Mutex<()>; TURNS]);

impl Default for Repeats {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Repeats {
    pub(super) async fn turn(&self, key: &IdempotencyKey) -> MutexGuard<'_, ()> {
        self.0[usize::from(key.0[0]) % TURNS].lock().await
    }
}

impl Face {
    /// The answer that this key got for the same order; none if the order is now the caller's to carry out.
    pub(super) async fn answered_before(
        &self,
        key: &IdempotencyKey,
        meaning: &str,
    ) -> Result<Option<Value>, Problem> {
        if let Some(answer) = self.kept_answer(key, meaning).await? {
            return Ok(Some(answer));
        }
        let body = json!({"meaning": meaning}).to_string().into_bytes();
        if self.begun(key, TAKEN, body).await? {
            return Ok(None);
        }
        self.kept_answer(key, meaning).await?.map(Some).ok_or_else(under_way)
    }

    /// The answer that is settled for this key and order: the one that was kept first, else this one, which is kept now.
    pub(super) async fn settled(
        &self,
        key: &IdempotencyKey,
        meaning: &str,
        answer: Value,
    ) -> Result<Value, Problem> {
        if let Some(answer) = self.kept_answer(key, meaning).await? {
            return Ok(answer);
        }
        let body = json!({"meaning": meaning, "answer": &answer}).to_string().into_bytes();
        if self.begun(key, KEPT, body).await? {
            return Ok(answer);
        }
        self.kept_answer(key, meaning).await?.ok_or_else(under_way)
    }

    /// Takes a key; says whether nobody else has it.
    async fn begun(&self, key: &IdempotencyKey, life: Span, body: Vec<u8>) -> Result<bool, Problem> {
        let root = self.authority.root_realm().await?.ok_or_else(|| Outage::new("there is no root realm"))?;
        Ok(self.authority.create_flow(key.0, KIND, root.id, life, body).await?)
    }

    async fn kept_answer(&self, key: &IdempotencyKey, meaning: &str) -> Result<Option<Value>, Problem> {
        let flow = self.authority.flow(key.0, KIND).await?;
        let Some(flow) = flow.filter(|flow| self.authority.now() < flow.expires_at) else { return Ok(None) };
        let kept: Value = serde_json::from_slice(&flow.body).map_err(Outage::new)?;
        if kept["meaning"] != meaning {
            return Err(Problem::new(ProblemKind::KeyReused, "Use another key for another order."));
        }
        Ok(kept.get("answer").cloned())
    }

    /// Frees the key of an order that was not carried out.
    pub(super) async fn free(&self, key: &IdempotencyKey) {
        if let Err(error) = self.authority.take_flow(key.0, KIND).await {
            tracing::warn!(%error, "the idempotency key of an order that was refused is free only later");
        }
    }

    /// Keeps an answer. What is ended is ended: failing here spoils the key, not the answer.
    pub(super) async fn remember(&self, key: &IdempotencyKey, meaning: &str, answer: &Value) {
        let body = json!({"meaning": meaning, "answer": answer}).to_string().into_bytes();
        let kept = match self.authority.root_realm().await {
            Ok(Some(root)) => {
                let kept = self.authority.put_flow(key.0, KIND, root.id, KEPT, body).await;
                kept.map_err(|error| error.to_string())
            }
            Ok(None) => Err("there is no root realm".to_owned()),
            Err(outage) => Err(outage.to_string()),
        };
        if let Err(error) = kept {
            tracing::warn!(error, "an order is carried out, but its idempotency key is not kept");
        }
    }
}

fn under_way() -> Problem {
    Unwritten::NotTaken(Outage::new("the order of this key is being carried out")).into()
}
