//! The envelope of every list of the management API. Contract pingone.md 3.2.
//!
//! It counts what it is given and no more.

use serde_json::{Value, json};

/// A list as every collection is enveloped.
pub(crate) fn collection(href: &str, name: &str, items: Vec<Value>) -> Value {
    let count = items.len();
    json!({"_links": {"self": {"href": href}}, "_embedded": {name: items}, "count": count, "size": count})
}
