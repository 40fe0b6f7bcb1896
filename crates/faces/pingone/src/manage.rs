//! PingOne's management API: what must exist around sessions so that programs written for it can set things up.
//!
//! Only clients in their own name may do this, by the roles they have at the time of the call. Whatever we could not keep
//! our word about is refused rather than stored. Contract pingone.md 3.2, 3.3, 4.1 to 4.4 and 2.6.

pub(crate) mod applications;
mod environments;
pub(crate) mod input;
pub(crate) mod kept;
mod policies;
mod populations;
mod resources;
mod role_assignments;
mod roles;
pub(crate) mod settings;
mod under_app;
mod users;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use crate::{Face, only};

/// The routes; a test holds them against the table of what each needs.
pub(crate) fn routes() -> Router<Face> {
    Router::new()
        .route("/v1/environments", only("GET, POST", get(environments::list).post(environments::create)))
        .route("/v1/environments/{env}", only("GET", get(environments::read)))
        .route("/v1/roles", only("GET", get(roles::list)))
        .route("/v1/roles/{role}", only("GET", get(roles::read)))
        .merge(directory())
        .merge(applications())
        .merge(policies())
}

fn directory() -> Router<Face> {
    let env = |rest: &str| format!("/v1/environments/{{env}}/{rest}");
    Router::new()
        .route(&env("populations"), only("GET, POST", get(populations::list).post(populations::create)))
        .route(
            &env("populations/{population}"),
            only(
                "GET, PUT, DELETE",
                get(populations::read).put(populations::replace).delete(populations::delete),
            ),
        )
        .route(&env("users"), only("GET, POST", get(users::list).post(users::create)))
        .route(
            &env("users/{user}"),
            only(
                "GET, PUT, PATCH, DELETE",
                get(users::read).put(users::replace).patch(users::patch).delete(users::delete),
            ),
        )
        .route(
            &env("users/{user}/password"),
            only("GET, PUT", get(users::password::read).put(users::password::set)),
        )
        .route(&env("users/{user}/enabled"), only("GET, PUT", get(users::enabled).put(users::enable)))
        .route(
            &env("users/{user}/roleAssignments"),
            only("GET, POST", get(role_assignments::list_of_user).post(role_assignments::give_user)),
        )
        .route(
            &env("users/{user}/roleAssignments/{assignment}"),
            only("GET, DELETE", get(role_assignments::read_of_user).delete(role_assignments::take_from_user)),
        )
}

fn applications() -> Router<Face> {
    let env = |rest: &str| format!("/v1/environments/{{env}}/{rest}");
    Router::new()
        .route(&env("applications"), only("GET, POST", get(applications::list).post(applications::create)))
        .route(
            &env("applications/{app}"),
            only(
                "GET, PUT, DELETE",
                get(applications::read).put(applications::replace).delete(applications::delete),
            ),
        )
        .route(
            &env("applications/{app}/secret"),
            only("GET, POST", get(applications::secret::read).post(applications::secret::rotate)),
        )
        .route(
            &env("applications/{app}/roleAssignments"),
            only("GET, POST", get(role_assignments::list_of_app).post(role_assignments::give_app)),
        )
        .route(
            &env("applications/{app}/roleAssignments/{assignment}"),
            only("GET, DELETE", get(role_assignments::read_of_app).delete(role_assignments::take_from_app)),
        )
        .route(
            &env("applications/{app}/grants"),
            only("GET, POST", get(resources::grants::list).post(resources::grants::create)),
        )
        .route(
            &env("applications/{app}/grants/{grant}"),
            only("GET, DELETE", get(resources::grants::read).delete(resources::grants::delete)),
        )
        .route(&env("resources"), only("GET", get(resources::list)))
        .route(&env("resources/{resource}"), only("GET", get(resources::read)))
        .route(&env("resources/{resource}/scopes"), only("GET", get(resources::scopes)))
}

fn policies() -> Router<Face> {
    use policies::{actions, assignments};
    let env = |rest: &str| format!("/v1/environments/{{env}}/{rest}");
    Router::new()
        .route(&env("signOnPolicies"), only("GET, POST", get(policies::list).post(policies::create)))
        .route(
            &env("signOnPolicies/{policy}"),
            only("GET, PUT, DELETE", get(policies::read).put(policies::replace).delete(policies::delete)),
        )
        .route(
            &env("signOnPolicies/{policy}/actions"),
            only("GET, POST", get(actions::list).post(actions::create)),
        )
        .route(
            &env("signOnPolicies/{policy}/actions/{action}"),
            only("GET, DELETE", get(actions::read).delete(actions::delete)),
        )
        .route(
            &env("applications/{app}/signOnPolicyAssignments"),
            only("GET, POST", get(assignments::list).post(assignments::create)),
        )
        .route(
            &env("applications/{app}/signOnPolicyAssignments/{assignment}"),
            only("GET, DELETE", get(assignments::read).delete(assignments::delete)),
        )
        .route(
            &env("ssoCookieSettings"),
            only("GET, POST, PUT", get(settings::read).post(settings::write).put(settings::write)),
        )
}

/// A list as every collection is enveloped.
fn collection(href: &str, name: &str, items: Vec<Value>) -> Value {
    let count = items.len();
    json!({"_links": {"self": {"href": href}}, "_embedded": {name: items}, "count": count, "size": count})
}
