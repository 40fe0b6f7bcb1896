//! One request to the resource as it is read: before anybody judges who may ask it.
//!
//! Contract am.md 1.

use std::borrow::Cow;

use adieu_authority::RealmId;
use serde_json::Value;

use crate::answer::Extras;
use crate::call::Call;
use crate::error::AmError;
use crate::version::{AskedVersion, Served, Unserved};

/// One request to the resource, read but not judged.
pub(super) struct Turn<'a> {
    pub(super) call: &'a Call,
    pub(super) wanted: AskedVersion,
    pub(super) served: Result<Served, Unserved>,
    pub(super) realm: RealmId,
    pub(super) rest: &'a [Cow<'a, str>],
}

impl Turn<'_> {
    /// The session named by the request, if it names one: in the body, the query or the path, in every version.
    pub(super) fn named<'n>(&'n self, body: &'n Value) -> Result<Option<&'n str>, AmError> {
        let query = self.call.param("tokenId")?;
        let path = self.rest.first().map(AsRef::as_ref);
        Ok(in_body(body)?.or(query).or(path))
    }

    /// The version that serves, from here on named in the answer.
    pub(super) fn chosen(&self, extras: &mut Extras) -> Result<Served, AmError> {
        if self.rest.len() > 1 {
            return Err(AmError::UnknownResource(self.rest.join("/")));
        }
        let served = self.served.map_err(|unserved| unserved.of_crest(&self.rest.join("/")))?;
        extras.served = Some(served);
        Ok(served)
    }
}

/// The `tokenId` of a body; arrays, strings and `null` are taken like `{}`.
pub(super) fn in_body(body: &Value) -> Result<Option<&str>, AmError> {
    match body.get("tokenId") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(AmError::TokenIdNoText)
        }
    }
}
