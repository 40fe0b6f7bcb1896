//! Which operation a path and a method mean.
//!
//! The table of operations is asked as it is: there is no second list of routes.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::operations::{ALL, Operation};

/// What a path and method lead to.
#[derive(Debug)]
pub(super) enum Found {
    /// This operation, with what the path names.
    To(&'static Operation, String),
    /// The methods that the path has.
    OtherMethods(String),
    Nowhere,
}

pub(super) fn find(path: &str, method: &Method) -> Found {
    let mut methods = Vec::new();
    for operation in ALL {
        let Some(id) = matched(operation.path, path) else { continue };
        let wanted = if *method == Method::HEAD { &Method::GET } else { method };
        let own = operation.method();
        if own == *wanted {
            return Found::To(operation, id);
        }
        if own == Method::GET {
            methods.push(Method::HEAD.to_string());
        }
        methods.push(own.to_string());
    }
    if methods.is_empty() { Found::Nowhere } else { Found::OtherMethods(methods.join(", ")) }
}

/// What stands where the template has its braces, decoded; nothing where it has none.
fn matched(template: &str, path: &str) -> Option<String> {
    let mut id = String::new();
    let (mut wanted, mut found) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Some(id),
            (Some(part), Some(segment)) if part.starts_with('{') && !segment.is_empty() => {
                id = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
            }
            (Some(part), Some(segment)) if part == segment => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_path_leads_to_one_operation_or_says_which_methods_it_has() {
        let to = |path: &str, method: Method| match find(path, &method) {
            Found::To(operation, id) => format!("{} {id}", operation.id),
            Found::OtherMethods(allow) => allow,
            Found::Nowhere => "nowhere".to_owned(),
        };
        assert_eq!(to("/v1/realms", Method::GET), "listRealms ");
        assert_eq!(to("/v1/realms", Method::HEAD), "listRealms ");
        assert_eq!(to("/v1/clients/a%2Fb", Method::GET), "readClient a/b");
        assert_eq!(to("/v1/realms", Method::DELETE), "HEAD, GET, POST");
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
