//! PingOne: which sign-on policies an application has. The first by priority names its sign-ons.
//!
//! An assignment and the name in its client change in one commit. Contract pingone.md 4.4.

use adieu_authority::{Client, ClientDraft, ClientId, DocumentChange, RealmId};
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
        let documents = vec![document.clone()];
        async move {
            let acr = named_by(of, None, Some(added)).await?;
            Ok::<_, Problem>(ClientDraft { client: Client { acr, ..client }, documents })
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
    let next = (id.to_ascii_lowercase(), asked(&of, &input).await?);
    let (of, next) = (&of, &next);
    let origin = visitor.origin_of(admin.principal.actor());
    let replaced = face.authority().change_client(of.realm, &app, origin, |client| async move {
        let (id, kept) = next;
        let documents = vec![ASSIGNMENTS.redraft(of, id, kept, ("policy", "signOnPolicy")).await?];
        let acr = named_by(of, Some(id), Some(next)).await?;
        Ok::<_, Problem>(ClientDraft { client: Client { acr, ..client }, documents })
    });
    replaced.await?;
    Ok(ASSIGNMENTS.shown(of, &next.0, &next.1))
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
    let (of, id) = (&of, &id.to_ascii_lowercase());
    let origin = visitor.origin_of(admin.principal.actor());
    let removed = face.authority().change_client(of.realm, &app, origin, |client| async move {
        let (document, _) = ASSIGNMENTS.stored(of, id).await?;
        let acr = named_by(of, Some(id), None).await?;
        let documents = vec![DocumentChange::Remove(document)];
        Ok::<_, Problem>(ClientDraft { client: Client { acr, ..client }, documents })
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether an application has this policy.
pub(super) async fn uses(face: &Face, realm: RealmId, policy: &str) -> Result<bool, Problem> {
    Ok(KIND.all(face, realm).await?.iter().any(|(_, kept)| kept["policy"] == policy))
}

/// The applications whose sign-ons a policy names, as they are once it has this name.
pub(super) async fn renamed(
    face: &Face,
    realm: RealmId,
    policy: &str,
    name: &str,
) -> Result<Vec<Client>, Problem> {
    let mut clients = Vec::new();
    for (id, kept) in KIND.all(face, realm).await? {
        let app: Option<ClientId> = id.rsplit_once('.').and_then(|(app, _)| app.parse().ok());
        let Some(app) = app.filter(|_| kept["policy"] == policy) else { continue };
        let of = Of { face, realm, app: &app };
        if first(&of, None, None).await?.as_deref() == Some(policy)
            && let Some(client) = face.authority().client(realm, &app).await?
        {
            clients.push(Client { acr: Some(name.to_owned()), ..Client::clone(&client) });
        }
    }
    Ok(clients)
}

/// How the sign-ons of an application are named, with one that is being added and without one that is replaced or removed; none
/// if they are named by the built-in policy.
async fn named_by(
    of: &Of<'_>,
    without: Option<&str>,
    added: Option<&(String, Value)>,
) -> Result<Option<String>, Problem> {
    match first(of, without, added).await? {
        Some(policy) if policy != POLICY => name(of.face, of.realm, &policy).await,
        Some(_) | None => Ok(None),
    }
}

/// The policy that comes first.
async fn first(
    of: &Of<'_>,
    without: Option<&str>,
    added: Option<&(String, Value)>,
) -> Result<Option<String>, Problem> {
    let all = ASSIGNMENTS.all(of).await?;
    let stay = all.iter().filter(|(id, _)| without != Some(id.as_str()));
    let first = stay.chain(added).min_by_key(|(id, kept)| (kept["priority"].as_u64(), id));
    Ok(first.and_then(|(_, kept)| kept["policy"].as_str()).map(str::to_owned))
}
