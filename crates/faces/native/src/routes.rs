//! Which operation a path and a method mean.
//!
//! The table of operations is asked as it is: there is no second list of routes.

use adieu_http_kit::table::{self, RouteRow, Routed};
use http::Method;
use percent_encoding::percent_decode_str;

use crate::operation::Operation;
use crate::operations::ALL;

/// The operations as rows of a table.
static TABLE: [RouteRow<&Operation>; ALL.len()] = {
    let mut rows = [("", "", &ALL[0]); ALL.len()];
    let mut at = 0;
    while at < ALL.len() {
        rows[at] = (ALL[at].methods(), ALL[at].path, &ALL[at]);
        at += 1;
    }
    rows
};

/// What a path and method lead to.
#[derive(Debug)]
pub(super) enum Route {
    /// This operation, with what the path names.
    To(&'static Operation, [String; 2]),
    /// The methods that the path has.
    OtherMethods(String),
    Nowhere,
}

pub(super) fn find(path: &str, method: &Method) -> Route {
    match table::find(&TABLE, path, method) {
        // A name that is no text in UTF-8 names nothing.
        Routed::To(operation, [id, second]) => match (decoded(id), decoded(second)) {
            (Some(id), Some(second)) => Route::To(operation, [id, second]),
            (Some(_) | None, _) => Route::Nowhere,
        },
        Routed::OtherMethods(path) => Route::OtherMethods(table::allow(&TABLE, path, &[])),
        Routed::Nowhere => Route::Nowhere,
    }
}

fn decoded(id: &str) -> Option<String> {
    percent_decode_str(id).decode_utf8().ok().map(|id| id.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_path_leads_to_one_operation_or_says_which_methods_it_has() {
        let to = |path: &str, method: Method| match find(path, &method) {
            Route::To(operation, [id, second]) => format!("{} {id}{second}", operation.id),
            Route::OtherMethods(allow) => allow,
            Route::Nowhere => "nowhere".to_owned(),
        };
        assert_eq!(to("/v1/realms", Method::GET), "listRealms ");
        assert_eq!(to("/v1/realms", Method::HEAD), "listRealms ");
        assert_eq!(to("/v1/clients/a%2Fb", Method::GET), "readClient a/b");
        assert_eq!(to("/v1/realms", Method::DELETE), "GET, HEAD, POST");
        assert_eq!(to("/v1/users/a/consents/%2Fb", Method::DELETE), "withdrawConsent a/b");
        for path in ["/v1", "/v1/", "/v1/realms/", "/v1/users/", "/v1/users/%ff", "/v1/users/a/b", "/realms"]
        {
            assert_eq!(to(path, Method::GET), "nowhere", "{path}");
        }
    }

    #[test]
    fn no_two_operations_share_a_path_and_method_or_a_name() {
        let routes: BTreeSet<_> = ALL.iter().map(|one| format!("{} {}", one.method(), one.path)).collect();
        let names: BTreeSet<_> = ALL.iter().map(|one| one.id).collect();
        assert_eq!((routes.len(), names.len()), (ALL.len(), ALL.len()));
    }
}
