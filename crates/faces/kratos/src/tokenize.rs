//! A session as a JWT, for those who can't ask: `tokenize_as`. Contract kratos.md 2.2; K-23.
//!
//! Nothing revokes such a token before its `exp`, so its life is short and never longer than the session's; no dialect
//! takes it for a credential. It is signed with the keys of the realm, which its JWK Set document holds.

use adieu_authority::{LiveSession, Outage, Span};
use adieu_http_kit::form::Params;
use serde_json::{Map, Value};

use crate::call::Call;
use crate::error::KratosError;
use crate::face::Face;
use crate::tokenizer::Tokenizer;
use crate::wire::SessionWire;

/// The template that a request asks for, if it asks for one.
pub(crate) fn asked_for<'f>(face: &'f Face, call: &Call) -> Result<Option<&'f Tokenizer>, KratosError> {
    if call.query().is_empty() {
        return Ok(None);
    }
    let params = Params::parse(call.query());
    let Some(name) = params.first("tokenize_as").filter(|name| !name.is_empty()) else { return Ok(None) };
    let found = face.settings.tokenizers.iter().find(|tokenizer| tokenizer.name == name);
    found.map(Some).ok_or_else(|| KratosError::malformed(format!("There is no tokenizer template {name:?}.")))
}

impl Face {
    /// The session as a signed token.
    pub(crate) async fn tokenize(
        &self,
        tokenizer: &Tokenizer,
        mount: usize,
        live: &LiveSession,
        wire: &SessionWire<'_>,
    ) -> Result<String, Outage> {
        let now = self.authority.now();
        let life = Span::from_s(i64::try_from(tokenizer.life_s).unwrap_or(i64::MAX / 1000));
        let until = now.plus(life).min(live.session.expires_at);
        let mut claims = Map::new();
        let session = serde_json::to_value(wire).expect("wire structs have text keys and finite numbers");
        for (name, place) in &tokenizer.claims {
            if let Some(value) = session.pointer(place) {
                claims.insert(name.clone(), value.clone());
            }
        }
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("jti", self.authority.draw_uuid().to_string().into());
        put("iss", self.base(mount).into());
        put("sub", live.user.id.to_string().into());
        put("sid", live.session.id.to_string().into());
        put("iat", now.s().into());
        put("nbf", now.s().into());
        put("exp", until.s().into());
        let realm = self.realm().await?;
        self.authority.sign_statement(&realm, claims).await
    }
}
