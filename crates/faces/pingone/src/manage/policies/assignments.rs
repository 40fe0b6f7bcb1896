//! PingOne: which sign-on policies an application has. The first by priority names its sign-ons.
//!
//! Contract pingone.md 4.4.

use adieu_authority::{Client, ClientDraft, Origin, RealmId};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::actions::priority;
use super::name;
use crate::extract::{Admin, Body, LastNamed, OfApp, Visitor};
use crate::face::Face;
use crate::manage::input::Input;
use crate::manage::kept::DocumentKind;
use crate::manage::under_app::{Of, UnderApp};
use crate::problem::Problem;
use crate::session_json::POLICY;

pub(in crate::manage) const KIND: DocumentKind = DocumentKind("pingone.sign-on-policy-assignment");
const ASSIGNMENTS: UnderApp = UnderApp {
    kind: KIND,
    name: "signOnPolicyAssignments",
    members: |kept| json!({"signOnPolicy": {"id": kept["policy"]}, "priority": kept["priority"]}),
};

pub(crate) async fn list(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
) -> Result<Json<Value>, Problem> {
    ASSIGNMENTS.list(&Of::found(&face, &admin, &app).await?).await
}

pub(crate) async fn create(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    visitor: Visitor,
    Body(input): Body,
) -> Result<Response, Problem> {
    let of = Of::found(&face, &admin, &app).await?;
    let kept = asked(&of, &input).await?;
    let (id, document) = ASSIGNMENTS.draft(&of, &kept, ("policy", "signOnPolicy")).await?;
    let (of, added) = (&of, &(id.clone(), kept.clone()));
    let origin = visitor.origin_of(admin.principal.actor());
    let assigned = face.authority().change_client(of.realm, &app, origin, |client| {
        let document = Some(document.clone());
        async move {
            let acr = first_policy(of, Some(added)).await?;
            Ok::<_, Problem>(ClientDraft { client: Client { acr, ..client }, document })
        }
    });
    assigned.await?;
    Ok(ASSIGNMENTS.made(of, &id, &kept))
}

pub(crate) async fn read(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    LastNamed(id): LastNamed,
) -> Result<Json<Value>, Problem> {
    ASSIGNMENTS.read(&Of::found(&face, &admin, &app).await?, &id).await
}

pub(crate) async fn replace(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    visitor: Visitor,
    LastNamed(id): LastNamed,
    Body(input): Body,
) -> Result<Json<Value>, Problem> {
    let of = Of::found(&face, &admin, &app).await?;
    ASSIGNMENTS.kept(&of, &id).await?;
    let kept = asked(&of, &input).await?;
    let replaced = ASSIGNMENTS.replace(&of, &id, &kept, ("policy", "signOnPolicy")).await?;
    name_sign_ons(&of, &visitor.origin_of(admin.principal.actor())).await?;
    Ok(replaced)
}

async fn asked(of: &Of<'_>, input: &Input) -> Result<Value, Problem> {
    let policy = input.uuid_of("signOnPolicy")?;
    if name(of.face, of.realm, &policy.to_string()).await?.is_none() {
        return Err(Problem::invalid("signOnPolicy", "There is no such policy."));
    }
    Ok(json!({"policy": policy.to_string(), "priority": priority(input)?}))
}

pub(crate) async fn delete(
    State(face): State<Face>,
    admin: Admin,
    OfApp(app): OfApp,
    visitor: Visitor,
    LastNamed(id): LastNamed,
) -> Result<StatusCode, Problem> {
    let of = Of::found(&face, &admin, &app).await?;
    let gone = ASSIGNMENTS.remove(&of, &id).await?;
    name_sign_ons(&of, &visitor.origin_of(admin.principal.actor())).await?;
    Ok(gone)
}

/// Whether an application has this policy.
pub(super) async fn uses(face: &Face, realm: RealmId, policy: &str) -> Result<bool, Problem> {
    Ok(KIND.all(face, realm).await?.iter().any(|(_, kept)| kept["policy"] == policy))
}

/// The policy has another name: so have the sign-ons of its applications.
pub(super) async fn renamed(
    face: &Face,
    realm: RealmId,
    policy: &str,
    origin: &Origin,
) -> Result<(), Problem> {
    for (id, kept) in KIND.all(face, realm).await? {
        let app = id.rsplit_once('.').and_then(|(app, _)| app.parse().ok());
        if let (true, Some(app)) = (kept["policy"] == policy, app) {
            name_sign_ons(&Of { face, realm, app: &app }, origin).await?;
        }
    }
    Ok(())
}

/// Writes into the client how its sign-ons are named: by what is assigned when it is written.
async fn name_sign_ons(of: &Of<'_>, origin: &Origin) -> Result<(), Problem> {
    let named = of.face.authority().change_client(of.realm, of.app, origin.clone(), |client| async move {
        Ok::<_, Problem>(Client { acr: first_policy(of, None).await?, ..client })
    });
    named.await.map(drop)
}

/// The name of the policy that comes first, with one that is being added; none if that is the built-in one.
async fn first_policy(of: &Of<'_>, added: Option<&(String, Value)>) -> Result<Option<String>, Problem> {
    let all = ASSIGNMENTS.all(of).await?;
    let first = all.iter().chain(added).min_by_key(|(id, kept)| (kept["priority"].as_u64(), id));
    match first.and_then(|(_, kept)| kept["policy"].as_str()) {
        Some(policy) if policy != POLICY => name(of.face, of.realm, policy).await,
        Some(_) | None => Ok(None),
    }
}
