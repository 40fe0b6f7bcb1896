//! The reading of a document: TOML with its lines, every name and every value of another kind told at once.
//!
//! No line of the text is shown: a hash or a secret may stand in it (EMPTY-HANDS).

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

    fn one<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'_>>) -> Option<T> {
        let span = value.span();
        let DeValue::Table(table) = value.into_inner() else { return None };
        match T::deserialize(Deserializer::from(Spanned::new(span.clone(), table))) {
            Ok(read) => Some(read),
            Err(error) => {
                let at = error.span().unwrap_or(span).start;
                self.faults.push((at, error.message().trim_end().replace('\n', " ")));
                None
            }
        }
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
}
