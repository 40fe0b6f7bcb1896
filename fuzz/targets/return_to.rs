//! Return addresses: nothing that is not on the list is ever let through.
//!
//! The list has one exact host, one wildcard and one scheme of an application.
#![no_main]

use adieu_http_kit::return_to::AllowList;
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|text: &str| {
    let (list, dropped) =
        AllowList::new(["https://app.test/in", "https://*.wild.test/", "exp://native.test/--/"]);
    assert!(dropped.is_empty());
    let default = Url::parse("https://app.test/in/home").expect("an address");
    let Ok(allowed) = list.check(text, &default) else { return };
    let url = Url::parse(allowed.as_str()).unwrap_or_else(|_| panic!("{text:?} became no address"));
    // The list is without regard to letter case; schemes of applications keep a host as it is spelled.
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let known = match url.scheme() {
        "https" => (host == "app.test" && url.path().starts_with("/in")) || host.ends_with(".wild.test"),
        "exp" => host == "native.test" && url.path().starts_with("/--/"),
        _ => false,
    };
    assert!(known, "{text:?} leads to {url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{text:?}");
    assert!(!allowed.as_str().contains(['\r', '\n', '\\']), "{text:?}");
});
