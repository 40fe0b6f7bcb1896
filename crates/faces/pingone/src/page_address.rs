//! Where the sign-on page of a flow is.
//!
//! Contract pingone.md 1.5. Nothing here reads a request.

use adieu_authority::Realm;

use crate::face::Face;
use crate::flow::PingOneFlow;

/// The parameter and field that names the flow.
pub(crate) const FLOW: &str = "flowId";
/// Says that the page was asked for under the address that may set the cookies.
pub(crate) const PLACE: &str = "at";
/// The word for that.
pub(crate) const AT_AUTH: &str = "auth";
/// Says that the browser comes back from somewhere else where its user may have signed on: another provider, a registration, another flow.
pub(crate) const FROM: &str = "from";
/// The word for that.
pub(crate) const UPSTREAM: &str = "upstream";

/// The page of a flow under the address that may set the cookies.
pub(crate) fn here(face: &Face, realm: &Realm, flow: &PingOneFlow) -> String {
    let auth = face.settings().auth_base_of(realm.id);
    format!("{auth}/{}/signon/?{FLOW}={}&{PLACE}={AT_AUTH}", realm.id, flow.id)
}

/// The same, for whoever comes back to it and may have signed on meanwhile.
pub(crate) fn way_back(face: &Face, realm: &Realm, flow: &PingOneFlow) -> String {
    format!("{}&{FROM}={UPSTREAM}", here(face, realm, flow))
}
