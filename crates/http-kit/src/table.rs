//! How a table of routes is read: methods, a path with parameters in braces, and what answers.
//!
//! The first path that fits counts, so what has no parameter stands before what has one. Nothing here knows a route.

use http::Method;

/// A row of a table: methods with a blank between them, a path, and what answers.
pub type RouteRow<E> = (&'static str, &'static str, E);

/// What stands in the place of the parameters, in their order; empty where a path has none.
pub type Parameters<'p> = [&'p str; 2];

/// What a path and method lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routed<'p, E> {
    /// To this, with what stands for the parameters.
    To(E, Parameters<'p>),
    /// The path is there under this template, and has other methods.
    OtherMethods(&'static str),
    /// No path fits.
    Nowhere,
}

/// Where a path and method lead.
pub fn find<'p, E: Copy>(table: &[RouteRow<E>], path: &'p str, method: &Method) -> Routed<'p, E> {
    let first = table.iter().find_map(|(_, template, _)| Some((*template, fits(template, path)?)));
    let Some((template, named)) = first else { return Routed::Nowhere };
    let mut rows = table.iter().filter(|(_, other, _)| *other == template);
    match rows.find(|(methods, _, _)| methods.split(' ').any(|one| one == method.as_str())) {
        Some((_, _, endpoint)) => Routed::To(*endpoint, named),
        None => Routed::OtherMethods(template),
    }
}

/// The methods of a path as `Allow` names them, with some that it names besides.
pub fn allow<E>(table: &[RouteRow<E>], path: &str, besides: &[(&str, &'static str)]) -> String {
    let rows =
        table.iter().filter(|(_, other, _)| *other == path).flat_map(|(methods, _, _)| methods.split(' '));
    let quirks = besides.iter().filter(|(other, _)| *other == path).map(|(_, method)| *method);
    let mut all: Vec<&str> = rows.chain(quirks).collect();
    all.sort_unstable();
    all.dedup();
    all.join(", ")
}

/// Every method and path of a table.
pub fn each<E>(table: &'static [RouteRow<E>]) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.iter().flat_map(|(methods, path, _)| methods.split(' ').map(move |method| (method, *path)))
}

fn fits<'p>(template: &str, path: &'p str) -> Option<Parameters<'p>> {
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

    const TABLE: [RouteRow<u8>; 4] = [
        ("GET HEAD", "/a/me", 1),
        ("GET", "/a/{id}", 2),
        ("DELETE", "/a/{id}", 3),
        ("PUT", "/a/{id}/b/{kind}", 4),
    ];

    #[test]
    fn the_first_path_that_fits_counts() {
        let found = |method: Method, path| find(&TABLE, path, &method);
        assert_eq!(found(Method::HEAD, "/a/me"), Routed::To(1, ["", ""]));
        assert_eq!(found(Method::DELETE, "/a/me"), Routed::OtherMethods("/a/me"));
        assert_eq!(found(Method::DELETE, "/a/x"), Routed::To(3, ["x", ""]));
        assert_eq!(found(Method::PUT, "/a/x/b/y"), Routed::To(4, ["x", "y"]));
        for path in ["/a", "/a/", "/a//b/y", "/a/x/b", "/a/x/b/y/z", ""] {
            assert_eq!(found(Method::GET, path), Routed::Nowhere, "{path}");
        }
    }

    #[test]
    fn allowed_methods_are_sorted() {
        assert_eq!(allow(&TABLE, "/a/{id}", &[("/a/{id}", "COPY"), ("/a/me", "MOVE")]), "COPY, DELETE, GET");
        assert_eq!(each(&TABLE_OF_ONE).collect::<Vec<_>>(), [("GET", "/a"), ("HEAD", "/a")]);
    }

    static TABLE_OF_ONE: [RouteRow<u8>; 1] = [("GET HEAD", "/a", 1)];
}
