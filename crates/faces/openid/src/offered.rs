//! The upstream providers that a sign-on page offers. What becomes of a click is in `upstream`.
//!
//! Addresses are built from the configured one.

use adieu_authority::{Outage, Realm};
use adieu_http_kit::form::append_query;
use adieu_http_kit::upstream_paths::upstream;

use crate::call::REQUEST;
use crate::face::Face;

/// The providers of a realm, as buttons of its sign-on page for a request: address and words.
pub(crate) async fn offered(
    face: &Face,
    realm: &Realm,
    request: &str,
) -> Result<Vec<(String, String)>, Outage> {
    let all = face.authority.upstreams_offered(realm.id).await?;
    let button = |(name, title): (String, String)| {
        let begin = upstream(&face.settings.public_url, &realm.path, &name, "begin");
        (append_query(&begin, REQUEST, request), format!("Sign on with {title}"))
    };
    Ok(all.into_iter().map(button).collect())
}
