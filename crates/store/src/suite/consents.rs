//! Promises about consents: remembered, withdrawn for good, and what was granted because of one dies with it.
//!
//! What a consent comes to is core's to say; here is that the engine asks, writes and remembers.

use adieu_core::{Client, Consent, ConsentError, ConsentOrder, Grant, GrantError, UserId, consent_of};

use crate::suite::fixture::at;
use crate::suite::grants::{code, issue, redeem, rotate};
use crate::suite::{Engine, Fixture, OpenedSession};

fn order(user: UserId, client: &Client, scope: &str) -> ConsentOrder {
    ConsentOrder {
        user,
        client: client.id.clone(),
        client_generation: client.generation,
        client_identity: client.identity_generation,
        scope: scope.into(),
        claims: String::new(),
    }
}

async fn read<E: Engine>(fixture: &Fixture<E>, user: UserId, client: &Client) -> Option<Consent> {
    let found = fixture.store.consent(user, &client.id).get().await.expect("an answer");
    found.map(|found| Consent::clone(&found))
}

fn invalid<T: std::fmt::Debug>(answer: Result<T, GrantError>) {
    assert!(matches!(answer, Err(GrantError::Invalid(_))), "{answer:?}");
}

/// A code that carries the number of a consent and may outlive its session; it is redeemed.
async fn bought<E: Engine>(
    fixture: &Fixture<E>,
    held: &OpenedSession,
    client: &Client,
    consent: &Consent,
) -> Grant {
    let (consent, offline_until) = (Some(consent.number), Some(at(100_000)));
    let grant = Grant { consent, offline_until, ..code(fixture, held, client) };
    fixture.store.issue(issue(grant.clone()), at(2)).await.expect("a code");
    fixture.store.redeem(redeem(&grant), at(3)).await.expect("tokens")
}

/// Goal: a consent is remembered over a crash, grows, and is withdrawn once; nobody agrees to what is gone.
pub async fn a_consent_is_remembered_until_it_is_withdrawn<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let (shop, club) = (fixture.client("shop").await, fixture.client("club").await);
    assert_eq!(read(&fixture, ada.id, &shop).await, None);
    let first =
        fixture.store.give_consent(order(ada.id, &shop, "openid email"), at(1)).await.expect("agreed");
    assert_eq!(read(&fixture, ada.id, &shop).await, Some(first.clone()));
    let more = fixture.store.give_consent(order(ada.id, &shop, "openid phone"), at(2)).await.expect("agreed");
    assert_eq!(
        (more.scope.as_str(), more.number, more.given_at),
        ("openid email phone", first.number, at(2))
    );
    fixture.store.give_consent(order(ada.id, &club, "openid"), at(3)).await.expect("agreed");
    fixture.store.give_consent(order(bob.id, &shop, "openid"), at(3)).await.expect("agreed");
    let fixture = fixture.after_crash().await;
    assert_eq!(read(&fixture, ada.id, &shop).await, Some(more.clone()));
    let names = async || {
        let all = fixture.store.consents(ada.id).await.expect("an answer");
        all.into_iter().map(|one| one.client.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["club", "shop"]);
    assert!(fixture.store.withdraw_consent(ada.id, shop.id.clone()).await.expect("written"));
    assert!(!fixture.store.withdraw_consent(ada.id, shop.id.clone()).await.expect("an answer"), "once");
    assert_eq!((read(&fixture, ada.id, &shop).await, names().await), (None, vec!["club".to_owned()]));
    let anew = fixture.store.give_consent(order(ada.id, &shop, "openid"), at(4)).await.expect("agreed");
    assert!(anew.number > more.number && anew.scope == "openid", "{anew:?}");
    fixture.enable(ada.id, false, at(5)).await;
    let gone = fixture.store.give_consent(order(ada.id, &shop, "openid"), at(6)).await;
    assert!(matches!(gone, Err(ConsentError::Gone)), "{gone:?}");
    let fixture = fixture.after_crash().await;
    assert_eq!(read(&fixture, ada.id, &shop).await, Some(anew), "who is disabled has agreed still");
    assert!(read(&fixture, bob.id, &shop).await.is_some());
}

/// Goal: S-TOK-11: a withdrawal makes all that was granted because of a consent dead at once, whatever another consent allows later;
/// what outlives its session does so until then.
pub async fn a_withdrawal_ends_what_was_granted<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let (shop, club) = (fixture.client("shop").await, fixture.client("club").await);
    let held = fixture.sign_on(&ada, at(0)).await;
    let agreed = fixture.store.give_consent(order(ada.id, &shop, "openid"), at(1)).await.expect("agreed");
    let other = fixture.store.give_consent(order(ada.id, &club, "openid"), at(1)).await.expect("agreed");
    let grant = bought(&fixture, &held, &shop, &agreed).await;
    let of_other = bought(&fixture, &held, &club, &other).await;
    fixture.end(held.presented(), at(4)).await.expect("an ending");
    fixture.store.rotate(rotate(&grant, 3, 4), at(5)).await.expect("it lives on");
    assert!(fixture.store.withdraw_consent(ada.id, shop.id.clone()).await.expect("written"));
    invalid(fixture.store.rotate(rotate(&grant, 4, 5), at(6)).await);
    fixture.store.rotate(rotate(&of_other, 3, 4), at(6)).await.expect("it is another client's");
    fixture.store.give_consent(order(ada.id, &shop, "openid"), at(7)).await.expect("agreed");
    let fixture = fixture.after_crash().await;
    invalid(fixture.store.rotate(rotate(&grant, 4, 5), at(8)).await);

    let held = fixture.sign_on(&ada, at(9)).await;
    let stale = Grant { consent: Some(agreed.number), ..code(&fixture, &held, &shop) };
    invalid(fixture.store.issue(issue(stale), at(9)).await);
    fixture.enable(ada.id, false, at(10)).await;
    invalid(fixture.store.rotate(rotate(&of_other, 4, 5), at(11)).await);
}

/// Goal: a consent is to the name and addresses that its user was shown: it counts no more when the client takes others, and what was
/// granted because of it lives on, also when the user has agreed anew.
pub async fn a_consent_counts_for_the_client_that_was_shown<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, shop) = (fixture.user("ada").await, fixture.client("shop").await);
    let held = fixture.sign_on(&ada, at(0)).await;
    let agreed =
        fixture.store.give_consent(order(ada.id, &shop, "openid email"), at(1)).await.expect("agreed");
    let grant = bought(&fixture, &held, &shop, &agreed).await;
    let other = fixture.change_client(&shop.id, |client| client.identity_generation += 1).await;
    let fixture = fixture.after_crash().await;
    let kept = read(&fixture, ada.id, &shop).await.expect("it is there");
    assert!(kept.counts_for(&shop) && !kept.counts_for(&other) && kept.stands_for(&other), "{kept:?}");
    let late = fixture.store.give_consent(order(ada.id, &shop, "openid"), at(4)).await;
    assert!(matches!(late, Err(ConsentError::Gone)), "the user was shown another one: {late:?}");
    fixture.store.rotate(rotate(&grant, 3, 4), at(5)).await.expect("it lives on");
    let anew = fixture.store.give_consent(order(ada.id, &other, "openid"), at(6)).await.expect("agreed");
    assert_eq!((anew.scope.as_str(), anew.number), ("openid", agreed.number));
    let fixture = fixture.after_crash().await;
    assert_eq!(read(&fixture, ada.id, &shop).await, Some(anew));
    fixture.store.rotate(rotate(&grant, 4, 5), at(7)).await.expect("it lives on");
}

/// Goal: a consent goes with its user, and with whatever ends all that its client holds; another client of that id is another one.
pub async fn a_consent_goes_with_its_user_and_its_client<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, bob) = (fixture.user("ada").await, fixture.user("bob").await);
    let shop = fixture.client("shop").await;
    for user in [ada.id, bob.id] {
        fixture.store.give_consent(order(user, &shop, "openid"), at(1)).await.expect("agreed");
    }
    let counts = async |client: &Client| {
        let consent = read(&fixture, bob.id, &shop).await;
        consent_of(consent.as_ref(), Some(client)).is_some()
    };
    assert!(counts(&fixture.stored_client(&shop.id).await).await);
    fixture.remove(ada.id, at(2)).await.expect("removed");
    assert_eq!(read(&fixture, ada.id, &shop).await, None);
    assert!(fixture.store.consents(ada.id).await.expect("an answer").is_empty());
    fixture.remove_client(&shop.id, None).await.expect("removed");
    let gone = fixture.store.give_consent(order(bob.id, &shop, "openid"), at(3)).await;
    assert!(matches!(gone, Err(ConsentError::Gone)), "{gone:?}");
    let back = Client { secret_version: shop.secret_version + 1, ..shop.clone() };
    let back = fixture.store.create_client(back.into()).await.expect("a client");
    assert!(!counts(&back).await);
    let anew = fixture.store.give_consent(order(bob.id, &back, "email"), at(4)).await.expect("agreed");
    assert!(counts(&back).await && anew.scope == "email", "{anew:?}");
    assert_eq!(read(&fixture.after_crash().await, bob.id, &shop).await, Some(anew));
}
