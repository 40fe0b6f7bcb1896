//! A mark on an address that a browser goes on to: that its session's user has proven who they are as lately as was asked for.
//!
//! It is one session's, one sign-on's and one address's. A page that wanted a new proof takes the way back for one by nothing else.

use adieu_core::{Purpose, Session};
use subtle::ConstantTimeEq as _;

use crate::Authority;

impl Authority {
    /// The mark of an address for whoever has signed on in this session just now.
    #[must_use]
    pub fn proof_mark(&self, session: &Session, address: &str) -> String {
        let name = format!("upstream-proof {} {} {address}", session.id, session.signed_on_at().ms());
        self.key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
    }

    /// Whether a mark is that of this address for this session.
    #[must_use]
    pub fn is_proof_mark(&self, session: &Session, address: &str, given: &str) -> bool {
        self.proof_mark(session, address).as_bytes().ct_eq(given.as_bytes()).into()
    }
}
