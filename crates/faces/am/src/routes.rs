//! Every address of this face, told by those who answer them.
//!
//! Realms stand in front of a resource and tokens behind it; they are left out. Nothing is routed here.

use crate::address::Resource;
use crate::oauth::Endpoint;
use crate::pages::HtmlPage;
use crate::serverinfo::InfoResource;
use crate::sessions::actions;
use crate::users::Everybodys;

/// Every route, as method and path below the context path. Under `/json` `HEAD` goes where `GET` goes.
pub fn routes() -> Vec<(&'static str, String)> {
    let mut routes = Vec::new();
    for (name, resource) in Resource::NAMES {
        let action = |action: &str| ("POST", format!("/json/{name}?_action={action}"));
        match resource {
            Resource::Sessions => {
                routes.extend(actions::names().map(action));
                routes.push(("GET", format!("/json/{name}?_queryFilter=true")));
            }
            Resource::Authenticate => routes.push(("POST", format!("/json/{name}"))),
            Resource::ServerInfo => {
                routes.extend(InfoResource::NAMES.map(|(what, _)| ("GET", format!("/json/{name}/{what}"))));
            }
            Resource::Users => routes.extend(Everybodys::NAMES.map(|(name, _)| action(name))),
        }
    }
    for (path, page) in HtmlPage::PATHS {
        routes.extend(page.methods().iter().map(|method| (*method, format!("/{path}"))));
    }
    for (path, endpoint) in Endpoint::PATHS {
        let methods = endpoint.allow().split(", ");
        routes.extend(methods.map(|method| (method, format!("/oauth2/{path}"))));
    }
    routes
}
