//! Plans of subscribers: made, changed and pruned like clients.
//!
//! A document says no secret, only where one lies.

use adieu_authority::Subscriber;

use super::*;

pub(super) fn subscriber(realm: RealmId, new: PlannedSubscriber) -> Subscriber {
    let sealed = || adieu_core::SealedCredential::from_bytes(vec![]);
    let PlannedSubscriber { id, kind, address, enabled, secret: _ } = new;
    Subscriber {
        id,
        realm,
        kind,
        address,
        enabled,
        credential: sealed(),
        previous: None,
        told_from: adieu_core::EndingPlace::of(1, 0).expect("a place"),
        version: Version::FIRST,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// Goal: subscribers are made, changed and pruned like clients; a document says no secret, and what is there keeps its own and its kind.
#[test]
fn subscribers_are_planned_like_clients() {
    let of_town = |text: &str| format!("[[realms]]\npath = '/town'\n[[realms.subscribers]]\n{text}");
    let hook = "id = 'audit'\nkind = 'webhook'\naddress = 'https://a.test/hook'";
    let facts = after(&fixture(), &of_town(hook));
    assert!(lines(&facts, &of_town(hook), true).is_empty(), "a second plan is empty");
    let moved =
        "id = 'audit'\nkind = 'webhook'\naddress = 'https://b.test/hook'\nenabled = false\ncauses = ['idle']";
    let changed = lines(&facts, &of_town(moved), false);
    assert_eq!(changed.len(), 1);
    assert!(changed[0].starts_with("~ subscriber audit in /town: what it is sent, address"), "{changed:?}");
    let none = "[[realms]]\npath = '/town'\nsubscribers = []";
    assert_eq!(lines(&facts, none, true), ["- subscriber audit in /town"]);
    assert!(lines(&facts, none, false).is_empty());
    let gtr = "id = 'other'\nkind = 'global_token_revocation'\naddress = 'https://o.test/r'";
    let sound = format!("{gtr}\nsubject_format = 'opaque'\nsecret_env = 'TOKEN'");
    assert_eq!(lines(&facts, &of_town(&sound), false), ["+ subscriber other in /town"]);
    for (text, says) in [
        (format!("{gtr}\nsubject_format = 'opaque'"), "a new `global_token_revocation` has its bearer token"),
        (format!("{gtr}\nsecret_env = 'TOKEN'"), "subject_format: iss_sub, email or opaque"),
        (sound.replace("https://o.test", "http://o.test"), "a subscriber's address is https"),
        (sound.replace("'other'", "'audit'"), "it is there with another `kind`"),
        (format!("{sound}\nsecret_file = 'token'"), "give one of `secret_env` and `secret_file`"),
        (hook.replace("audit", "a b"), "a subscriber's `id` has 1 to 64"),
        (
            hook.replace("'webhook'", "'mail'").replace("audit", "mail"),
            "kind: webhook or global_token_revocation",
        ),
        (format!("{hook}\n[[realms.subscribers]]\n{hook}"), "subscriber audit is named twice"),
    ] {
        let refused = refusal(&facts, &of_town(&text));
        assert!(refused.contains(says), "{text}: {refused}");
    }

    // A token goes to the place for which it was brought.
    let facts = after(&facts, &of_town(&sound));
    let kept = format!("{gtr}\nsubject_format = 'opaque'");
    assert!(lines(&facts, &of_town(&kept), false).is_empty());
    let path = kept.replace("o.test/r", "o.test/other");
    assert_eq!(lines(&facts, &of_town(&path), false).len(), 1, "the same place");
    let moved = |text: &str| text.replace("o.test/r", "evil.test/r");
    let refused = refusal(&facts, &of_town(&moved(&kept)));
    assert!(refused.contains("takes the bearer token anew"), "{refused}");
    assert_eq!(lines(&facts, &of_town(&moved(&sound)), false).len(), 1);
}
