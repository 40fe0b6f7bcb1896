//! A mark on an address that a browser goes on to: that its session's user has proven who they are as lately as was asked for.
//!
//! It is one session's, one sign-on's and one address's, and says how old the proof was allowed to be: a browser may have asked for less
//! than the page that it comes back to. Such a page takes the way back for a new proof by nothing else. Decision 0069.

use adieu_core::{Purpose, Session, Span};
use subtle::ConstantTimeEq as _;

use crate::Authority;

impl Authority {
    /// The mark of an address for whoever has signed on in this session just now, with a proof of at most that age.
    #[must_use]
    pub fn proof_mark(&self, session: &Session, age_max: Span, address: &str) -> String {
        let (id, at) = (session.id, session.signed_on_at().ms());
        let name = format!("upstream-proof {id} {at} {} {address}", age_max.s());
        self.key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
    }

    /// Whether a mark is that of this address for this session, and of a proof of at most that age.
    #[must_use]
    pub fn is_proof_mark(&self, session: &Session, age_max: Span, address: &str, given: &str) -> bool {
        self.proof_mark(session, age_max, address).as_bytes().ct_eq(given.as_bytes()).into()
    }
}
