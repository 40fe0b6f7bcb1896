//! `/schemas`: the identity schema by its plain and its base64 name. Contract kratos.md 3.7; K-58.
//!
//! There is one schema, so there is one page.

use adieu_http_kit::form::Params;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::answer::{Answer, json as json_answer};
use crate::call::Call;
use crate::error::KratosError;
use crate::face::Face;
use crate::links::Offset;

pub(crate) fn list(face: &Face, call: &Call) -> Answer {
    let params = Params::parse(call.query());
    let page = Offset::of(&params);
    let all = page.cut(vec![json!({"id": face.schema.id, "schema": face.schema.document})]);
    let mut answer = json_answer(StatusCode::OK, &all);
    page.lead_on(&mut answer, "/schemas", &params, 1);
    answer
}

pub(crate) fn read(face: &Face, id: &str) -> Result<Answer, KratosError> {
    let decoded = URL_SAFE_NO_PAD.decode(id).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    if id == face.schema.id || decoded.as_deref() == Some(&face.schema.id) {
        return Ok(json_answer(StatusCode::OK, &face.schema.document));
    }
    Err(KratosError::not_found("There is no identity schema of that name."))
}
