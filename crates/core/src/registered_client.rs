//! What a client that registered itself may change of itself, where its administrator has taken something away from it.
//!
//! Beside such a client stands what it last said of itself. Where the record is narrower than that, an administrator made it so, and
//! the client does not take that back. RFC 7592 §2.2, decision 0072.

use crate::directory::{Client, ClientAuth};

/// What a client says of itself that an administrator may take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnWord {
    /// How it proves itself. None if that is not known: it was kept by an earlier version.
    pub auth: Option<ClientAuth>,
    /// Whether it redeems codes.
    pub code: bool,
    /// Whether it gets refresh tokens.
    pub refresh: bool,
    /// What it asks for.
    pub scopes: OwnScopes,
    /// What it may ask for at most, by its administrator's word; none is whatever it likes.
    pub scopes_most: Option<Vec<String>>,
}

/// What a client says of the scopes that it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnScopes {
    /// It was kept by an earlier version: what the record says counts as its administrator's word.
    Unknown,
    /// These; none if it asks for whatever it likes.
    Said(Option<Vec<String>>),
}

impl OwnWord {
    /// What an earlier version has kept, which is nothing: whatever the client lacks counts as taken away.
    pub const UNKNOWN: Self =
        Self { auth: None, code: true, refresh: true, scopes: OwnScopes::Unknown, scopes_most: None };

    /// What a client says that registers.
    pub fn of(client: &Client) -> Self {
        let scopes = OwnScopes::Said(client.user_scopes.clone());
        Self {
            auth: Some(client.auth),
            code: client.code,
            refresh: client.refresh,
            scopes,
            scopes_most: None,
        }
    }

    /// What the client may ask for at most, where its record says this: what an administrator has said since the client spoke last,
    /// and nothing more once that is what the client said.
    fn most(&self, record: Option<&Vec<String>>) -> Option<Vec<String>> {
        match &self.scopes {
            OwnScopes::Unknown => record.cloned(),
            OwnScopes::Said(said)
                if narrower(said.as_ref(), self.scopes_most.as_ref()).as_ref() == record =>
            {
                self.scopes_most.clone()
            }
            OwnScopes::Said(said) if said.as_ref() == record => None,
            OwnScopes::Said(_) => record.cloned(),
        }
    }
}

/// Those of some scopes that are among others, where none is all: the narrower of the two counts. Where they have nothing in common
/// that can be asked for, it is the second.
fn narrower(said: Option<&Vec<String>>, most: Option<&Vec<String>>) -> Option<Vec<String>> {
    let (Some(said), Some(most)) = (said, most) else { return said.or(most).cloned() };
    let both: Vec<_> = said.iter().filter(|scope| most.contains(scope)).cloned().collect();
    let asks = both.iter().any(|scope| scope != "offline_access");
    Some(if asks { both } else { most.clone() })
}

/// Decides what a client comes to that says of itself what it is: `said`, made from `before`. `own` is what it said last. Gives the client,
/// and what stands beside it from now on.
///
/// Grant types and the way to prove itself that an administrator decided stay as they are; of scopes it has those that both name; PKCE is never given up; and what users agreed
/// to counts no more where the client is called otherwise or has one more place to send them to. Nobody here has vouched for that either:
/// users are asked about it from then on, also where an administrator has said of the client as it was that nobody need ask.
pub fn decide_own_change(before: &Client, said: Client, own: &OwnWord) -> (Client, OwnWord) {
    let (code_withheld, refresh_withheld) = (own.code && !before.code, own.refresh && !before.refresh);
    let auth_is_set = own.auth.is_some_and(|auth| auth != before.auth);
    let auth = if auth_is_set { before.auth } else { said.auth };
    let becomes_public = auth == ClientAuth::None && before.auth != ClientAuth::None;
    let has_new_place = said.redirect_uris.iter().any(|uri| !before.redirect_uris.contains(uri));
    let another = has_new_place || said.name != before.name;
    let scopes_most = own.most(before.user_scopes.as_ref());
    let user_scopes = narrower(said.user_scopes.as_ref(), scopes_most.as_ref());
    let next_own = OwnWord {
        scopes: OwnScopes::Said(said.user_scopes.clone()),
        scopes_most,
        auth: if auth_is_set { own.auth } else { Some(said.auth) },
        code: said.code || code_withheld,
        refresh: said.refresh || refresh_withheld,
    };
    let next = Client {
        auth,
        code: said.code && !code_withheld,
        refresh: said.refresh && !refresh_withheld,
        pkce_required: before.pkce_required || becomes_public,
        identity_generation: before.identity_generation + u64::from(another),
        require_consent: before.require_consent || another,
        user_scopes,
        ..said
    };
    (next, next_own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::tests::shop;

    fn registered() -> (Client, OwnWord) {
        let client =
            Client { code: true, refresh: true, auth: ClientAuth::Basic, pkce_required: true, ..shop() };
        let own = OwnWord::of(&client);
        (client, own)
    }

    fn scopes(text: &str) -> Option<Vec<String>> {
        Some(text.split(' ').map(str::to_owned).collect())
    }

    /// What a client's scopes come to that says one thing after another, and what its administrator says before some of them.
    fn come_to(own: OwnWord, turns: &[(Option<&str>, Option<Option<&str>>)]) -> Vec<Option<Vec<String>>> {
        let (client, _) = registered();
        let mut own = own;
        let mut record = match &own.scopes {
            OwnScopes::Unknown => None,
            OwnScopes::Said(said) => said.clone(),
        };
        let turn = |(says, administrator): &(Option<&str>, Option<Option<&str>>)| {
            if let Some(set) = administrator {
                record = set.and_then(scopes);
            }
            let before = Client { user_scopes: record.clone(), ..client.clone() };
            let said = Client { user_scopes: says.and_then(scopes), ..client.clone() };
            let (next, word) = decide_own_change(&before, said, &own);
            (own, record) = (word, next.user_scopes.clone());
            next.user_scopes
        };
        turns.iter().map(turn).collect()
    }

    fn saying(text: &str) -> OwnWord {
        let (client, _) = registered();
        OwnWord::of(&Client { user_scopes: scopes(text), ..client })
    }

    /// S-REG-4: of scopes that an administrator has said a client gets no more, whatever it says and however often, until they are given
    /// back.
    #[test]
    fn scopes_that_an_administrator_said_are_not_said_anew() {
        let turns = [
            (None, Some(Some("openid"))),
            (Some("openid email"), None),
            // As it reads its own record.
            (Some("openid"), None),
            (None, None),
            (None, Some(Some("openid email phone"))),
            (Some("profile"), None),
        ];
        let narrow = scopes("openid");
        let wider = scopes("openid email phone");
        let expect = [narrow.clone(), narrow.clone(), narrow.clone(), narrow, wider.clone(), wider];
        assert_eq!(come_to(saying("openid email"), &turns), expect);
        let given_back = [(Some("openid email"), Some(Some("openid"))), (None, Some(Some("openid email")))];
        assert_eq!(come_to(saying("openid email"), &given_back), [scopes("openid"), None], "its own again");
    }

    /// S-REG-4, decision 0117: a client may always say less than its administrator, and as much again.
    #[test]
    fn a_client_says_less_than_its_administrator() {
        let freed = [
            (Some("openid email phone"), Some(None)),
            (None, None),
            (Some("openid"), None),
            (Some("openid email"), None),
        ];
        let expect = [scopes("openid email phone"), None, scopes("openid"), scopes("openid email")];
        assert_eq!(come_to(saying("openid email"), &freed), expect);
        let bounded = [
            (Some("openid"), Some(Some("openid email"))),
            (Some("openid email profile"), None),
            (Some("email"), None),
        ];
        let expect = [scopes("openid"), scopes("openid email"), scopes("email")];
        assert_eq!(come_to(saying("openid email phone"), &bounded), expect);
    }

    /// S-REG-4: what stands in a record beside a word of an earlier version may be an administrator's.
    #[test]
    fn scopes_beside_an_earlier_word_are_the_administrators() {
        let set = [(None, Some(Some("openid"))), (Some("openid email"), None)];
        assert_eq!(come_to(OwnWord::UNKNOWN, &set), [scopes("openid"), scopes("openid")]);
        let free = [(None, None), (Some("openid"), None), (None, None)];
        assert_eq!(come_to(OwnWord::UNKNOWN, &free), [None, scopes("openid"), None]);
    }

    /// S-REG-4, F-9: what an administrator took away stays away, however often the client says it, until it is given back.
    #[test]
    fn a_client_does_not_take_back_what_its_administrator_decided() {
        let (said, own) = registered();
        let before = Client { refresh: false, ..said.clone() };
        let (once, own) = decide_own_change(&before, said.clone(), &own);
        let (twice, own) = decide_own_change(&once, Client { refresh: false, ..said.clone() }, &own);
        let (thrice, own) = decide_own_change(&twice, said.clone(), &own);
        assert!(!once.refresh && !twice.refresh && !thrice.refresh && once.code);
        let given_back = Client { refresh: true, ..thrice };
        assert!(decide_own_change(&given_back, said.clone(), &own).0.refresh);

        let (_, own) = registered();
        let (less, own) = decide_own_change(&said, Client { refresh: false, ..said.clone() }, &own);
        assert!(
            decide_own_change(&less, said.clone(), &own).0.refresh,
            "what it gave up itself it may have again"
        );
        let unknown = decide_own_change(&Client { refresh: false, ..said.clone() }, said, &OwnWord::UNKNOWN);
        assert!(!unknown.0.refresh && unknown.0.auth == ClientAuth::Basic);
    }

    /// S-OP-15, S-27: PKCE is for administrators to switch off, and a client that proves itself by nothing has it.
    #[test]
    fn a_client_does_not_give_up_pkce_or_a_proof_that_was_set() {
        let (said, own) = registered();
        let without = Client { pkce_required: false, ..said.clone() };
        assert!(decide_own_change(&said, without.clone(), &own).0.pkce_required);
        assert!(
            !decide_own_change(&without, said.clone(), &own).0.pkce_required,
            "as the administrator has it"
        );
        let public = Client { auth: ClientAuth::None, ..without.clone() };
        assert!(decide_own_change(&without, public.clone(), &own).0.pkce_required);
        let set = Client { auth: ClientAuth::PrivateKey, ..said.clone() };
        let (next, own) = decide_own_change(&set, public, &own);
        let (next, _) = decide_own_change(&next, said, &own);
        assert_eq!(next.auth, ClientAuth::PrivateKey);
    }

    /// RFC 6749 §10.2: who is called otherwise or sends people to another place is not whom they agreed to.
    #[test]
    fn consents_are_to_a_name_and_its_places() {
        let (before, own) = registered();
        let risen = |said: Client| {
            decide_own_change(&before, said, &own).0.identity_generation - before.identity_generation
        };
        let more = [before.redirect_uris.clone(), vec!["https://evil.example.test/cb".into()]].concat();
        assert_eq!(risen(before.clone()), 0);
        assert_eq!(risen(Client { redirect_uris: vec![], refresh: false, ..before.clone() }), 0);
        assert_eq!(risen(Client { redirect_uris: more, ..before.clone() }), 1);
        assert_eq!(risen(Client { name: "Other owner".into(), ..before.clone() }), 1);
    }

    /// Decision 0079: an administrator has vouched for a name and its places, and for nothing that the client says later.
    #[test]
    fn who_changes_its_name_or_places_is_asked_about() {
        let (before, own) = registered();
        let ours = Client { require_consent: false, ..before };
        let asked = |said: Client| decide_own_change(&ours, said, &own).0.require_consent;
        let more = [ours.redirect_uris.clone(), vec!["https://evil.example.test/cb".into()]].concat();
        assert!(!asked(ours.clone()) && !asked(Client { redirect_uris: vec![], ..ours.clone() }));
        assert!(asked(Client { redirect_uris: more, ..ours.clone() }));
        assert!(asked(Client { name: "Other owner".into(), ..ours.clone() }));
        let theirs = Client { require_consent: true, ..ours.clone() };
        assert!(decide_own_change(&theirs, ours.clone(), &own).0.require_consent, "it is not for it to say");
    }
}
