//! Roles for people: what somebody may do, and where, by the names of places and not by their ids.
//!
//! A place whose name is not found keeps its id. Programs get the API's own form.

use serde_json::{Value, json};

use crate::commands::api::Api;

/// The same record with its roles as words.
pub(super) async fn with_roles_in_words(api: &Api, mut record: Value) -> Value {
    let Some(roles) = record["roles"].as_array().filter(|roles| !roles.is_empty()).cloned() else {
        return record;
    };
    let realms = api.list("/v1/realms", usize::MAX).await.map(|(realms, _)| realms).unwrap_or_default();
    let mut words = Vec::new();
    for role in &roles {
        words.push(in_words(api, &realms, role).await);
    }
    record["roles"] = json!(words.join(", "));
    record
}

async fn in_words(api: &Api, realms: &[Value], role: &Value) -> String {
    let name = role["role"].as_str().unwrap_or("-").replace('_', " ");
    if let Some(id) = role["population"].as_str() {
        return match population(api, realms, id).await {
            Some((population, path)) => format!("{name} of population {population} in {path}"),
            None => format!("{name} of population {id}"),
        };
    }
    let id = role["realm"].as_str().unwrap_or("-");
    let path = realms.iter().find(|realm| realm["id"] == id).and_then(|realm| realm["path"].as_str());
    format!("{name} of realm {}", path.unwrap_or(id))
}

/// The name of a population and the path of its realm.
async fn population(api: &Api, realms: &[Value], id: &str) -> Option<(String, String)> {
    for realm in realms {
        let (realm_id, path) = (realm["id"].as_str()?, realm["path"].as_str()?);
        let all = api.list(&format!("/v1/realms/{realm_id}/populations"), usize::MAX).await.ok()?.0;
        if let Some(found) = all.iter().find(|population| population["id"] == id) {
            return Some((found["name"].as_str()?.to_owned(), path.to_owned()));
        }
    }
    None
}
