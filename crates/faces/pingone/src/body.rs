//! Bodies: forms and JSON, bounded in length and time.
//!
//! Where a parameter stands in both query and form, the form wins (contract pingone.md 1.2).

use std::time::Duration;

use adieu_http_kit::body::{BodyError, read};
use adieu_http_kit::form::Params;
use adieu_http_kit::media;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use http::Method;
use http::request::Parts;

use crate::problem::Problem;

/// The longest body that is read.
const BYTES_MAX: usize = 64 * 1024;
/// How long a client may take to send it.
const PATIENCE: Duration = Duration::from_secs(10);
const FORM: &str = "application/x-www-form-urlencoded";

/// The whole body.
pub(crate) async fn bytes(body: Body) -> Result<Bytes, Problem> {
    Ok(read(body, BYTES_MAX, PATIENCE).await?)
}

/// A form. A body of another type is refused, an empty one may have any.
pub(crate) async fn form(parts: &Parts, body: Body) -> Result<Params, Problem> {
    let bytes = bytes(body).await?;
    if bytes.is_empty() {
        return Ok(Params::default());
    }
    if !media::is(&parts.headers, FORM) {
        return Err(Problem::MediaType);
    }
    Ok(Params::body(&bytes))
}

/// What a request says in its query or, if it is a post, in its form and its query together.
pub(crate) async fn params(request: Request) -> Result<(Parts, Params), Problem> {
    let (parts, stream) = request.into_parts();
    let query = Params::of(&parts.uri);
    let params =
        if parts.method == Method::POST { over(&form(&parts, stream).await?, &query) } else { query };
    Ok((parts, params))
}

fn over(form: &Params, query: &Params) -> Params {
    let only_there = query.iter().filter(|(name, _)| form.first(name).is_none());
    form.iter().chain(only_there).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A parameter that may come once; an empty one counts as absent.
pub(crate) fn once<'p>(params: &'p Params, name: &'static str) -> Result<Option<&'p str>, Problem> {
    let value =
        params.only(name).map_err(|_| Problem::invalid(name, "The parameter may be given once only."))?;
    Ok(value.filter(|value| !value.is_empty()))
}

/// Too many bodies at once are too many requests at once.
impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Crowded => Self::Busy,
            BodyError::TooLarge | BodyError::Slow | BodyError::Broken => Self::Body(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_wins_over_the_query() {
        let both = over(&Params::parse("a=1&b="), &Params::parse("a=2&b=3&c=4"));
        assert_eq!(both, Params::parse("a=1&b=&c=4"));
        assert!(once(&Params::parse("a=1&a=1"), "a").is_err());
        assert_eq!(once(&both, "b").ok(), Some(None));
    }
}
