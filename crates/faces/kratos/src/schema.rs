//! The identity schema: what traits must look like, and which of them name a user. Contract kratos.md 2.7 and 3.7.
//!
//! One schema for a realm, from a file or the built-in one. Extensions `ory.sh/kratos` say which traits are identifiers.

use jsonschema::error::ValidationErrorKind;
use serde_json::{Value, json};

/// Why a schema can not be used.
#[derive(Debug, thiserror::Error)]
#[error("the identity schema is none: {0}")]
pub struct SchemaError(String);

pub(crate) struct Schema {
    pub(crate) id: String,
    pub(crate) document: Value,
    validator: jsonschema::Validator,
}

/// Faults that are told at once, and traits inside of traits (HOME-LIMITS).
const FAULTS_MAX: usize = 20;
const DEPTH_MAX: usize = 4;
/// Traits that name their user whatever the schema says.
const USERNAME: &str = "username";
const EMAIL: &str = "email";

/// A trait that a form asks for.
pub(crate) struct TraitField<'s> {
    /// Its names from the outside in, with dots between them.
    pub(crate) name: String,
    /// What people call it.
    pub(crate) title: Option<&'s str>,
    /// Whether it has to be there.
    pub(crate) required: bool,
    kind: &'s str,
    format: &'s str,
}

fn fields_below<'s>(object: &'s Value, before: &str, depth: usize, fields: &mut Vec<TraitField<'s>>) {
    let required = object["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (name, property) in object["properties"].as_object().into_iter().flatten() {
        let whole = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
        match property["type"].as_str().unwrap_or("string") {
            "object" if depth < DEPTH_MAX => fields_below(property, &whole, depth + 1, fields),
            "object" | "array" => {}
            kind => fields.push(TraitField {
                name: whole,
                title: property["title"].as_str(),
                required: required.iter().any(|wanted| wanted == name),
                kind,
                format: property["format"].as_str().unwrap_or_default(),
            }),
        }
    }
}

impl TraitField<'_> {
    /// The kind of field in a form.
    pub(crate) fn kind(&self) -> &'static str {
        match (self.kind, self.format) {
            ("number" | "integer", _) => "number",
            ("boolean", _) => "checkbox",
            (_, "email") => "email",
            (_, "uri") => "url",
            (_, "date") => "date",
            (_, "date-time") => "datetime-local",
            (_, "tel") => "tel",
            _ => "text",
        }
    }

    /// What a browser may fill in.
    pub(crate) fn autocomplete(&self) -> Option<&'static str> {
        (self.format == "email").then_some("email")
    }

    /// Where its value stands in the traits.
    pub(crate) fn pointer(&self) -> String {
        self.name.split('.').map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
    }

    /// What a form's text means; an empty one is none.
    pub(crate) fn value(&self, text: &str) -> Option<Value> {
        let read = || serde_json::from_str::<Value>(text).ok();
        match self.kind {
            _ if text.is_empty() => None,
            "boolean" => Some(["true", "on"].contains(&text).into()),
            "number" | "integer" => Some(read().filter(Value::is_number).unwrap_or_else(|| text.into())),
            _ => Some(text.into()),
        }
    }
}

/// The names that traits give a user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) username: Option<String>,
    pub(crate) email: Option<String>,
}

impl Names {
    /// What becomes of a user's name where its traits gave these and give others now. A name that no trait gave stays.
    pub(crate) fn username_after(&self, after: &Self, username: &str) -> Option<String> {
        let gone = || after.email.clone();
        match (&self.username, &after.username) {
            (before, Some(next)) => (before.as_ref() != Some(next)).then(|| next.clone()),
            (Some(before), None) if before == username => gone(),
            (None, None) if self.email.as_deref() == Some(username) && self.email != after.email => gone(),
            (Some(_) | None, None) => None,
        }
    }

    /// The same of the address; none where it stays.
    pub(crate) fn email_after(&self, after: &Self) -> Option<Option<String>> {
        (self.email != after.email).then(|| after.email.clone())
    }
}

impl Schema {
    pub(crate) fn new(id: &str, document: Value) -> Result<Self, SchemaError> {
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&document)
            .map_err(|error| SchemaError(error.to_string()))?;
        Ok(Self { id: id.to_owned(), document, validator })
    }

    /// What is wrong with traits, if anything. What `before` had already is not held against them: see [`Self::faults`].
    pub(crate) fn fault(&self, before: Option<&Value>, traits: &Value) -> Option<String> {
        let (before, after) = (before.map(identity), identity(traits));
        let mut errors = self.validator.iter_errors(&after);
        let error = errors.find(|error| is_new(error, before.as_ref(), &after))?;
        Some(format!("{}: {error}", error.instance_path()))
    }

    /// The same field by field: which, and what is wrong with it; nothing is said where it is only missing.
    ///
    /// A user may come from another dialect, with members that this schema does not know and without some that it wants: only
    /// what changes is held against it.
    pub(crate) fn faults(&self, before: Option<&Value>, traits: &Value) -> Vec<(String, Option<String>)> {
        let (before, after) = (before.map(identity), identity(traits));
        let errors =
            self.validator.iter_errors(&after).filter(|error| is_new(error, before.as_ref(), &after));
        let told = errors.take(FAULTS_MAX).map(|error| {
            let path = error.instance_path().to_string();
            let path =
                path.strip_prefix("/traits").unwrap_or(&path).trim_start_matches('/').replace('/', ".");
            let ValidationErrorKind::Required { property } = error.kind() else {
                return (path, Some(error.to_string()));
            };
            let property = property.as_str().unwrap_or_default();
            let dot = if path.is_empty() { "" } else { "." };
            (format!("{path}{dot}{property}"), None)
        });
        told.collect()
    }

    /// The traits that a form asks for, in the order of the schema; lists have no field.
    pub(crate) fn fields(&self) -> Vec<TraitField<'_>> {
        let mut fields = Vec::new();
        fields_below(&self.document["properties"]["traits"], "", 0, &mut fields);
        fields
    }

    /// The identifiers among the traits: an address and another name. Further ones name nobody. What is called `username` or
    /// `email` is the user's name or address in every dialect (decision 0049), so it counts before the others, marked or not.
    pub(crate) fn names(&self, traits: &Value) -> Names {
        let said =
            |name: &str| traits[name].as_str().filter(|value| !value.trim().is_empty()).map(str::to_owned);
        let mut names = Names { username: said(USERNAME), email: said(EMAIL) };
        let properties = self.document["properties"]["traits"]["properties"].as_object();
        for (name, property) in properties.into_iter().flatten() {
            let extension = &property["ory.sh/kratos"];
            let identifies = extension["credentials"]["password"]["identifier"] == json!(true);
            let Some(value) = traits[name].as_str().filter(|value| identifies && !value.trim().is_empty())
            else {
                continue;
            };
            let address =
                property["format"] == json!("email") || extension["recovery"]["via"] == json!("email");
            let slot = if address { &mut names.email } else { &mut names.username };
            slot.get_or_insert_with(|| value.to_owned());
        }
        names
    }
}

fn identity(traits: &Value) -> Value {
    json!({"traits": traits})
}

/// Whether an error is of something that changed. All of what is new is.
fn is_new(error: &jsonschema::ValidationError<'_>, before: Option<&Value>, after: &Value) -> bool {
    let Some(before) = before else { return true };
    let path = error.instance_path().to_string();
    let (Some(was), Some(is)) = (before.pointer(&path), after.pointer(&path)) else { return true };
    if let ValidationErrorKind::Required { property } = error.kind() {
        let name = property.as_str().unwrap_or_default();
        return !was.is_object() || was.get(name).is_some();
    }
    if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
        return unexpected.iter().any(|name| was.get(name) != is.get(name));
    }
    was != is
}

/// The schema where none is configured: a person with an address, and perhaps a username and a name.
pub(crate) fn built_in() -> Value {
    let identifier = json!({"credentials": {"password": {"identifier": true}}});
    let mut address = identifier.clone();
    address["recovery"] = json!({"via": "email"});
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Person",
        "type": "object",
        "properties": {"traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string", "format": "email", "title": "E-Mail", "minLength": 3, "ory.sh/kratos": address,
                },
                "username": {"type": "string", "title": "Username", "minLength": 3, "ory.sh/kratos": identifier},
                "name": {"type": "string", "title": "Name"},
            },
            "required": ["email"],
            "additionalProperties": false,
        }},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traits_are_looked_at_and_name_a_user() {
        let schema = Schema::new("person", built_in()).expect("a schema");
        let traits = json!({"email": "ada@example.test", "username": "ada", "name": "Ada"});
        assert_eq!(schema.fault(None, &traits), None);
        let names = schema.names(&traits);
        assert_eq!(
            (names.username.as_deref(), names.email.as_deref()),
            (Some("ada"), Some("ada@example.test"))
        );
        for bad in
            [json!({}), json!({"email": "x"}), json!({"email": "a@b.test", "odd": 1}), json!(7), json!(null)]
        {
            assert!(schema.fault(None, &bad).is_some(), "{bad}");
        }
        assert!(Schema::new("x", json!({"type": 7})).is_err());
    }

    #[test]
    fn faults_are_told_of_their_fields() {
        let schema = Schema::new("person", built_in()).expect("a schema");
        let told = |traits: Value| schema.faults(None, &traits);
        assert_eq!(told(json!({"name": "Ada"})), [("email".to_owned(), None)]);
        let short = told(json!({"email": "ada@example.test", "username": "a"}));
        assert!(matches!(&short[..], [(field, Some(_))] if field == "username"), "{short:?}");
    }

    /// F-50: a user whom PingOne made has a name of parts, a nickname, and perhaps no address.
    #[test]
    fn only_what_changes_is_held_against_the_schema() {
        let schema = Schema::new("person", built_in()).expect("a schema");
        let before = json!({"username": "ada", "name": {"given": "Ada"}, "nickname": "A"});
        assert_eq!(schema.fault(Some(&before), &before), None);
        let with = |name: &str, value: Value| {
            let mut traits = before.clone();
            traits[name] = value;
            schema.fault(Some(&before), &traits)
        };
        assert_eq!(with("email", json!("ada@example.test")), None);
        assert_eq!(with("name", json!("Ada")), None);
        for (name, bad) in
            [("email", json!("x")), ("name", json!(7)), ("nickname", json!("B")), ("odd", json!(1))]
        {
            assert!(with(name, bad).is_some(), "{name}");
        }
        let addressed = json!({"username": "ada", "email": "ada@example.test"});
        assert!(schema.fault(Some(&addressed), &before).is_some(), "an address that was there is wanted");
        assert!(schema.fault(Some(&before), &json!(null)).is_some());
    }

    /// A name follows from the trait that gave it, and from nothing else.
    #[test]
    fn a_name_follows_its_trait() {
        let names = |username: Option<&str>, email: &str| Names {
            username: username.map(str::to_owned),
            email: Some(email.to_owned()),
        };
        let (before, bare) = (names(Some("ada"), "ada@x.test"), names(None, "ada@x.test"));
        let after = names(Some("countess"), "ada@y.test");
        for (username, before, after, wanted) in [
            ("ada", &before, &after, Some("countess")),
            ("ada", &before, &names(None, "ada@y.test"), Some("ada@y.test")),
            ("ada", &before, &before, None),
            ("ada@x.test", &bare, &after, Some("countess")),
            ("ada@x.test", &bare, &names(None, "ada@y.test"), Some("ada@y.test")),
            ("dora", &bare, &names(None, "ada@y.test"), None),
            ("dora", &bare, &after, Some("countess")),
        ] {
            assert_eq!(before.username_after(after, username).as_deref(), wanted, "{username}");
        }
    }

    #[test]
    fn a_form_has_the_fields_of_the_schema() {
        let address =
            json!({"type": "object", "required": ["zip"], "properties": {"zip": {"type": "integer"}}});
        let traits = json!({"properties": {
            "news": {"type": "boolean"}, "address": address, "pets": {"type": "array"},
        }});
        let schema = Schema::new("x", json!({"properties": {"traits": traits}})).expect("a schema");
        let fields = schema.fields();
        let shown: Vec<_> =
            fields.iter().map(|field| (field.name.as_str(), field.kind(), field.required)).collect();
        assert_eq!(shown, [("news", "checkbox", false), ("address.zip", "number", true)]);
        assert_eq!((fields[0].value("on"), fields[1].value("7")), (Some(json!(true)), Some(json!(7))));
        assert_eq!(
            (fields[1].value("x"), fields[1].value(""), fields[1].pointer()),
            (Some(json!("x")), None, "/address/zip".into())
        );
    }
}
