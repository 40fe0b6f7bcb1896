//! Queries: who may list, what a list looks like, and which filters are none.
//!
//! Contract am.md 1.11.

use crate::fixture::{ADMIN, ALICE, Ask, BOBBY, FaceFixture, SESSIONS, WARDEN};

/// A query of the bare address, its filter encoded.
fn query(fixture: &FaceFixture, filter: &str, version: &str) -> Ask {
    let encoded = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
    let ask = fixture.ask("GET", &format!("/am/json/sessions?_queryFilter={encoded}"));
    ask.header("Accept-API-Version", version)
}

const OF_ALICE: &str = r#"username eq "alice" and realm eq "/alpha""#;

/// A-17: the envelope with all its members, entries newest first, times and revision by version and protocol.
#[tokio::test]
async fn administrators_list_the_sessions_of_a_user() {
    let fixture = FaceFixture::start().await;
    let admin = fixture.sign_on_admin().await;
    let none = query(&fixture, OF_ALICE, "resource=2.0, protocol=1.0").token(&admin).send().await;
    let envelope = |result: &str, count: usize| {
        format!(
            r#"{{"result":[{result}],"resultCount":{count},"pagedResultsCookie":null,"totalPagedResultsPolicy":"NONE","totalPagedResults":-1,"remainingPagedResults":-1}}"#
        )
    };
    assert_eq!(none.text, envelope("", 0));
    assert_eq!(none.all("cache-control"), ["no-store"]);
    let first = fixture.sign_on(ALICE).await;
    fixture.wait_s(5);
    let second = fixture.sign_on(ALICE).await;
    fixture.sign_on(BOBBY).await;
    let handle = |token: &str| {
        let ask = fixture.action("getSessionInfo", "2.0").token(token).send();
        async { ask.await.json()["sessionHandle"].as_str().unwrap().to_owned() }
    };
    let listed = query(&fixture, OF_ALICE, "resource=2.0, protocol=1.0").token(&admin).send().await;
    let entry = |handle: &str, at: &str| {
        format!(
            r#"{{"username":"alice","universalId":"id=alice,ou=user,o=alpha,ou=services,ou=am-config","realm":"/alpha","sessionHandle":"{handle}","latestAccessTime":"2026-11-20T09:14:{at}Z","maxIdleExpirationTime":"2026-11-20T09:44:{at}Z","maxSessionExpirationTime":"2026-11-20T11:14:{at}Z"}}"#
        )
    };
    let entries = [entry(&handle(&second).await, "12"), entry(&handle(&first).await, "07")];
    assert_eq!(listed.text, envelope(&entries.join(","), 2));
    fixture.action("logout", "2.0").token(&first).send().await;
    for (version, revised, ms) in [
        ("resource=2.0, protocol=2.1", true, false),
        ("resource=3.1, protocol=1.0", false, true),
        ("resource=4.0, protocol=1.0", true, true),
        ("resource=5.1", true, true),
    ] {
        let reply = query(&fixture, OF_ALICE, version).token(&admin).send().await.json();
        let entry = &reply["result"][0];
        assert_eq!(
            (reply["resultCount"].as_u64(), entry["_rev"].is_string()),
            (Some(1), revised),
            "{version}"
        );
        assert_eq!(entry["latestAccessTime"].as_str().unwrap().contains('.'), ms, "{version}");
        assert!(entry.get("_id").is_none() && entry.get("properties").is_none());
    }
}

/// A-17: nobody is 401, users are 403, also about themselves, and the realm of the filter is what must be administered.
#[tokio::test]
async fn others_list_nothing() {
    let fixture = FaceFixture::start().await;
    let (alice, warden) = (fixture.sign_on(ALICE).await, fixture.sign_on(WARDEN).await);
    let version = "resource=2.0, protocol=1.0";
    for filter in [OF_ALICE, r#"realm eq "/alpha""#, r#"realm eq "/nowhere""#] {
        assert_eq!(query(&fixture, filter, version).send().await.refused(401), "Access Denied");
        assert_eq!(
            query(&fixture, filter, version).token("garbage").send().await.refused(401),
            "Access Denied"
        );
        let reply = query(&fixture, filter, version).token(&alice).send().await;
        assert_eq!(reply.refused(403), "Forbidden");
        assert!(reply.all("content-api-version").is_empty());
    }
    let at = |filter: &str| {
        let encoded = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        fixture.ask("GET", &format!("{SESSIONS}?_queryFilter={encoded}")).token(&warden)
    };
    assert_eq!(at(OF_ALICE).send().await.json()["resultCount"], 1);
    let root = format!(r#"username eq "{}" and realm eq "/""#, ADMIN.0);
    assert_eq!(at(&root).send().await.refused(403), "Forbidden");
}

/// A-17: a realm alone lists whoever is there, and 1.x has its own short list by names it knows.
#[tokio::test]
async fn a_whole_realm_is_listed() {
    let fixture = FaceFixture::start().await;
    let (admin, alice, bobby) =
        (fixture.sign_on_admin().await, fixture.sign_on(ALICE).await, fixture.sign_on(BOBBY).await);
    fixture.wait_s(61);
    let version = "resource=2.0, protocol=1.0";
    let names = |reply: serde_json::Value| {
        let entries = reply["result"].as_array().unwrap().iter();
        let mut names: Vec<String> =
            entries.map(|entry| entry["username"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let all = || async {
        names(query(&fixture, r#"realm eq '/alpha'"#, version).token(&admin).send().await.json())
    };
    assert_eq!(all().await, ["alice", "bobby"]);
    let of_root = query(&fixture, r#"realm eq "/""#, version).token(&admin).send().await.json();
    assert_eq!(names(of_root), ["amadmin"]);
    fixture.action("logout", "2.0").token(&bobby).send().await;
    assert_eq!(all().await, ["alice"]);

    let old = |query: &str| {
        let ask = fixture.ask("GET", &format!("{SESSIONS}?{query}")).token(&admin);
        ask.header("Accept-API-Version", "resource=1.1, protocol=1.0").send()
    };
    for id in ["all", "01", "server&serverId=01"] {
        let listed = old(&format!("_queryId={id}")).await.json();
        assert_eq!(listed["result"].to_string(), r#"[{"userid":"alice","timeleft":118}]"#);
    }
    assert_eq!(old("_queryId=list").await.json()["result"].to_string(), r#"[["01"]]"#);
    for id in ["02", "server", "server&serverId=02"] {
        assert_eq!(old(&format!("_queryId={id}")).await.json()["resultCount"], 0, "{id}");
    }
    old("_queryFilter=true").await.refused(400);
    let refused = fixture.ask("GET", &format!("{SESSIONS}?_queryId=all")).token(&alice);
    refused.header("Accept-API-Version", "resource=1.1").send().await.refused(403);
}

/// HOME-LIMITS: a list ends at AM's own limit.
#[tokio::test]
async fn a_list_has_an_end() {
    let fixture = FaceFixture::start().await;
    let admin = fixture.sign_on_admin().await;
    let mut newest = String::new();
    for _ in 0..125 {
        newest = fixture.sign_on(ALICE).await;
        fixture.wait_s(1);
    }
    for filter in [OF_ALICE, r#"realm eq "/alpha""#] {
        let reply = query(&fixture, filter, "resource=2.0, protocol=1.0").token(&admin).send().await.json();
        assert_eq!(reply["resultCount"], 120, "{filter}");
        let info = fixture.action("getSessionInfo", "2.0").token(&newest).send().await.json();
        assert_eq!(reply["result"][0]["sessionHandle"], info["sessionHandle"], "the newest ones");
    }
}

/// A-34: what is wrong with a filter; what cannot be parsed is told before anybody asks for a caller.
#[tokio::test]
async fn bad_filters_are_told_what_is_wrong() {
    let fixture = FaceFixture::start().await;
    let admin = fixture.sign_on_admin().await;
    let version = "resource=5.1, protocol=2.1";
    for (filter, message) in [
        (r#"mail eq "x" and realm eq "/alpha""#, "mail is not supported in query filter"),
        (r#"username eq "x""#, "The query filter must specify the realm"),
        ("true", "The query is not supported"),
        (r#"username eq "x" or realm eq "/alpha""#, "The query is not supported"),
    ] {
        let reply = query(&fixture, filter, version).token(&admin).send().await;
        assert_eq!(reply.refused(400), message, "{filter}");
        assert_eq!(reply.all("content-api-version"), ["resource=5.1"]);
    }
    for filter in ["", "username eq", "~~~"] {
        let message = format!(
            "The value '{filter}' for parameter '_queryFilter' could not be parsed as a valid query filter"
        );
        assert_eq!(query(&fixture, filter, version).send().await.refused(400), message);
    }
    for filter in [
        r#"realm eq "/nowhere""#,
        r#"username eq "alice" and realm eq "alpha""#,
        r#"username eq "nobody" and realm eq "/alpha""#,
        r#"realm eq "/" and realm eq "/alpha""#,
    ] {
        let reply = query(&fixture, filter, version).token(&admin).send().await;
        assert_eq!(reply.json()["resultCount"], 0, "{filter}");
    }
}

/// A-34: parameters that do not go together or are no numbers.
#[tokio::test]
async fn odd_parameters_are_refused() {
    let fixture = FaceFixture::start().await;
    let admin = fixture.sign_on_admin().await;
    for (parameters, message) in [
        ("_queryFilter=true&_queryId=all", "The parameters _queryId and _queryFilter are mutually exclusive"),
        (
            "_queryId=all&_queryExpression=x",
            "The parameters _queryId and _queryExpression are mutually exclusive",
        ),
        (
            "_queryFilter=true&_queryFilter=true",
            "Multiple values provided for the single-valued request parameter '_queryFilter'",
        ),
        (
            "_queryFilter=true&_pageSize=x",
            "The value 'x' for parameter '_pageSize' could not be parsed as a valid integer",
        ),
        (
            "_queryFilter=true&_pagedResultsOffset=1.5",
            "The value '1.5' for parameter '_pagedResultsOffset' could not be parsed as a valid integer",
        ),
        (
            "_queryFilter=true&_pagedResultsOffset=1&_pagedResultsCookie=x",
            "The parameters _pagedResultsOffset and _pagedResultsCookie are mutually exclusive",
        ),
        ("_queryExpression=x", "The query is not supported"),
        ("_queryId=all", "The query is not supported"), // By the newest version.
    ] {
        let reply = fixture.ask("GET", &format!("{SESSIONS}?{parameters}")).token(&admin).send().await;
        assert_eq!(reply.refused(400), message, "{parameters}");
    }
}

/// A-41: the wanted members of each entry, and the revision where the protocol wants it.
#[tokio::test]
async fn entries_are_cut_to_fields() {
    let fixture = FaceFixture::start().await;
    let (admin, _alice) = (fixture.sign_on_admin().await, fixture.sign_on(ALICE).await);
    let encoded = percent_encoding::utf8_percent_encode(OF_ALICE, percent_encoding::NON_ALPHANUMERIC);
    let path = format!("{SESSIONS}?_queryFilter={encoded}&_fields=realm,username,nope&_pageSize=1");
    let ask =
        |version: &str| fixture.ask("GET", &path).token(&admin).header("Accept-API-Version", version).send();
    let reply = ask("resource=2.0, protocol=1.0").await.json();
    assert_eq!(reply["result"][0].to_string(), r#"{"realm":"/alpha","username":"alice"}"#);
    let entry = ask("resource=2.0, protocol=2.0").await.json()["result"][0].clone();
    let names: Vec<&String> = entry.as_object().unwrap().keys().collect();
    assert_eq!(names, ["_rev", "realm", "username"]);
}
