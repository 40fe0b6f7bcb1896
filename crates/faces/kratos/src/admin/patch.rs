//! JSON Patch (RFC 6902) on an identity. Contract kratos.md 2.7; K-54.
//!
//! The patch is applied to the identity as administrators see it; what comes out is read like a new body.

use adieu_authority::User;
use json_patch::PatchOperation;
use serde_json::{Value, json};

use crate::admin::identity::{IdentityBody, IdentityInput};
use crate::error::KratosError;
use crate::face::Face;

/// What a patch may not touch.
const DENIED: [&str; 4] = ["/id", "/stateChangedAt", "/state_changed_at", "/credentials"];
/// The one part of the credentials that a patch may touch (F-13).
const PASSWORD: &str = "/credentials/password";
/// Operations of one patch (HOME-LIMITS).
const OPERATIONS_MAX: usize = 100;
/// What an identity may have as JSON on its way through a patch (HOME-LIMITS).
const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;
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
            if let Some(denied) = DENIED.iter().find(|denied| touches(path, denied))
                && !touches(path, PASSWORD)
            {
                return Err(refused(format!("patch includes denied path: {denied}")));
            }
            // A copied hash would be shown where it is no secret.
            if source(operation).is_some_and(|from| from.is_empty() || touches(from, "/credentials")) {
                return Err(refused("patch includes denied path: /credentials".into()));
            }
        }
        Ok(Self(patch))
    }

    /// What the identity is to be after the patch.
    pub(super) fn applied_to(&self, face: &Face, user: &User) -> Result<IdentityInput, KratosError> {
        let mut document = self.result(document(face, user))?;
        without_old_hash(&mut document, user)?;
        IdentityBody::read(document)?.wanted(face, Some(user))
    }
}

impl IdentityPatch {
    /// The document after all steps. Its size is looked at before each: one that is copied into itself doubles with every step.
    fn result(&self, mut document: Value) -> Result<Value, KratosError> {
        for operation in &self.0.0 {
            if bytes_of(&document) + bytes_added(&document, operation) > DOCUMENT_BYTES_MAX {
                return Err(refused(format!("the identity would have more than {DOCUMENT_BYTES_MAX} bytes")));
            }
            let step = std::slice::from_ref(operation);
            json_patch::patch(&mut document, step).map_err(|error| refused(error.to_string()))?;
        }
        Ok(document)
    }
}

/// Where an operation takes its value from, if that is in the document.
fn source(operation: &PatchOperation) -> Option<&str> {
    match operation {
        PatchOperation::Move(operation) => Some(operation.from.as_str()),
        PatchOperation::Copy(operation) => Some(operation.from.as_str()),
        PatchOperation::Add(_)
        | PatchOperation::Remove(_)
        | PatchOperation::Replace(_)
        | PatchOperation::Test(_) => None,
    }
}

/// The hash that the user has already is no new password. A password that is taken away is refused: it is the last first
/// factor.
fn without_old_hash(document: &mut Value, user: &User) -> Result<(), KratosError> {
    let Some(hash) = user.password.as_deref() else { return Ok(()) };
    let config = document.pointer_mut("/credentials/password/config").and_then(Value::as_object_mut);
    let Some(config) = config else { return Err(refused("the last first factor can not be removed".into())) };
    match config.get("hashed_password") {
        Some(kept) if kept == hash => drop(config.shift_remove("hashed_password")),
        None if config.get("password").is_none_or(Value::is_null) => {
            return Err(refused("the last first factor can not be removed".into()));
        }
        Some(_) | None => {}
    }
    Ok(())
}

fn refused(message: String) -> KratosError {
    KratosError::refused(message, FAILED)
}

/// Whether a path is the other one or below it.
fn touches(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What an operation may add to a document.
fn bytes_added(document: &Value, operation: &PatchOperation) -> usize {
    match operation {
        PatchOperation::Copy(copy) => document.pointer(copy.from.as_str()).map_or(0, bytes_of),
        PatchOperation::Add(add) => bytes_of(&add.value),
        PatchOperation::Replace(replace) => bytes_of(&replace.value),
        PatchOperation::Remove(_) | PatchOperation::Move(_) | PatchOperation::Test(_) => 0,
    }
}

/// How long it is as text.
fn bytes_of(value: &Value) -> usize {
    value.to_string().len()
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
    if let Some(hash) = &user.password {
        document["credentials"] = json!({"password": {"config": {"hashed_password": hash}}});
    }
    if let Some(id) = &user.external_id {
        document["external_id"] = id.as_str().into();
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(document: Value, patch: &Value) -> Result<Value, KratosError> {
        let parsed = IdentityPatch::parse(patch.to_string().as_bytes());
        parsed.unwrap_or_else(|_| panic!("a patch")).result(document)
    }

    /// Goal: S-14, a document that is copied into itself step by step is refused at the step that would make it too large, and not
    /// after it has filled the memory.
    #[test]
    fn a_document_that_doubles_is_refused_in_time() {
        let document =
            json!({"traits": {"email": "ada@example.test"}, "metadata_admin": {"a": "x".repeat(10_000)}});
        let doubling = |steps: usize| {
            let step =
                |n| json!({"op": "copy", "from": "/metadata_admin", "path": format!("/metadata_admin/{n}")});
            Value::Array((0..steps).map(step).collect())
        };
        let result = patched(document.clone(), &doubling(6)).unwrap_or_else(|_| panic!("it is small"));
        assert!(bytes_of(&result) > 6 * 64 * 1000);
        assert!(patched(document.clone(), &doubling(60)).is_err());
        let large =
            json!([{"op": "add", "path": "/metadata_admin/b", "value": "x".repeat(DOCUMENT_BYTES_MAX)}]);
        assert!(patched(document.clone(), &large).is_err());
        let kept = json!([{"op": "move", "from": "/metadata_admin", "path": "/metadata_public"}]);
        assert!(patched(document, &kept).is_ok());
    }
}
