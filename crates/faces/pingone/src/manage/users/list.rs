//! PingOne: the users of an environment, filtered, a page at a time.
//!
//! In the order of their ids, forwards only. One answer looks at a bounded number of users; a page may come out short and
//! still name the next one, which programs follow as it stands. Contract pingone.md 4.2 and 5.6.

use adieu_authority::{Standing, User, UserId};
use adieu_http_kit::form::{Params, append_query};
use axum::Json;
use axum::extract::State;
use http::Uri;
use serde_json::{Value, json};

use super::filter::UserFilter;
use crate::body;
use crate::extract::Admin;
use crate::face::Face;
use crate::problem::Problem;
use crate::session_json::base;

const LIMIT: u32 = 100;
const LIMIT_MAX: u32 = 200;
/// Users that one answer looks at (HOME-LIMITS).
const LOOKED_MAX: usize = 10_000;
/// Users that are read at a time.
const READ: u32 = 500;

pub(crate) async fn list(State(face): State<Face>, admin: Admin, uri: Uri) -> Result<Json<Value>, Problem> {
    admin.must(|rights| rights.reading != Standing::Nobody)?;
    let query = Params::of(&uri);
    let limit = limit(body::once(&query, "limit")?)?;
    let text = body::once(&query, "filter")?;
    let filter = text.map(UserFilter::parse).transpose()?;
    let cursor = body::once(&query, "cursor")?;
    let after = cursor.map(|text| text.parse::<UserId>()).transpose();
    let after = after.map_err(|_| Problem::invalid("cursor", "This is no place in the list."))?;
    let page = page(&face, &admin, filter.as_ref(), after, limit).await?;
    let users: Vec<Value> = page.users.iter().map(|user| super::json::user(&face, user)).collect();
    let href = |cursor: Option<String>| {
        let mut href = format!("{}/users", base(&face, admin.realm.id));
        for (name, value) in [("filter", text), ("limit", body::once(&query, "limit").ok().flatten())] {
            href = value.map_or(href.clone(), |value| append_query(&href, name, value));
        }
        cursor.map_or(href.clone(), |cursor| append_query(&href, "cursor", &cursor))
    };
    let mut shown = json!({"_links": {"self": {"href": href(cursor.map(str::to_owned))}}});
    if let Some(next) = page.next {
        shown["_links"]["next"] = json!({"href": href(Some(next.to_string()))});
    }
    shown["size"] = users.len().into();
    if let Some(count) = count(&face, &admin, filter.is_none(), &page, cursor.is_none()).await? {
        shown["count"] = count.into();
    }
    shown["_embedded"] = json!({"users": users});
    Ok(Json(shown))
}

/// How many there are on all pages, where that is known without looking through all.
async fn count(
    face: &Face,
    admin: &Admin,
    all: bool,
    page: &Page,
    first: bool,
) -> Result<Option<u64>, Problem> {
    if first && page.next.is_none() {
        return Ok(Some(page.users.len() as u64));
    }
    if !all {
        return Ok(None);
    }
    let mut count = 0;
    for population in face.authority().populations(admin.realm.id).await? {
        if admin.rights.reading.reaches(population.id) {
            count += face.authority().count_users(population.id).await?;
        }
    }
    Ok(Some(count))
}

struct Page {
    users: Vec<User>,
    /// The last user who was looked at, if there are more.
    next: Option<UserId>,
}

async fn page(
    face: &Face,
    admin: &Admin,
    filter: Option<&UserFilter>,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page, Problem> {
    let authority = face.authority();
    let wanted = |user: &User| {
        admin.rights.reading.reaches(user.population) && filter.is_none_or(|filter| filter.matches(user))
    };
    if let Some(name) = filter.and_then(UserFilter::name) {
        let user = authority.user_named(admin.realm.id, name).await?;
        let users = user.map(|user| User::clone(&user)).into_iter().filter(wanted).collect();
        return Ok(Page { users, next: None });
    }
    let (mut users, mut after, mut looked) = (Vec::new(), after, 0);
    loop {
        let some = authority.users(admin.realm.id, after, READ).await?;
        let last = some.len() < READ as usize;
        for user in some {
            if users.len() == limit || looked == LOOKED_MAX {
                return Ok(Page { users, next: after });
            }
            (after, looked) = (Some(user.id), looked + 1);
            users.extend(Some(user).filter(wanted));
        }
        if last {
            return Ok(Page { users, next: None });
        }
    }
}

fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(LIMIT as usize) };
    let limit = text.parse::<u32>().ok().filter(|limit| *limit > 0);
    let limit = limit.ok_or(Problem::invalid("limit", "A number above 0 is wanted."))?;
    Ok(limit.min(LIMIT_MAX) as usize)
}
