//! JSON Patch (RFC 6902) on an identity. Contract kratos.md 2.7; K-54.
//!
//! The patch is applied to the identity as administrators see it; what comes out is read like a new body.

use adieu_authority::User;
use serde_json::{Value, json};

use crate::admin::identity::{IdentityBody, IdentityInput};
use crate::error::KratosError;
use crate::face::Face;

/// What a patch may not touch.
const DENIED: [&str; 4] = ["/id", "/stateChangedAt", "/state_changed_at", "/credentials"];
/// Operations of one patch (HOME-LIMITS).
const OPERATIONS_MAX: usize = 100;
const FAILED: &str = "The patch can not be applied.";

/// A patch whose operations may all be made.
pub(super) struct IdentityPatch(json_patch::Patch);

impl IdentityPatch {
    pub(super) fn parse(body: &[u8]) -> Result<Self, KratosError> {
        let patch: json_patch::Patch =
            serde_json::from_slice(body).map_err(|error| refused(error.to_string()))?;
        if patch.0.len() > OPERATIONS_MAX {
            return Err(refused(format!("at most {OPERATIONS_MAX} operations")));
        }
        for operation in &patch.0 {
            let path = operation.path().as_str();
            if let Some(denied) = DENIED.iter().find(|denied| touches(path, denied)) {
                return Err(refused(format!("patch includes denied path: {denied}")));
            }
        }
        Ok(Self(patch))
    }

    /// What the identity is to be after the patch.
    pub(super) fn applied_to(&self, face: &Face, user: &User) -> Result<IdentityInput, KratosError> {
        let mut document = document(face, user);
        json_patch::patch(&mut document, &self.0).map_err(|error| refused(error.to_string()))?;
        IdentityBody::parse(document.to_string().as_bytes())?.wanted(face)
    }
}

fn refused(message: String) -> KratosError {
    KratosError::refused(message, FAILED)
}

/// Whether a path is the other one or below it.
fn touches(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn document(face: &Face, user: &User) -> Value {
    let stored = |text: &Option<String>| -> Value {
        text.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    let mut document = json!({
        "schema_id": face.schema.id,
        "state": if user.enabled { "active" } else { "inactive" },
        "traits": stored(&Some(user.traits.clone())),
        "metadata_public": stored(&user.metadata_public),
        "metadata_admin": stored(&user.metadata_admin),
    });
    if let Some(id) = &user.external_id {
        document["external_id"] = id.as_str().into();
    }
    document
}
