//! Realms and their populations. A realm is made and read; it is never renamed and never removed.
//!
//! All sessions of one end by an ending, like all others (`endings`).

use std::sync::Arc;

use adieu_authority::{NIL, Realm, RealmId};
use axum::body::Body;
use serde::Deserialize;

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::page::{self, ListPage};
use crate::problem::Problem;
use crate::{input, wire};

/// The longest path.
const PATH_BYTES_MAX: usize = 255;

pub(super) async fn list(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    if let Some(path) = call.query.text("path") {
        let realm = api.authority.realm_at(path).await?;
        return Ok(page::shown(realm.iter().map(|realm| wire::realm(realm)).collect(), None));
    }
    let all = api.authority.realms().await?;
    Ok(page.cut(all, |realm| realm.path.clone(), wire::realm))
}

pub(super) async fn read(api: &Face, call: &Call) -> Result<Done, Problem> {
    Ok(Done::Shown(wire::realm(of(api, call).await?.as_ref())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRealm {
    path: String,
    #[serde(default, deserialize_with = "input::present")]
    id: Option<String>,
}

pub(super) async fn make(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let new: NewRealm = input::object(call, body).await?;
    if !sound(&new.path) {
        let rule = "path: segments of small letters, digits, '-', '_' and '.', each behind a slash";
        return Err(Problem::invalid(rule));
    }
    let id = match &new.id {
        Some(id) if id == NIL => return Err(Problem::invalid("id: zeros only name nothing")),
        Some(id) => input::id("id", id)?,
        None => RealmId::from_uuid(api.authority.draw_uuid()),
    };
    let realm = api.authority.create_realm(id, &new.path).await?;
    Ok(Done::Made { at: format!("/v1/realms/{}", realm.id), shown: wire::realm(&realm) })
}

/// As in the configuration: begins with a slash, ends without one, in small letters.
fn sound(path: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let segment = |text: &str| !text.trim_matches('.').is_empty() && text.bytes().all(letter);
    path.len() <= PATH_BYTES_MAX && path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment))
}

pub(super) async fn populations(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    let all = api.authority.populations(of(api, call).await?.id).await?;
    Ok(page.cut(all, |one| format!("{:020}/{}", one.created_at.ms(), one.id), wire::population))
}

/// The realm that the path names.
pub(super) async fn of(api: &Face, call: &Call) -> Result<Arc<Realm>, Problem> {
    let id: RealmId = input::named(call, "realm")?;
    api.authority.realm(id).await?.ok_or_else(|| Problem::unknown("realm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_in_the_configuration() {
        for good in ["/a", "/alpha/sub", "/a-b_c.d/9"] {
            assert!(sound(good), "{good}");
        }
        for bad in ["", "/", "a", "/a/", "//a", "/A", "/a b", "/..", "/a/./b", "/ä"] {
            assert!(!sound(bad), "{bad}");
        }
    }
}
