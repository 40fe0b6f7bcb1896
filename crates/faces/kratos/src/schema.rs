//! The identity schema: what traits must look like, and which of them name a user. Contract kratos.md 2.7 and 3.7.
//!
//! One schema for a realm, from a file or the built-in one. Extensions `ory.sh/kratos` say which traits are identifiers.

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

/// The names that traits give a user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) username: Option<String>,
    pub(crate) email: Option<String>,
}

impl Schema {
    pub(crate) fn new(id: &str, document: Value) -> Result<Self, SchemaError> {
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&document)
            .map_err(|error| SchemaError(error.to_string()))?;
        Ok(Self { id: id.to_owned(), document, validator })
    }

    /// What is wrong with traits, if anything.
    pub(crate) fn fault(&self, traits: &Value) -> Option<String> {
        let identity = json!({"traits": traits});
        let error = self.validator.iter_errors(&identity).next()?;
        Some(format!("{}: {error}", error.instance_path()))
    }

    /// The identifiers among the traits: an address and another name. Further ones name nobody.
    pub(crate) fn names(&self, traits: &Value) -> Names {
        let mut names = Names { username: None, email: None };
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
        assert_eq!(schema.fault(&traits), None);
        let names = schema.names(&traits);
        assert_eq!(
            (names.username.as_deref(), names.email.as_deref()),
            (Some("ada"), Some("ada@example.test"))
        );
        for bad in
            [json!({}), json!({"email": "x"}), json!({"email": "a@b.test", "odd": 1}), json!(7), json!(null)]
        {
            assert!(schema.fault(&bad).is_some(), "{bad}");
        }
        assert!(Schema::new("x", json!({"type": 7})).is_err());
    }
}
