//! A flow: an authorize request that waits for its user to sign on.
//!
//! It is kept for fifteen minutes, completed once and taken away once; two takers never both get it. A right password completes
//! it, or makes it wait for the second factor of whoever has one. Before the first sign-on it belongs to no session; one that re-authenticates a session belongs to that one. Contract pingone.md 4.6.

use std::sync::Arc;

use adieu_authority::{
    Assurance, Check, CheckedToken, Client, CodeOrder, ConsentOrder, FLOW_BYTES_MAX, FirstFactor, GrantError,
    LiveSession, NewFlow, Outage, Realm, SessionId, Span, Timestamp, UserId, may_redirect_to,
};
use adieu_http_kit::dates::rfc3339_ms;
use adieu_oidc::{AskedOfUser, Authorize, AuthorizeReply, ConsentStep, Refusal, ResponseMode, is_offline};
use adieu_pages_kit::gets_in_words;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::extract::Visitor;
use crate::face::Face;
use crate::form_token::same;
use crate::problem::{Problem, Shown};

const KIND: &str = "pingone-flow";
/// A flow that nobody works on for so long is gone. Contract pingone.md 2.4.
const LIFE: Span = Span::from_s(15 * 60);

/// What is kept of a flow.
#[derive(Clone, Serialize, Deserialize)]
struct Record {
    client: String,
    application: String,
    scope: String,
    redirect_uri: Option<String>,
    state: Option<String>,
    nonce: Option<String>,
    /// The claims that are asked for by name.
    #[serde(default)]
    claims: Option<String>,
    challenge: Option<String>,
    login_hint: Option<String>,
    /// The word of its response mode.
    mode: String,
    /// Whether two factors are wanted even where the environment asks for one.
    #[serde(default)]
    two: bool,
    /// Whether its user is still to be asked to agree, whatever is remembered.
    #[serde(default)]
    asks: bool,
    /// The one user that its request is for, if it names one.
    #[serde(default)]
    meant: Option<String>,
    /// How many seconds old its user's proof may be when it begins, where that matters.
    #[serde(default)]
    proof_age_max_s: Option<i64>,
    /// The first factor, while the second one is awaited.
    #[serde(default)]
    first: Option<String>,
    session: Option<String>,
    user: Option<(String, String)>,
    /// The name of the browser that it was begun in; a program's has none.
    #[serde(default)]
    browser: Option<String>,
    /// Whether somebody has gone on with it by its page: then nobody else does otherwise.
    #[serde(default)]
    by_page: bool,
    completed: bool,
    created_at_ms: i64,
}

/// What comes after the sign-on.
pub(crate) enum FlowNext {
    /// The code.
    Code(CodeOrder),
    /// Its user has to be asked first.
    Question(Question),
    /// Nothing: its request is for another user. OpenID Connect Core §3.1.2.2
    OtherUser,
    /// Nothing: session or client are gone meanwhile.
    Gone,
}

/// What a user is asked.
pub(crate) struct Question {
    /// What the application is called.
    pub(crate) application: String,
    /// What the page shows, for its form.
    pub(crate) shown: String,
    /// What the application gets, each in a few words.
    pub(crate) gets: Vec<String>,
    /// Where later answers may go besides the address of this one.
    pub(crate) other_places: Vec<String>,
    /// What is remembered if the user agrees.
    pub(crate) order: ConsentOrder,
}

/// A flow as it is at the moment.
#[derive(Clone)]
pub(crate) struct PingOneFlow {
    /// Its public id.
    pub(crate) id: Uuid,
    realm: Arc<Realm>,
    record: Record,
    expires_at: Timestamp,
}

impl PingOneFlow {
    /// A flow for a request; one that re-authenticates a live session is bound to it.
    pub(crate) fn begin(
        face: &Face,
        realm: &Arc<Realm>,
        authorize: &Authorize,
        live: Option<&LiveSession>,
    ) -> Self {
        let (authority, reply) = (face.authority(), &authorize.reply);
        let asked = authorize.asked_of_user();
        let now = authority.now();
        let record = Record {
            client: authorize.client.id.to_string(),
            application: authorize.client.name.clone(),
            scope: asked.scope.to_owned(),
            redirect_uri: reply.redirect_uri.clone(),
            state: reply.state.clone(),
            nonce: authorize.nonce.clone(),
            claims: authorize.claims.clone(),
            challenge: authorize.challenge.clone(),
            login_hint: authorize.login_hint.clone(),
            mode: reply.mode.word().to_owned(),
            two: authorize.level == Assurance::Two,
            asks: asked.always,
            meant: authorize.user.map(|user| user.to_string()),
            proof_age_max_s: authorize.proof_age_max_s(),
            first: None,
            session: live.map(|live| live.session.id.to_string()),
            user: None,
            browser: None,
            by_page: false,
            completed: false,
            created_at_ms: now.ms(),
        };
        Self { id: authority.draw_uuid(), realm: Arc::clone(realm), record, expires_at: now.plus(LIFE) }
    }

    /// The flow of that id, if it is not over. One of another environment is not found.
    pub(crate) async fn find(face: &Face, realm: &Arc<Realm>, id: Uuid) -> Result<Self, Problem> {
        let stored = face.authority().flow(*id.as_bytes(), KIND).await?;
        Self::read(face, realm, id, stored)
    }

    /// The same, taken away: of two takers one gets it. Where a page takes it, it is gone on with by that from then on.
    pub(crate) async fn take(&self, face: &Face) -> Result<Self, Problem> {
        let stored = face.authority().take_flow(*self.id.as_bytes(), KIND).await?;
        let mut taken = Self::read(face, &self.realm, self.id, stored)?;
        taken.record.by_page |= self.record.by_page;
        Ok(taken)
    }

    fn read(
        face: &Face,
        realm: &Arc<Realm>,
        id: Uuid,
        stored: Option<adieu_authority::Flow>,
    ) -> Result<Self, Problem> {
        let now = face.authority().now();
        let stored = stored.filter(|flow| flow.realm == realm.id && now < flow.expires_at);
        let stored = stored.ok_or(Problem::NotFound)?;
        // A record that does not read was written by another version: whoever waits begins anew.
        let record = serde_json::from_slice(&stored.body).map_err(|_| Problem::NotFound)?;
        Ok(Self { id, realm: Arc::clone(realm), record, expires_at: stored.expires_at })
    }

    /// Keeps the flow, which a visitor begins or goes on with, for fifteen minutes.
    pub(crate) async fn keep(&self, face: &Face, visitor: &Visitor) -> Result<(), Problem> {
        let body = self.body();
        if body.len() > FLOW_BYTES_MAX {
            return Err(Problem::Authorization(Refusal::Request("The request is too long.")));
        }
        let new = NewFlow {
            id: *self.id.as_bytes(),
            kind: KIND,
            realm: self.realm.id,
            life: LIFE,
            body,
            from: visitor.device.address.as_deref(),
        };
        Ok(face.authority().begin_flow(new).await?)
    }

    fn body(&self) -> Vec<u8> {
        self.to_text().into_bytes()
    }

    /// What the flow is, to be begun again from.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(&self.record).expect("texts and numbers are JSON")
    }

    /// The flow that was written so, with its time before it.
    pub(crate) fn of_text(face: &Face, realm: &Arc<Realm>, id: Uuid, text: &str) -> Option<Self> {
        let record = serde_json::from_str(text).ok()?;
        Some(Self { id, realm: Arc::clone(realm), record, expires_at: face.authority().now().plus(LIFE) })
    }

    /// The flow with its user signed on in that session.
    pub(crate) fn completed_by(mut self, session: SessionId, user: UserId, username: &str) -> Self {
        self.record.completed = true;
        self.record.first = None;
        self.record.session = Some(session.to_string());
        self.record.user = Some((user.to_string(), username.to_owned()));
        self
    }

    /// The flow whose user has agreed.
    pub(crate) fn agreed_to(mut self) -> Self {
        self.record.asks = false;
        self
    }

    /// The flow from its beginning: somebody else signs on.
    pub(crate) fn begun_again(mut self) -> Self {
        self.record.completed = false;
        self.record.user = None;
        self
    }

    /// The flow of the browser of this name.
    pub(crate) fn of_browser(mut self, name: &str) -> Self {
        self.record.browser = Some(name.to_owned());
        self
    }

    /// The flow as its page goes on with it.
    pub(crate) fn by_page(mut self) -> Self {
        self.record.by_page = true;
        self
    }

    /// Whether its page has gone on with it.
    pub(crate) const fn is_gone_on_with_by_page(&self) -> bool {
        self.record.by_page
    }

    /// Whether it was begun in the browser of this name.
    pub(crate) fn was_begun_in(&self, name: &str) -> bool {
        self.record.browser.as_deref().is_some_and(|own| same(own, name))
    }

    /// Another flow with the same request, of the same moment, which nobody has gone on with, for the browser of this name.
    pub(crate) fn anew(&self, face: &Face, browser: &str) -> Self {
        let now = face.authority().now();
        let record = Record {
            first: None,
            session: None,
            user: None,
            browser: Some(browser.to_owned()),
            by_page: false,
            completed: false,
            ..self.record.clone()
        };
        let (id, realm) = (face.authority().draw_uuid(), Arc::clone(&self.realm));
        Self { id, realm, record, expires_at: now.plus(LIFE) }
    }

    /// The flow with this first factor proven: it waits for the second one, or from the beginning if there is none.
    pub(crate) fn after(mut self, first: Option<FirstFactor>) -> Self {
        self.record.first = first.map(FirstFactor::to_text);
        self
    }

    /// The first factor, if the flow waits for the second one.
    pub(crate) fn first_factor(&self) -> Option<FirstFactor> {
        self.record.first.as_deref().and_then(FirstFactor::from_text)
    }

    /// The level that its application wants.
    pub(crate) fn level(&self) -> Assurance {
        if self.record.two { Assurance::Two } else { Assurance::One }
    }

    /// How many seconds old the proof of whoever completes it may be, where that matters.
    pub(crate) const fn proof_age_max_s(&self) -> Option<i64> {
        self.record.proof_age_max_s
    }

    pub(crate) const fn realm(&self) -> &Arc<Realm> {
        &self.realm
    }

    pub(crate) fn created_at(&self) -> Timestamp {
        Timestamp::from_ms(self.record.created_at_ms)
    }

    pub(crate) fn is_completed(&self) -> bool {
        self.record.completed
    }

    pub(crate) fn is_direct(&self) -> bool {
        self.mode() == ResponseMode::Direct
    }

    pub(crate) fn application(&self) -> &str {
        &self.record.application
    }

    pub(crate) fn login_hint(&self) -> Option<&str> {
        self.record.login_hint.as_deref()
    }

    /// Where the answer goes.
    pub(crate) fn reply(&self) -> AuthorizeReply {
        AuthorizeReply {
            redirect_uri: self.record.redirect_uri.clone(),
            state: self.record.state.clone(),
            mode: self.mode(),
        }
    }

    fn mode(&self) -> ResponseMode {
        ResponseMode::named(&self.record.mode).unwrap_or(ResponseMode::Direct)
    }

    /// The live session of a flow that has one. Its cookie proves who may go on: any other, or none, is refused.
    pub(crate) async fn session(
        &self,
        face: &Face,
        visitor: &Visitor,
    ) -> Result<Option<LiveSession>, Problem> {
        let Some(bound) = &self.record.session else { return Ok(None) };
        let live = face.live(visitor, &self.realm, true).await?;
        let live = live.filter(|live| live.session.id.to_string() == *bound);
        live.map(Some).ok_or(Problem::NoAccess { bearer: false })
    }

    /// Lets a visitor go on with a flow that is not completed: whose session it proves anew, as long as that lives. One that is over binds
    /// nobody, and whoever signs on then is as good as any.
    pub(crate) async fn admits(&self, face: &Face, visitor: &Visitor) -> Result<(), Problem> {
        if !self.is_left_by_its_session(face).await? {
            self.session(face, visitor).await?;
        }
        Ok(())
    }

    /// Whether it belongs to a session that is over.
    pub(crate) async fn is_left_by_its_session(&self, face: &Face) -> Result<bool, Problem> {
        let bound = self.record.session.as_deref().and_then(|id| id.parse().ok());
        let Some(bound) = bound else { return Ok(false) };
        let found = face.authority().session_record(bound).await?;
        Ok(found.is_none_or(|found| !found.is_live()))
    }

    /// What comes next in the session of its user. An address that is the client's no more is refused, as a request for it would be.
    pub(crate) async fn next(&self, face: &Face, live: &LiveSession) -> Result<FlowNext, Problem> {
        let Ok(id) = self.record.client.parse() else { return Ok(FlowNext::Gone) };
        let client = face.authority().client(self.realm.id, &id).await?;
        let Some(client) = client.filter(|client: &Arc<Client>| client.enabled) else {
            return Ok(FlowNext::Gone);
        };
        let is_registered = |uri: &str| may_redirect_to(&client.redirect_uris, uri);
        if !self.record.redirect_uri.as_deref().is_none_or(is_registered) {
            return Err(Problem::redirect_uri().unredirectable(self.realm.id, Shown::IfHtml));
        }
        let is_this_user = |meant: &String| *meant == live.user.id.to_string();
        if !self.record.meant.as_ref().is_none_or(is_this_user) {
            return Ok(FlowNext::OtherUser);
        }
        let asked = AskedOfUser {
            client: &client,
            scope: &self.record.scope,
            claims: self.record.claims.as_deref(),
            always: self.record.asks,
        };
        let remembered = match asked.step(face.authority(), live.user.id).await? {
            ConsentStep::Code(remembered) => remembered,
            ConsentStep::Question => {
                let gets = gets_in_words(asked.scope, asked.claims_beside_scopes());
                let other_places = asked.other_places(self.record.redirect_uri.as_deref());
                return Ok(FlowNext::Question(Question {
                    application: client.name.clone(),
                    shown: asked.shown_to(face.authority(), live.session.id),
                    gets,
                    other_places,
                    order: asked.agreed_by(live.user.id),
                }));
            }
        };
        let scope = asked.given_scope(remembered.as_deref());
        let issuer = face.provider(&self.realm).issuer;
        Ok(FlowNext::Code(CodeOrder {
            session: Arc::clone(&live.session),
            consent: remembered.map(|consent| consent.number),
            offline: is_offline(&scope),
            scope,
            client: Arc::clone(&client),
            issuer: issuer.name,
            sid: issuer.sid,
            nonce: self.record.nonce.clone(),
            claims: self.record.claims.clone(),
            redirect_uri: self.record.redirect_uri.clone(),
            challenge: self.record.challenge.clone(),
        }))
    }

    pub(crate) fn resume_url(&self, face: &Face) -> String {
        format!(
            "{}/{}/as/resume?flowId={}",
            face.settings().auth_base_of(self.realm.id),
            self.realm.id,
            self.id
        )
    }

    /// The page on which a person signs on.
    pub(crate) fn page_url(&self, face: &Face) -> String {
        format!(
            "{}/{}/signon/?flowId={}",
            face.settings().apps_base_of(self.realm.id),
            self.realm.id,
            self.id
        )
    }

    /// The flow object of the wire.
    pub(crate) fn json(&self, face: &Face, code: Option<&str>) -> Value {
        let record = &self.record;
        let url =
            format!("{}/{}/flows/{}", face.settings().auth_base_of(self.realm.id), self.realm.id, self.id);
        let mut flow = json!({"_links": {"self": {"href": url}}});
        let (status, action) = match (record.completed, &record.first) {
            (true, _) => ("COMPLETED", None),
            (false, None) => ("USERNAME_PASSWORD_REQUIRED", Some("usernamePassword.check")),
            (false, Some(_)) => ("OTP_REQUIRED", Some("otp.check")),
        };
        if let Some(action) = action {
            flow["_links"][action] = json!({"href": url});
        }
        if let Some((id, username)) = &record.user {
            flow["_embedded"] = json!({"user": {"id": id, "username": username}});
        }
        flow["id"] = self.id.to_string().into();
        flow["environment"] = json!({"id": self.realm.id.to_string()});
        if let Some(session) = &record.session {
            flow["session"] = json!({"id": session});
        }
        flow["application"] = json!({"id": record.client, "name": record.application});
        flow["status"] = status.into();
        flow["resumeUrl"] = self.resume_url(face).into();
        flow["createdAt"] = rfc3339_ms(record.created_at_ms).into();
        flow["expiresAt"] = rfc3339_ms(self.expires_at.ms()).into();
        if let Some(code) = code {
            flow["authorizeResponse"] = json!({"code": code});
            if let Some(state) = &record.state {
                flow["authorizeResponse"]["state"] = state.as_str().into();
            }
        }
        flow
    }
}

impl Face {
    /// Issues a code; none if its session ended meanwhile.
    pub(crate) async fn code(&self, order: CodeOrder) -> Result<Option<String>, Problem> {
        match self.authority().issue_code(order).await {
            Ok(code) => Ok(Some(code)),
            Err(GrantError::Invalid(_) | GrantError::Replayed | GrantError::Scope) => Ok(None),
            Err(GrantError::TooManyParticipants) => Err(Problem::Authorization(Refusal::SessionFull)),
            Err(GrantError::Unwritten(unwritten)) => Err(unwritten.into()),
        }
    }

    /// The live session that a visitor's cookie opens in this environment.
    pub(crate) async fn live(
        &self,
        visitor: &Visitor,
        realm: &Realm,
        touch: bool,
    ) -> Result<Option<LiveSession>, Problem> {
        Ok(match self.counting(visitor, realm, touch).await?.map(|checked| checked.check) {
            Some(Check::Live(live)) => Some(live).filter(|live| live.session.realm == realm.id),
            Some(Check::Half(_) | Check::Not(_)) | None => None,
        })
    }

    /// The token of a visitor's cookies that counts in this environment, and what it opens.
    pub(crate) async fn counting(
        &self,
        visitor: &Visitor,
        realm: &Realm,
        touch: bool,
    ) -> Result<Option<CheckedToken>, Outage> {
        self.authority().check_carrier(visitor.tokens.counting.iter(), Some(realm.id), touch).await
    }
}
