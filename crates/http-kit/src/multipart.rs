//! Multipart forms with small text fields, out of a body that has been read already.
//!
//! Files are not served: a part is text, whatever it calls itself. The number of fields has a bound of its own,
//! because each costs more than its bytes. RFC 7578.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;

use crate::form::Params;

/// More fields than any form of ours has.
const FIELDS_MAX: usize = 128;

/// The body is no multipart form, or has too many fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the multipart form is malformed")]
pub struct MalformedMultipart;

/// Reads the fields of a `multipart/form-data` body in their order. Parts without a name are left out.
pub async fn fields(body: Bytes, content_type: &str) -> Result<Params, MalformedMultipart> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| MalformedMultipart)?;
    let mut parts = multer::Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
    let mut pairs = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| MalformedMultipart)? {
        if pairs.len() == FIELDS_MAX {
            return Err(MalformedMultipart);
        }
        let name = part.name().map(str::to_owned);
        let value = part.bytes().await.map_err(|_| MalformedMultipart)?;
        if let Some(name) = name {
            pairs.push((name, String::from_utf8_lossy(&value).into_owned()));
        }
    }
    Ok(Params::from_iter(pairs))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=xyz";

    fn part(name: &str, value: &str) -> String {
        format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    fn read(body: String, content_type: &str) -> Result<Params, MalformedMultipart> {
        fields(Bytes::from(body), content_type).now_or_never().expect("the whole body is there")
    }

    #[test]
    fn fields_come_in_their_order() {
        let body = part("token", "abc") + &part("reason", "a\r\nb") + &part("token", "") + "--xyz--\r\n";
        let params = read(body, TYPE).unwrap();
        let pairs: Vec<_> = params.iter().collect();
        assert_eq!(pairs, [("token", "abc"), ("reason", "a\r\nb"), ("token", "")]);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let good = part("a", "1") + "--xyz--\r\n";
        for content_type in ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=other"] {
            assert_eq!(read(good.clone(), content_type), Err(MalformedMultipart), "{content_type}");
        }
        assert_eq!(read(part("a", "1"), TYPE), Err(MalformedMultipart), "the end is missing");
        assert_eq!(read(String::new(), TYPE), Err(MalformedMultipart));
    }

    #[test]
    fn fields_have_a_bound() {
        let of = |count| part("a", "1").repeat(count) + "--xyz--\r\n";
        assert_eq!(read(of(FIELDS_MAX), TYPE).unwrap().iter().count(), FIELDS_MAX);
        assert_eq!(read(of(FIELDS_MAX + 1), TYPE), Err(MalformedMultipart));
    }
}
