//! The answer after which a browser is signed off: a mark for whoever tells browsers what to forget.
//!
//! A dialect whose own contract says what its answer tells the browser sets no mark; nor does anybody where the browser carries a
//! session of another realm, which lives on.

use http::Response;

/// Nobody is signed on in this browser any more, of any realm.
#[derive(Clone, Copy, Debug)]
struct BrowserSignedOff;

/// The answer, marked.
pub fn marked<B>(mut response: Response<B>) -> Response<B> {
    response.extensions_mut().insert(BrowserSignedOff);
    response
}

/// Whether the answer is marked.
pub fn is_marked<B>(response: &Response<B>) -> bool {
    response.extensions().get::<BrowserSignedOff>().is_some()
}
