//! How a table of routes is read: methods, a path with parameters in braces, and what answers.
//!
//! The first path that fits counts, so what has no parameter stands before what has one. Nothing here knows a route.

use axum::http::Method;

/// A row: methods with a blank between them, a path, and what answers.
pub(crate) type Row<E> = (&'static str, &'static str, E);

/// What stands in the place of the parameters, in their order; empty where a path has none.
pub(crate) type Named<'p> = [&'p str; 2];

/// What a path and method lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found<'p, E> {
    To(E, Named<'p>),
    /// The path is there under this template, and has other methods.
    OtherMethods(&'static str),
    Nowhere,
}

pub(crate) fn find<'p, E: Copy>(table: &[Row<E>], path: &'p str, method: &Method) -> Found<'p, E> {
    let first = table.iter().find_map(|(_, template, _)| Some((*template, fits(template, path)?)));
    let Some((template, named)) = first else { return Found::Nowhere };
    let mut rows = table.iter().filter(|(_, other, _)| *other == template);
    match rows.find(|(methods, _, _)| methods.split(' ').any(|one| one == method.as_str())) {
        Some((_, _, endpoint)) => Found::To(*endpoint, named),
        None => Found::OtherMethods(template),
    }
}

/// The methods of a path as `Allow` names them, with some that it names besides.
pub(crate) fn allow<E>(table: &[Row<E>], path: &str, besides: &[(&str, &'static str)]) -> String {
    let rows =
        table.iter().filter(|(_, other, _)| *other == path).flat_map(|(methods, _, _)| methods.split(' '));
    let quirks = besides.iter().filter(|(other, _)| *other == path).map(|(_, method)| *method);
    let mut all: Vec<&str> = rows.chain(quirks).collect();
    all.sort_unstable();
    all.dedup();
    all.join(", ")
}

/// Every method and path of a table.
pub(crate) fn each<E>(table: &'static [Row<E>]) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.iter().flat_map(|(methods, path, _)| methods.split(' ').map(move |method| (method, *path)))
}

fn fits<'p>(template: &str, path: &'p str) -> Option<Named<'p>> {
    let mut named = [""; 2];
    if !template.contains('{') {
        return (template == path).then_some(named);
    }
    let (mut wanted, mut found, mut places) = (template.split('/'), path.split('/'), named.iter_mut());
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Some(named),
            (Some(part), Some(segment)) if part.starts_with('{') && !segment.is_empty() => {
                *places.next()? = segment;
            }
            (Some(part), Some(segment)) if part == segment => {}
            (Some(_), Some(_) | None) | (None, Some(_)) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [Row<u8>; 4] = [
        ("GET HEAD", "/a/me", 1),
        ("GET", "/a/{id}", 2),
        ("DELETE", "/a/{id}", 3),
        ("PUT", "/a/{id}/b/{kind}", 4),
    ];

    #[test]
    fn the_first_path_that_fits_counts() {
        let found = |method: Method, path| find(&TABLE, path, &method);
        assert_eq!(found(Method::HEAD, "/a/me"), Found::To(1, ["", ""]));
        assert_eq!(found(Method::DELETE, "/a/me"), Found::OtherMethods("/a/me"));
        assert_eq!(found(Method::DELETE, "/a/x"), Found::To(3, ["x", ""]));
        assert_eq!(found(Method::PUT, "/a/x/b/y"), Found::To(4, ["x", "y"]));
        for path in ["/a", "/a/", "/a//b/y", "/a/x/b", "/a/x/b/y/z", ""] {
            assert_eq!(found(Method::GET, path), Found::Nowhere, "{path}");
        }
    }

    #[test]
    fn allowed_methods_are_sorted() {
        assert_eq!(allow(&TABLE, "/a/{id}", &[("/a/{id}", "COPY"), ("/a/me", "MOVE")]), "COPY, DELETE, GET");
        assert_eq!(each(&TABLE_OF_ONE).collect::<Vec<_>>(), [("GET", "/a"), ("HEAD", "/a")]);
    }

    static TABLE_OF_ONE: [Row<u8>; 1] = [("GET HEAD", "/a", 1)];
}
