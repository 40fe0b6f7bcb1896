//! The reading of a document: TOML with its lines, every unknown name or every value of another kind told at once.
//!
//! No value of the text is shown: a hash or a secret may stand in it (EMPTY-HANDS). Of a value of another kind only the name is, and
//! what is expected there.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use toml::de::{DeArray, DeTable, DeValue};
use toml::{Deserializer, Spanned};

use crate::document::{Declaration, NAMES, RealmDoc};
use crate::error::{DocumentError, DocumentFault};
use crate::names::unknown;

impl Declaration {
    /// Reads a document. Names that nobody knows are refused with the nearest ones that are known, and so is every value of
    /// another kind, each with its line.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let mut reading = Reading { text, faults: Vec::new() };
                reading.refuse(error);
                return Err(reading.refused());
            }
        };
        let mut reading = Reading { text, faults: Vec::new() };
        // Misspelled names first: their message is worth more than a missing one's.
        for unknown in unknown(table.get_ref(), NAMES) {
            reading.faults.push((unknown.at, unknown.to_string()));
        }
        if !reading.faults.is_empty() {
            return Err(reading.refused());
        }
        let read = reading.declaration(table.into_inner());
        if reading.faults.is_empty() { Ok(read) } else { Err(reading.refused()) }
    }
}

struct Reading<'a> {
    text: &'a str,
    /// Where, and what.
    faults: Vec<(usize, String)>,
}

impl Reading<'_> {
    fn refuse(&mut self, error: toml::de::Error) {
        let at = error.span().map_or(0, |span| span.start);
        self.faults.push((at, error.message().trim_end().replace('\n', " ")));
    }

    fn refused(&mut self) -> DocumentError {
        self.faults.sort_by_key(|(at, _)| *at);
        let (mut line, mut passed) = (1, 0);
        let mut told: Vec<String> = Vec::new();
        for (at, fault) in &self.faults {
            line += self.text.as_bytes()[passed..*at].iter().filter(|byte| **byte == b'\n').count();
            passed = *at;
            told.push(format!("line {line}: {fault}"));
        }
        DocumentFault::Unreadable(told).into()
    }

    fn declaration(&mut self, mut table: DeTable<'_>) -> Declaration {
        let mut realms = Vec::new();
        for realm in self.tables(&mut table, "realms").into_iter().flatten() {
            realms.extend(self.realm(realm));
        }
        self.one::<Declaration>(Spanned::new(0..0, DeValue::Table(table)));
        Declaration { realms }
    }

    /// A realm, whose lists are read one by one; none if it is refused itself.
    fn realm(&mut self, realm: Spanned<DeValue<'_>>) -> Option<RealmDoc> {
        let span = realm.span();
        let DeValue::Table(mut table) = realm.into_inner() else { return None };
        let populations = self.items(&mut table, "populations");
        let users = self.items(&mut table, "users");
        let clients = self.items(&mut table, "clients");
        let subscribers = self.items(&mut table, "subscribers");
        let upstreams = self.items(&mut table, "upstreams");
        let documents = self.items(&mut table, "documents");
        let realm: RealmDoc = self.one(Spanned::new(span, DeValue::Table(table)))?;
        Some(RealmDoc { populations, users, clients, subscribers, upstreams, documents, ..realm })
    }

    fn items<T: DeserializeOwned>(&mut self, table: &mut DeTable<'_>, list: &str) -> Option<Vec<T>> {
        let items = self.tables(table, list)?;
        Some(items.into_iter().filter_map(|item| self.one(item)).collect())
    }

    /// Takes a list of tables out of a table. What is no list of tables stays there, and is refused with it.
    fn tables<'i>(&mut self, table: &mut DeTable<'i>, list: &str) -> Option<DeArray<'i>> {
        let tables = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::Array(items) => items.iter().all(|item| item.get_ref().is_table()),
            _ => false,
        };
        table.get(list).is_some_and(tables).then(|| table.remove(list))?.map(|value| {
            match value.into_inner() {
                DeValue::Array(items) => items,
                _ => DeArray::new(),
            }
        })
    }

    /// One table, with all that is wrong in it: what is refused is taken out, what is missing is put in, and the rest is read again.
    fn one<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'_>>) -> Option<T> {
        let (span, told) = (value.span(), self.faults.len());
        let DeValue::Table(mut table) = value.into_inner() else { return None };
        let (mut taken_out, mut put_in) = (BTreeSet::new(), BTreeSet::new());
        loop {
            let error = match T::deserialize(Deserializer::from(Spanned::new(span.clone(), table.clone()))) {
                Ok(read) => return (self.faults.len() == told).then_some(read),
                Err(error) => error,
            };
            let at = error.span().map_or(span.start, |span| span.start);
            let place = table.iter().find(|(_, value)| value.span().contains(&at));
            let place = place.map(|(name, _)| name.get_ref().to_string());
            match (place, missing(error.message())) {
                (Some(name), _) => {
                    self.faults.push((at, format!("{name}: {}", fault(error.message()))));
                    table.remove(name.as_str());
                    taken_out.insert(name);
                }
                (None, Some(name)) if put_in.insert(name.to_owned()) => {
                    if !taken_out.contains(name) {
                        self.faults.push((span.start, fault(error.message())));
                    }
                    // Whatever has to be there is a text. Nothing of the document stands where it stands.
                    let nowhere = span.start..span.start;
                    let text = Spanned::new(nowhere.clone(), DeValue::String(Cow::Borrowed("")));
                    table.insert(Spanned::new(nowhere, Cow::Owned(name.to_owned())), text);
                }
                (None, _) => {
                    self.faults.push((at, fault(error.message())));
                    return None;
                }
            }
        }
    }
}

/// The name that is said to be missing.
fn missing(message: &str) -> Option<&str> {
    message.trim_end().strip_prefix("missing field `")?.strip_suffix('`')
}

/// What is said to be missing or expected. The words before that show the value (`invalid type: string "x", expected a boolean`).
fn fault(message: &str) -> String {
    if let Some(name) = missing(message) {
        return format!("missing name `{name}`");
    }
    match message.trim_end().rsplit_once(", expected ") {
        Some((_, wanted)) => format!("expected {}", in_words(&wanted.replace('\n', " "))),
        None => "a value of another kind is wanted".to_owned(),
    }
}

/// What is expected, in the words of whoever writes documents: a parser names types of this program.
fn in_words(wanted: &str) -> Cow<'_, str> {
    match wanted {
        "u8" => "a whole number from 0 to 255".into(),
        "u16" => "a whole number from 0 to 65535".into(),
        "u32" => "a whole number from 0 to 4294967295".into(),
        "u64" | "usize" => "a whole number that is not negative".into(),
        "i64" => "a whole number".into(),
        "f64" => "a number".into(),
        "a sequence" => "a list".into(),
        "a map" => "a table".into(),
        _ if wanted.starts_with("struct ") => "a table".into(),
        _ => wanted.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Declaration::parse(text).expect_err("refused").to_string()
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one() {
        let says = refusal("[[realms]]\npath = '/a'\n[[realms.clients]]\nredirect_uri = ['x']");
        assert_eq!(
            says,
            "line 4: unknown name `realms.clients.redirect_uri`; did you mean `realms.clients.redirect_uris`?"
        );
        assert!(refusal("[[realms]]\nid = 'x'").contains("path"));
        assert!(
            refusal("[[realms]]\npath = '/a'\n[[realms.clients]]\nclient_id = 'x'\ngrant_types = ['no']")
                .contains("authorization_code")
        );
    }

    /// Goal: whoever mends a document mends it once. Method: four faults of each kind; each is told with its line, and no line's
    /// text.
    #[test]
    fn all_faults_are_told_with_their_lines() {
        let says = refusal(
            "[[realms]]\npath = '/a'\n[[realms.users]]\nusername = 'a'\npassword = 'hunter2'\n\
             [[realms.users]]\nusername = 'b'\npasword_env = 'B'\n[[realms.groups]]\nname = 'c'\n\
             [[realm]]\npath = '/b'",
        );
        let lines: Vec<&str> = says.lines().map(str::trim).collect();
        assert_eq!(lines.len(), 5, "{says}");
        for (line, begins) in lines[1..].iter().zip([
            "line 5: unknown name `realms.users.password`; did you mean `realms.users.password_",
            "line 8: unknown name `realms.users.pasword_env`; did you mean `realms.users.password_env`?",
            "line 9: unknown name `realms.groups`, and none is like it",
            "line 11: unknown name `realm`; did you mean `realms`?",
        ]) {
            assert!(line.starts_with(begins), "{line}\n{begins}");
        }
        assert!(!says.contains("hunter2"), "{says}");
        let says = refusal(
            "[[realms]]\npath = '/a'\n[[realms.users]]\nusername = 1\n[[realms.users]]\nemail = 'x'\n\
             [[realms.users]]\nusername = 'c'\npassword_hash = ['hunter2']\n[[realms.clients]]\nclient_id = 'x'\n\
             grant_types = ['no']\n[[realms]]\nid = 'x'\n",
        );
        for (line, holds) in [
            ("line 4: ", "string"),
            ("line 5: ", "username"),
            ("line 9: ", "string"),
            ("line 12: ", "authorization_code"),
            ("line 13: ", "path"),
        ] {
            let told = says.lines().find(|told| told.trim().starts_with(line));
            assert!(told.is_some_and(|told| told.contains(holds)), "{line}{holds}\n{says}");
        }
        assert!(!says.contains("hunter2"), "{says}");
        assert!(refusal("[[realms]]\npath = '/a'\nid = hunter2").starts_with("line 3: "));
        assert!(!refusal("[[realms]]\npath = '/a'\nid = hunter2").contains("hunter2"));
        let many = "[[realms]]\npath = '/a'\n".to_owned() + &"[[realms.users]]\nname = 'x'\n".repeat(60);
        assert!(refusal(&many).ends_with("and 10 more"), "{}", refusal(&many));
    }

    /// Goal: all that is wrong in one table is told, and no value of any (EMPTY-HANDS).
    #[test]
    fn of_a_value_only_its_name_and_what_is_expected_are_told() {
        let says = refusal(
            "[[realms]]\npath = '/a'\n[[realms.users]]\nenabled = 'hunter2-a'\nlocked = 'hunter2, expected hunter2-b'\n\
             password_hash = ['hunter2']\n[[realms.clients]]\nclient_id = 7\naccess_life_s = 'hunter2'\n\
             refresh_life_s = 99999999999\ntoken_endpoint_auth_method = 'hunter2'\nredirect_uris = ['x', 8]\n\
             roles = [{ realm = 'hunter2' }]\n[[realms.subscribers]]\nid = 'x'\n",
        );
        let lines: Vec<&str> = says.lines().map(str::trim).collect();
        for (line, is) in lines[1..].iter().zip([
            "line 3: missing name `username`",
            "line 4: enabled: expected a boolean",
            "line 5: locked: expected a boolean",
            "line 6: password_hash: expected a string",
            "line 8: client_id: expected a string",
            "line 9: access_life_s: expected a whole number from 0 to 4294967295",
            "line 10: refresh_life_s: expected a whole number from 0 to 4294967295",
            "line 11: token_endpoint_auth_method: expected one of `none`, `client_secret_basic`, `client_secret_post`, \
             `private_key_jwt`",
            "line 12: redirect_uris: expected a string",
            "line 13: roles: missing name `role`",
            "line 14: missing name `kind`",
            "line 14: missing name `address`",
        ]) {
            assert_eq!(*line, is, "{says}");
        }
        assert_eq!(lines.len(), 13, "{says}");
        let says = refusal(
            "[[realms]]\npath = '/a'\n[[realms.clients]]\nclient_id = 'x'\nredirect_uris = 'https://a.test'\n\
             grant_types = { a = 1 }\n[[realms.documents]]\nkind = 'x'\nbody = 7\n",
        );
        for told in ["redirect_uris: expected a list", "grant_types: expected a list"] {
            assert!(says.contains(told), "{says}");
        }
        for word in ["u32", "u64", "sequence", "struct ", "a map"] {
            assert!(!says.contains(word), "no type of this program: {says}");
        }
        for broken in [
            "id = hunter2",
            "id = 'hunter2",
            "id = 'a'\nid = 'hunter2'",
            "hunter2",
            "id = '''hunter2",
            "id = \"\\hunter2\"",
        ] {
            let says = refusal(&format!("[[realms]]\npath = '/a'\n{broken}\n"));
            assert!(!says.contains("hunter2"), "{broken}: {says}");
        }
    }
}
