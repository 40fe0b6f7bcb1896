//! Queries, forms of both kinds, and addresses that get one more parameter.
//!
//! What is appended is read back as it was; a field that a part holds is in what is read.
#![no_main]

use adieu_http_kit::form::{Params, append_query};
use adieu_http_kit::multipart;
use futures_util::FutureExt as _;
use libfuzzer_sys::fuzz_target;

/// What stands before the value of a sound field.
const HEAD: &[u8] = b"--gap\r\nContent-Disposition: form-data; name=\"field\"\r\n\r\n";

fuzz_target!(|bytes: &[u8]| {
    let params = Params::body(bytes);
    for (name, value) in params.iter() {
        assert!(params.all(name).any(|other| other == value));
    }
    multipart_form(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (name, value) = text.split_once('\n').unwrap_or(("state", text));
    let address = append_query("https://shop.test/bye?x=1", name, value);
    let query = address.split_once('?').expect("a query").1;
    let read = Params::parse(query);
    assert_eq!(read.first("x"), Some("1"));
    assert!(name == "x" || read.first(name) == Some(value), "{address}");
});

/// The first line is the media type, the rest the body; and the same bytes as the value of a sound field.
fn multipart_form(bytes: &[u8]) {
    let read = |body: Vec<u8>, kind: &str| {
        multipart::fields(body.into(), kind).now_or_never().expect("the whole body is there")
    };
    let (kind, body) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let _ = read(body.to_vec(), &String::from_utf8_lossy(kind));
    let read = read([HEAD, bytes, b"\r\n--gap--\r\n"].concat(), "multipart/form-data; boundary=gap");
    if !bytes.windows(5).any(|five| five == b"--gap") {
        let read = read.expect("a sound form");
        assert_eq!(read.first("field"), Some(&*String::from_utf8_lossy(bytes)));
    }
}
