//! Pages: what a query asks for and the `Link` header that leads on. Contract kratos.md 2.6.
//!
//! Self-service lists count pages or take an offset, and forgive everything; admin lists go by a mark, and do not.

use adieu_http_kit::form::Params;
use axum::http::HeaderValue;
use axum::http::header::LINK;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::error::KratosError;

const SIZE_DEFAULT: u32 = 250;
const SIZE_MAX: u32 = 1000;
/// The name of the page size in a query.
const SIZE: &str = "page_size";
/// The name of the mark in a query.
const TOKEN: &str = "page_token";
/// The older pair: the number of a page and its size.
const PAGE: &str = "page";
const PER_PAGE: &str = "per_page";

/// A page of a list whose length is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offset {
    size: usize,
    /// The first row that is shown.
    from: usize,
    /// Where the links think that the page is.
    at: usize,
    /// Whether the query named a size that is one.
    named: bool,
}

impl Offset {
    /// What the query asks for. Odd values are forgiven, as recorded: zero and less is one, too much is the most.
    pub(crate) fn of(params: &Params) -> Self {
        let number = |name: &str| params.first(name).and_then(|text| text.parse::<i64>().ok());
        let size = |asked: Option<i64>| {
            asked.map_or(SIZE_DEFAULT as usize, |n| {
                usize::try_from(n.clamp(1, i64::from(SIZE_MAX))).unwrap_or(1)
            })
        };
        if params.first(SIZE).is_some() || params.first(TOKEN).is_some() {
            let from = params.first(TOKEN).and_then(offset_of).unwrap_or(0);
            return Self { size: size(number(SIZE)), from, at: from, named: number(SIZE).is_some() };
        }
        let named = number(PER_PAGE).is_some();
        let size = size(number(PER_PAGE));
        let page = number(PAGE).and_then(|page| usize::try_from(page).ok()).unwrap_or(0);
        // Quirk: the older numbers count from one where rows are cut, and from zero where pages are linked. K-32
        let from = page.saturating_sub(1).saturating_mul(size);
        Self { size, from, at: page.saturating_mul(size), named }
    }

    /// The first row that is shown.
    pub(crate) const fn from(self) -> usize {
        self.from
    }

    /// How many rows are shown.
    pub(crate) const fn size(self) -> usize {
        self.size
    }

    /// This page of a list.
    pub(crate) fn cut<T>(self, all: Vec<T>) -> Vec<T> {
        all.into_iter().skip(self.from).take(self.size).collect()
    }

    /// The header for a list of `total`: what else the query asked for is kept (F-33).
    pub(crate) fn lead_on(self, answer: &mut Answer, path: &str, params: &Params, total: usize) {
        let link = |from: usize, rel: &str| {
            let token = URL_SAFE_NO_PAD.encode(json!({"offset": from.to_string(), "v": 2}).to_string());
            // Quirk: where no size was named, the links name the number of rows. K-32
            let size = if self.named || total == 0 { self.size } else { self.size.min(total) };
            let page = from / self.size;
            let own = [
                (PAGE, page.to_string()),
                (SIZE, size.to_string()),
                (TOKEN, token),
                (PER_PAGE, size.to_string()),
            ];
            format!("<{path}?{}>; rel=\"{rel}\"", query(params, &own))
        };
        let last = total.saturating_sub(1) / self.size * self.size;
        let mut links = Vec::new();
        if self.at > 0 || total <= self.size {
            links.push(link(0, "first"));
        }
        if self.at + self.size < total {
            links.push(link(self.at + self.size, "next"));
        }
        if self.at > 0 {
            let before = if self.at >= total.max(1) { 0 } else { self.at.saturating_sub(self.size) };
            links.push(link(before, "prev"));
        }
        if self.at + self.size < total {
            links.push(link(last, "last"));
        }
        put(answer, &links.join(","));
        answer.headers_mut().insert("x-total-count", HeaderValue::from(total));
    }
}

/// A page by its number, of a list that goes by marks otherwise: the older way, while the query names neither mark nor size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberedPage {
    /// Counts from one.
    number: u64,
    size: u32,
}

impl NumberedPage {
    /// What the query asks for, if it counts pages. Odd values are forgiven (F-6).
    pub(crate) fn of(params: &Params) -> Option<Self> {
        let counts = params.first(PAGE).is_some() || params.first(PER_PAGE).is_some();
        if !counts || params.first(SIZE).is_some() || params.first(TOKEN).is_some() {
            return None;
        }
        let number = |name: &str| params.first(name).and_then(|text| text.parse::<u64>().ok());
        let size = number(PER_PAGE).filter(|size| *size > 0).unwrap_or(SIZE_DEFAULT.into());
        Some(Self {
            number: number(PAGE).unwrap_or(1).max(1),
            size: u32::try_from(size).unwrap_or(SIZE_MAX).min(SIZE_MAX),
        })
    }

    /// How many rows lie before it.
    pub(crate) const fn before(self) -> u64 {
        (self.number - 1).saturating_mul(self.size as u64)
    }

    pub(crate) const fn size(self) -> u32 {
        self.size
    }

    /// The header; `more` says whether a page follows.
    pub(crate) fn lead_on(self, answer: &mut Answer, path: &str, params: &Params, more: bool) {
        let size = self.size.to_string();
        let link = |page: u64, rel: &str| {
            let own = [(PAGE, page.to_string()), (PER_PAGE, size.clone())];
            format!("<{path}?{}>; rel=\"{rel}\"", query(params, &own))
        };
        let mut links = vec![link(1, "first")];
        links.extend(more.then(|| link(self.number.saturating_add(1), "next")));
        links.extend((self.number > 1).then(|| link(self.number - 1, "prev")));
        put(answer, &links.join(","));
    }
}

/// A query with these pairs, and whatever else another query asked for, in alphabetical order.
fn query(params: &Params, own: &[(&str, String)]) -> String {
    let paging = |name: &str| [SIZE, TOKEN, PAGE, PER_PAGE].contains(&name);
    let kept = params
        .iter()
        .filter(|(name, _)| !paging(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut pairs: Vec<(String, String)> = kept.collect();
    pairs.extend(own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn offset_of(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let token: Value = serde_json::from_slice(&bytes).ok()?;
    token["offset"].as_str()?.parse().ok()
}

/// How many an admin list shows: not a number is refused, zero and less is the usual number.
pub(crate) fn size(params: &Params) -> Result<u32, KratosError> {
    match params.first(SIZE).filter(|text| !text.is_empty()) {
        None => Ok(SIZE_DEFAULT),
        Some(text) => match text.parse::<i64>() {
            Ok(n) if n < 1 => Ok(SIZE_DEFAULT),
            Ok(n) => Ok(u32::try_from(n).unwrap_or(SIZE_MAX).min(SIZE_MAX)),
            Err(_) => Err(KratosError::unparseable("could not parse parameter page_size")),
        },
    }
}

/// The mark that an admin list goes on from.
pub(crate) fn token(params: &Params) -> Option<&str> {
    params.first(TOKEN).filter(|text| !text.is_empty())
}

/// The header of a list that goes by marks: where it begins, and where it goes on. Whatever else the query asked for is
/// kept, in alphabetical order.
pub(crate) fn lead_on_by_mark(
    answer: &mut Answer,
    path: &str,
    params: &Params,
    (size, first, next): (u32, &str, Option<String>),
) {
    let link = |token: &str, rel: &str| {
        let own = [(SIZE, size.to_string()), (TOKEN, token.to_owned())];
        format!("<{path}?{}>; rel=\"{rel}\"", query(params, &own))
    };
    let mut links = vec![link(first, "first")];
    links.extend(next.map(|next| link(&next, "next")));
    put(answer, &links.join(","));
}

fn put(answer: &mut Answer, links: &str) {
    // Everything in it was encoded; what no header can carry has no link.
    if let Ok(value) = HeaderValue::from_str(links) {
        answer.headers_mut().insert(LINK, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;

    fn of(query: &str) -> (usize, usize) {
        let Offset { size, from, .. } = Offset::of(&Params::parse(query));
        (size, from)
    }

    #[test]
    fn self_service_lists_forgive_odd_values() {
        assert_eq!(of(""), (250, 0));
        for odd in ["page_size=0", "page_size=-4"] {
            assert_eq!(of(odd), (1, 0), "{odd}");
        }
        assert_eq!(of("page_size=5000"), (1000, 0));
        assert_eq!(of("page_size=x&page=3&per_page=2"), (250, 0), "the later pair is not looked at");
        assert_eq!(of("per_page=2&page=9"), (2, 16));
        assert_eq!((of("per_page=2&page=0"), of("per_page=2&page=1")), ((2, 0), (2, 0)));
        assert_eq!(of("per_page=2&page=-1"), (2, 0));
        assert_eq!(of("page_token=rubbish&page_size=7"), (7, 0));
        assert_eq!(
            of(&format!("page_token={}", URL_SAFE_NO_PAD.encode(r#"{"offset":"2","v":2}"#))),
            (250, 2)
        );
    }

    #[test]
    fn admin_lists_do_not() {
        let of = |query: &str| size(&Params::parse(query)).map_err(|error| error.status);
        assert_eq!(of("page_size=x"), Err(StatusCode::BAD_REQUEST));
        assert_eq!((of("page_size=0"), of("page_size=-1"), of("")), (Ok(250), Ok(250), Ok(250)));
        assert_eq!((of("page_size=5000"), of("page_size=2")), (Ok(1000), Ok(2)));
    }
}
