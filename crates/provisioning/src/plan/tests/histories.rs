//! Documents by chance, one after the other: a second plan is empty, and an export is the inverse of a plan.
//!
//! No example stands here, and nothing is carried out.

use proptest::prelude::*;

use super::*;
use crate::client_words::{AuthMethod, GrantType};
use crate::document::{ClientDoc, KeptDoc, RoleDoc, UserDoc};
use crate::export::export;

fn some<T: Clone + Debug + 'static>(of: &[T]) -> impl Strategy<Value = Option<T>> + use<T> {
    prop::option::of(prop::sample::select(of.to_vec()))
}

fn texts(of: &[&str]) -> impl Strategy<Value = Option<String>> + use<> {
    some(&of.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
}

fn roles() -> impl Strategy<Value = Option<Vec<RoleDoc>>> {
    let role = (texts(&["/", "/a"]), texts(&["Default", "Guests"])).prop_map(|(realm, population)| RoleDoc {
        role: "identity-data-admin".into(),
        realm,
        population,
    });
    prop::option::of(prop::collection::vec(role, 0..3))
}

prop_compose! {
    fn users()(name in prop::sample::select(vec!["ada", "Ada", "bob", "cy"]), enabled in some(&[true, false]),
        population in texts(&["Default", "Guests"]), email in texts(&["", "x@y.test"]),
        traits in texts(&["{}", r#"{"a":1,"b":null}"#, r#"{"b":null,"a":1}"#]), metadata_admin in texts(&["", "null", "[1]"]),
        password_env in texts(&["PW"]), roles in roles()) -> UserDoc {
        UserDoc { username: name.into(), enabled, population, email, traits, metadata_admin, password_env, roles,
            ..UserDoc::default() }
    }
}

prop_compose! {
    fn clients()(id in prop::sample::select(vec!["shop", "wiki", "mail"]), enabled in some(&[true, false]),
        token_endpoint_auth_method in some(&[AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost]),
        grant_types in some(&[vec![], vec![GrantType::RefreshToken, GrantType::AuthorizationCode, GrantType::RefreshToken]]),
        origins in some(&[vec!["*".to_owned()], vec![], vec!["https://a.test".to_owned()]]),
        access_life_s in some(&[0, 60, u32::MAX]), roles in roles()) -> ClientDoc {
        ClientDoc { client_id: id.into(), enabled, token_endpoint_auth_method, grant_types, origins, access_life_s, roles, ..ClientDoc::default() }
    }
}

prop_compose! {
    fn documents_kept()(kind in prop::sample::select(KINDS.to_vec()), id in prop::sample::select(vec!["self", "7"]),
        body in prop::sample::select(vec!["{}", r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#])) -> KeptDoc {
        KeptDoc { kind: kind.into(), id: id.into(), body: body.into() }
    }
}

prop_compose! {
    fn realms()(path in prop::sample::select(vec!["/", "/a", "/a/b"]),
        populations in prop::option::of(prop::sample::subsequence(vec!["Default", "Guests", "Others"], 0..4)),
        description in texts(&["", "x"]), users in prop::option::of(prop::collection::vec(users(), 0..4)),
        clients in prop::option::of(prop::collection::vec(clients(), 0..4)),
        documents in prop::option::of(prop::collection::vec(documents_kept(), 0..3))) -> RealmDoc {
        let named = |name: &str| PopulationDoc { name: name.into(), id: None, description: description.clone() };
        let populations = populations.map(|names| names.into_iter().map(named).collect());
        RealmDoc { path: path.into(), id: None, populations, users, clients, upstreams: None, documents }
    }
}

fn documents() -> impl Strategy<Value = Declaration> {
    prop::collection::vec(realms(), 0..4).prop_map(|realms| Declaration { realms })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Goal: a document is applied once, an export of the facts changes nothing, not even with pruning, and makes the same
    /// facts where there are none.
    /// Method: documents over few names, so that they meet; those that are refused are refused as a whole.
    #[test]
    fn a_second_plan_is_empty_and_an_export_is_the_inverse(history in prop::collection::vec((documents(), any::<bool>()), 1..5)) {
        let mut facts = nothing();
        let mut draw = numbered(1);
        for (document, prune) in history {
            let Ok(planned) = plan(&facts, &document, prune, &mut draw) else { continue };
            facts = so(facts, planned);
            let again = plan(&facts, &document, prune, &mut draw).expect("it was possible once");
            prop_assert!(again.is_empty(), "{again:?}");
            let text = export(&facts, None).text();
            let exported = Declaration::parse(&text).expect("a document");
            let again = plan(&facts, &exported, true, &mut draw).expect("an export can be applied");
            prop_assert!(again.is_empty(), "{again:?}\n{text}");
            if !text.contains("population = \"0000") {
                let elsewhere = plan(&nothing(), &exported, true, &mut draw).expect("also elsewhere");
                let copy = so(nothing(), elsewhere);
                prop_assert_eq!(export(&copy, None).text(), text);
            }
        }
    }
}
