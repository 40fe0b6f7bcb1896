//! What an application has of one kind: grants, assignments. Listed, read, added and taken away under its address.
//!
//! Each is kept as a document whose id is the application's and one of its own.

use adieu_authority::{ClientId, Document, DocumentChange, RealmId};
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::extract::Admin;
use crate::face::Face;
use crate::manage::applications::find::find;
use crate::manage::collection::collection;
use crate::manage::kept::{DocumentKind, edited};
use crate::problem::Problem;
use crate::session_json::base;

/// One kind of things under applications.
pub(crate) struct UnderApp {
    pub(crate) kind: DocumentKind,
    /// Its name in addresses and lists.
    pub(crate) name: &'static str,
    /// Its own members, out of what is kept.
    pub(crate) members: fn(&Value) -> Value,
}

/// The application of a request, which is there and in the reach of whoever asks.
pub(crate) struct Of<'a> {
    pub(crate) face: &'a Face,
    pub(crate) realm: RealmId,
    pub(crate) app: &'a ClientId,
}

impl<'a> Of<'a> {
    pub(crate) async fn found(face: &'a Face, admin: &Admin, app: &'a ClientId) -> Result<Self, Problem> {
        find(face, admin, app).await?;
        Ok(Self { face, realm: admin.realm.id, app })
    }

    fn prefix(&self) -> String {
        format!("{}.", self.app)
    }

    fn id(&self, own: &str) -> String {
        format!("{}.{}", self.app, own.to_ascii_lowercase())
    }
}

impl UnderApp {
    /// All of an application, by their own ids.
    pub(crate) async fn all(&self, of: &Of<'_>) -> Result<Vec<(String, Value)>, Problem> {
        self.kind.under(of.face, of.realm, &of.prefix()).await
    }

    pub(crate) async fn list(&self, of: &Of<'_>) -> Result<Json<Value>, Problem> {
        let shown = self.all(of).await?.iter().map(|(id, kept)| self.json(of, id, kept)).collect();
        Ok(Json(collection(&self.href(of), self.name, shown)))
    }

    /// One more with its own id, to be written with a change of the client, so that none is of a client that is gone. None of the others may have
    /// the same `member`, which is in the body under the name `target`.
    pub(crate) async fn draft(
        &self,
        of: &Of<'_>,
        kept: &Value,
        (member, target): (&str, &'static str),
    ) -> Result<(String, DocumentChange), Problem> {
        self.is_new(of, None, kept, (member, target)).await?;
        self.kind.has_room(of.face, of.realm).await?;
        let id = of.face.authority().draw_uuid().to_string();
        let document = self.kind.document(of.realm, &of.id(&id), kept);
        Ok((id, DocumentChange::Put(document)))
    }

    /// One as `kept` in place of one that is there, to be written with a change of the client; none of the others may have the same
    /// `member`.
    pub(crate) async fn redraft(
        &self,
        of: &Of<'_>,
        id: &str,
        kept: &Value,
        (member, target): (&str, &'static str),
    ) -> Result<DocumentChange, Problem> {
        let (document, _) = self.stored(of, id).await?;
        self.is_new(of, Some(id), kept, (member, target)).await?;
        Ok(edited(document, kept))
    }

    /// One as it lies in the store, with what it says.
    pub(crate) async fn stored(&self, of: &Of<'_>, id: &str) -> Result<(Document, Value), Problem> {
        self.kind.stored(of.face, (of.realm, &of.id(id))).await
    }

    /// Whether no other one has the same member.
    async fn is_new(
        &self,
        of: &Of<'_>,
        own: Option<&str>,
        kept: &Value,
        (member, target): (&str, &'static str),
    ) -> Result<(), Problem> {
        let is_own = |id: &str| own.is_some_and(|own| own.eq_ignore_ascii_case(id));
        let all = self.all(of).await?;
        let taken = all.iter().any(|(id, other)| !is_own(id) && other[member] == kept[member]);
        if taken { Err(Problem::taken(target)) } else { Ok(()) }
    }

    /// The answer that one was added.
    pub(crate) fn made(&self, of: &Of<'_>, id: &str, kept: &Value) -> Response {
        (StatusCode::CREATED, Json(self.json(of, id, kept))).into_response()
    }

    pub(crate) async fn read(&self, of: &Of<'_>, id: &str) -> Result<Json<Value>, Problem> {
        Ok(self.shown(of, id, &self.kept(of, id).await?))
    }

    /// The answer that shows one.
    pub(crate) fn shown(&self, of: &Of<'_>, id: &str, kept: &Value) -> Json<Value> {
        Json(self.json(of, &id.to_ascii_lowercase(), kept))
    }

    /// What is kept of one.
    pub(crate) async fn kept(&self, of: &Of<'_>, id: &str) -> Result<Value, Problem> {
        self.kind.read(of.face, of.realm, &of.id(id)).await?.ok_or(Problem::NotFound)
    }

    fn href(&self, of: &Of<'_>) -> String {
        format!("{}/applications/{}/{}", base(of.face, of.realm), of.app, self.name)
    }

    fn json(&self, of: &Of<'_>, id: &str, kept: &Value) -> Value {
        let mut shown = json!({
            "_links": {"self": {"href": format!("{}/{id}", self.href(of))}},
            "id": id,
            "environment": {"id": of.realm.to_string()},
            "application": {"id": of.app.as_str()},
        });
        if let (Some(shown), Value::Object(members)) = (shown.as_object_mut(), (self.members)(kept)) {
            shown.extend(members);
        }
        shown
    }
}
