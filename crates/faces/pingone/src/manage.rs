//! PingOne's management API: what must exist around sessions so that programs written for it can set things up.
//!
//! Only clients in their own name may do this, by the roles they have at the time of the call. Whatever we could not keep
//! our word about is refused rather than stored. Contract pingone.md 3.2, 3.3, 4.1 to 4.4 and 2.6.

pub(crate) mod applications;
mod collection;
mod environments;
pub(crate) mod input;
pub(crate) mod kept;
pub(crate) mod members;
mod policies;
mod populations;
mod resources;
mod role_assignments;
mod roles;
pub(crate) mod settings;
mod under_app;
mod users;

use axum::routing::get;

use crate::route::{Route, only};

/// The kinds of documents that this dialect keeps.
pub(crate) static DOCUMENT_KINDS: [&str; 7] = [
    applications::find::KIND.0,
    resources::grants::KIND.0,
    environments::KIND.0,
    policies::KIND.0,
    policies::actions::KIND.0,
    policies::assignments::KIND.0,
    settings::KIND.0,
];

/// Those of them whose ids begin with that of a client.
pub(crate) static CLIENT_DOCUMENT_KINDS: [&str; 3] =
    [applications::find::KIND.0, resources::grants::KIND.0, policies::assignments::KIND.0];

/// The routes; a test holds them against the table of what each needs.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        only("/v1/environments", "GET, POST", get(environments::list).post(environments::create)),
        only("/v1/environments/{env}", "GET, PUT", get(environments::read).put(environments::replace)),
        only("/v1/roles", "GET", get(roles::list)),
        only("/v1/roles/{role}", "GET", get(roles::read)),
    ];
    routes.extend(directory().into_iter().chain(applications()).chain(policies()));
    routes
}

fn directory() -> Vec<Route> {
    let env = |rest: &str| format!("/v1/environments/{{env}}/{rest}");
    vec![
        only(env("populations"), "GET, POST", get(populations::list).post(populations::create)),
        only(
            env("populations/{population}"),
            "GET, PUT, DELETE",
            get(populations::read).put(populations::replace).delete(populations::delete),
        ),
        only(env("users"), "GET, POST", get(users::list).post(users::create)),
        only(
            env("users/{user}"),
            "GET, POST, PUT, PATCH, DELETE",
            get(users::read)
                .put(users::replace)
                .patch(users::patch)
                .delete(users::delete)
                .post(users::lock::account),
        ),
        only(
            env("users/{user}/password"),
            "GET, POST, PUT",
            get(users::password::read).put(users::password::set).post(users::lock::password),
        ),
        only(
            env("users/{user}/population"),
            "GET, PUT",
            get(users::population::read).put(users::population::replace),
        ),
        only(env("users/{user}/enabled"), "GET, PUT", get(users::enabled).put(users::enable)),
        only(
            env("users/{user}/roleAssignments"),
            "GET, POST",
            get(role_assignments::list_of_user).post(role_assignments::give_user),
        ),
        only(
            env("users/{user}/roleAssignments/{assignment}"),
            "GET, DELETE",
            get(role_assignments::read_of_user).delete(role_assignments::take_from_user),
        ),
    ]
}

fn applications() -> Vec<Route> {
    let env = |rest: &str| format!("/v1/environments/{{env}}/{rest}");
    vec![
        only(env("applications"), "GET, POST", get(applications::list).post(applications::create)),
        only(
            env("applications/{app}"),
            "GET, PUT, DELETE",
            get(applications::read).put(applications::replace).delete(applications::delete),
        ),
        only(
            env("applications/{app}/secret"),
            "GET, POST",
            get(applications::secret::read).post(applications::secret::rotate),
        ),
        only(
            env("applications/{app}/roleAssignments"),
            "GET, POST",
            get(role_assignments::list_of_app).post(role_assignments::give_app),
        ),
        only(
            env("applications/{app}/roleAssignments/{assignment}"),
            "GET, DELETE",
            get(role_assignments::read_of_app).delete(role_assignments::take_from_app),
        ),
        only(
            env("applications/{app}/grants"),
            "GET, POST",
            get(resources::grants::list).post(resources::grants::create),
        ),
        only(
            env("applications/{app}/grants/{grant}"),
            "GET, PUT, DELETE",
            get(resources::grants::read).put(resources::grants::replace).delete(resources::grants::delete),
        ),
        only(env("resources"), "GET", get(resources::list)),
        only(env("resources/{resource}"), "GET", get(resources::read)),
        only(env("resources/{resource}/scopes"), "GET", get(resources::scopes)),
    ]
}

fn policies() -> Vec<Route> {
    use policies::{actions, assignments};
    let env = |rest: &str| format!("/v1/environments/{{env}}/{rest}");
    vec![
        only(env("signOnPolicies"), "GET, POST", get(policies::list).post(policies::create)),
        only(
            env("signOnPolicies/{policy}"),
            "GET, PUT, DELETE",
            get(policies::read).put(policies::replace).delete(policies::delete),
        ),
        only(env("signOnPolicies/{policy}/actions"), "GET, POST", get(actions::list).post(actions::create)),
        only(
            env("signOnPolicies/{policy}/actions/{action}"),
            "GET, PUT, DELETE",
            get(actions::read).put(actions::replace).delete(actions::delete),
        ),
        only(
            env("applications/{app}/signOnPolicyAssignments"),
            "GET, POST",
            get(assignments::list).post(assignments::create),
        ),
        only(
            env("applications/{app}/signOnPolicyAssignments/{assignment}"),
            "GET, PUT, DELETE",
            get(assignments::read).put(assignments::replace).delete(assignments::delete),
        ),
        only(
            env("ssoCookieSettings"),
            "GET, POST, PUT",
            get(settings::read).post(settings::write).put(settings::write),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::DOCUMENT_KINDS;

    /// Goal: what this dialect begins to keep is in exports from that day on. Method: its sources, read for kinds.
    #[test]
    fn every_kind_that_is_kept_is_named() {
        fn gather(folder: &Path, found: &mut BTreeSet<String>) {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    gather(&path, found);
                } else {
                    let text = std::fs::read_to_string(&path).expect("a source");
                    let said = text.split("= DocumentKind(\"pingone").skip(1);
                    found.extend(said.filter_map(|rest| Some(format!("pingone{}", rest.split('"').next()?))));
                }
            }
        }
        let mut found = BTreeSet::new();
        gather(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
        assert_eq!(found, DOCUMENT_KINDS.iter().map(|kind| (*kind).to_owned()).collect());
    }
}
