//! Short-lived state.
//!
//! Bodies are bytes; whoever asks for another kind gets nothing.

use adieu_core::{Outage, Timestamp, Unwritten, decide_create_flow};
use adieu_store::{Flow, FlowId, Flows, Pending};

use crate::PostgresStore;
use crate::rows::KeptFlow;

impl Flows for PostgresStore {
    fn put_flow(&self, flow: Flow) -> Pending<Result<(), Unwritten>> {
        self.writer.write(move |batch| {
            batch.flows.put(KeptFlow(flow.clone()));
            Ok(Ok(()))
        })
    }

    fn create_flow(&self, flow: Flow, now: Timestamp) -> Pending<Result<bool, Unwritten>> {
        self.writer.write(move |batch| {
            let before = batch.flow(flow.id)?;
            let kept = decide_create_flow(before.as_ref(), now);
            if kept {
                batch.flows.put(KeptFlow(flow.clone()));
            }
            Ok(Ok(kept))
        })
    }

    fn flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Outage>> {
        self.reader.read(move |batch| Ok(batch.flow(id)?.filter(|flow| flow.kind == kind)))
    }

    fn take_flow(&self, id: FlowId, kind: &'static str) -> Pending<Result<Option<Flow>, Unwritten>> {
        self.writer.write(move |batch| {
            let taken = batch.flow(id)?.filter(|flow| flow.kind == kind);
            if taken.is_some() {
                batch.flows.remove(id);
            }
            Ok(Ok(taken))
        })
    }
}
