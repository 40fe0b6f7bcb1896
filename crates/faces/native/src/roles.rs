//! Roles in the API: what somebody may do to others, as a word, and over which realm or population.
//!
//! What a role allows is decided in core, at the time of each call.

use std::collections::BTreeMap;

use adieu_authority::{PopulationId, RealmId, Role, RoleAssignment, RoleScope};
use serde_json::{Value, json};

use crate::face::Face;
use crate::input;
use crate::problem::Problem;

/// Roles of one user or client (HOME-LIMITS).
pub(super) const ROLES_MAX: usize = 100;

/// The words, in the order of the document.
pub(super) const WORDS: [&str; 4] =
    ["identity_data_admin", "identity_data_reader", "realm_admin", "client_admin"];

/// Roles as a body brings them: each an object of texts.
pub(super) type RolesInput = Vec<BTreeMap<String, String>>;

const fn word(role: Role) -> &'static str {
    match role {
        Role::IdentityDataAdmin => WORDS[0],
        Role::IdentityDataReader => WORDS[1],
        Role::RealmAdmin => WORDS[2],
        Role::ClientAdmin => WORDS[3],
    }
}

pub(super) fn shown(roles: &[RoleAssignment]) -> Vec<Value> {
    let one = |assignment: &RoleAssignment| match assignment.scope {
        RoleScope::Realm(id) => json!({"role": word(assignment.role), "realm": id.to_string()}),
        RoleScope::Population(id) => json!({"role": word(assignment.role), "population": id.to_string()}),
    };
    roles.iter().map(one).collect()
}

/// The roles, over realms and populations that exist.
pub(super) async fn read(api: &Face, wanted: &RolesInput) -> Result<Vec<RoleAssignment>, Problem> {
    if wanted.len() > ROLES_MAX {
        return Err(Problem::invalid(format!("roles: at most {ROLES_MAX}")));
    }
    let mut roles = Vec::with_capacity(wanted.len());
    for one in wanted {
        roles.push(assignment(api, one).await?);
    }
    Ok(roles)
}

async fn assignment(api: &Face, wanted: &BTreeMap<String, String>) -> Result<RoleAssignment, Problem> {
    let text = |member: &str| wanted.get(member).map(String::as_str);
    let role = match text("role") {
        Some("identity_data_admin") => Role::IdentityDataAdmin,
        Some("identity_data_reader") => Role::IdentityDataReader,
        Some("realm_admin") => Role::RealmAdmin,
        Some("client_admin") => Role::ClientAdmin,
        _ => return Err(Problem::invalid(format!("roles: role is one of {}", WORDS.join(", ")))),
    };
    let of_people = matches!(role, Role::IdentityDataAdmin | Role::IdentityDataReader);
    let scope = match (text("realm"), text("population"), wanted.len()) {
        (Some(id), None, 2) => {
            let id: RealmId = input::id("roles", id)?;
            api.authority.realm(id).await?.map(|realm| RoleScope::Realm(realm.id))
        }
        (None, Some(id), 2) if of_people => {
            let id: PopulationId = input::id("roles", id)?;
            api.authority.population(id).await?.map(|population| RoleScope::Population(population.id))
        }
        _ => return Err(Problem::invalid("roles: over a realm or, where it is about users, a population")),
    };
    let scope = scope.ok_or_else(|| Problem::invalid("roles: no such realm or population"))?;
    Ok(RoleAssignment { role, scope })
}
