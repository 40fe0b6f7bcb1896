//! `GET /self-service/…/flows?id=`: a flow as it is, for its own browser (K-47, K-48).
//!
//! What a flow shows is its own business; settings are read by their user and not by a browser, and do not come here.

use adieu_http_kit::form::Params;
use serde_json::Map;

use super::{FlowKind, FoundFlow, SelfServiceFlow};
use crate::call::Call;
use crate::csrf::{Forged, fingerprint};
use crate::error::KratosError;
use crate::face::Face;
use crate::wire::flow_id;

impl Face {
    /// The flow that a request fetches. Whoever fetches a browser flow has the cookie that began it.
    pub(crate) async fn fetched<F: SelfServiceFlow>(&self, call: &Call) -> Result<F, KratosError> {
        let params = Params::parse(call.query());
        let Some(id) = flow_id(params.first("id")) else { return Err(KratosError::not_stored()) };
        let found = self.flow::<F>(id).await?.ok_or_else(KratosError::not_stored)?;
        let (flow, over) = match found {
            FoundFlow::Open(flow) => (flow, false),
            FoundFlow::Expired(flow) => (flow, true),
        };
        if let Some(began) = &flow.head().browser {
            let token = self.csrf.token(call.headers());
            let token = token.ok_or_else(|| KratosError::forged(Forged::NoCookie))?;
            if fingerprint(&token) != *began {
                return Err(KratosError::forged(Forged::Mismatch));
            }
        }
        if over { Err(self.over(&flow)) } else { Ok(flow) }
    }

    fn over<F: SelfServiceFlow>(&self, flow: &F) -> KratosError {
        let head = flow.head();
        let base = self.base(head.mount);
        let mut details = Map::new();
        match head.kind {
            FlowKind::Browser => {
                details.insert("redirect_to".into(), head.restart::<F>(&base).into());
                details.insert("return_to".into(), head.return_to.clone().unwrap_or_default().into());
            }
            FlowKind::Native => {
                details.insert("api".into(), format!("{base}/self-service/{}/api", F::NAME).into());
            }
        }
        KratosError::flow_expired_at_fetch(details)
    }
}
