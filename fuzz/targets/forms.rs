//! Queries and forms, and addresses that get one more parameter.
//!
//! What is appended is read back as it was.
#![no_main]

use adieu_http_kit::form::{Params, append_query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let params = Params::body(bytes);
    for (name, value) in params.iter() {
        assert!(params.all(name).any(|other| other == value));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (name, value) = text.split_once('\n').unwrap_or(("state", text));
    let address = append_query("https://shop.test/bye?x=1", name, value);
    let query = address.split_once('?').expect("a query").1;
    let read = Params::parse(query);
    assert_eq!(read.first("x"), Some("1"));
    assert!(name == "x" || read.first(name) == Some(value), "{address}");
});
