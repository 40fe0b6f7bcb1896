//! What kind of value a key has: how it is read, the form in which the server uses it, and what documentation calls it.
//!
//! A value is judged by itself here; what several keys come to together is said in `rules`, what lies in files in `files`.

use std::net::SocketAddr;

use adieu_authority::{RealmId, is_realm_path};
use adieu_http_kit::forwarded::Trusted;
use adieu_http_kit::origins::OriginPattern;
use adieu_http_kit::return_to::entry_fault;
use toml::Value;

use crate::config::faults::RefusedValue;
use crate::config::values::{Address, BrowserAddress, CookieDomain, CookieName, LinkOrPath, Seconds};
use crate::logging;

/// A kind of value. Where it may be empty, an empty text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// true or false.
    Flag,
    /// Any text but an empty one.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A level, or directives.
    Log,
    /// A folder.
    Folder,
    /// A file; may be empty.
    File,
    /// A text that is never shown; may be empty.
    Secret,
    /// An IP address and a port.
    Listen,
    /// Addresses and networks.
    Networks,
    /// A public address behind which paths are put.
    Address,
    /// The same; may be empty.
    AddressOrNone,
    /// Where a browser is sent; may be empty.
    LinkOrNone,
    /// A whole address, or a path of this host.
    LinkOrPath,
    /// Where a browser may be sent.
    ReturnPatterns,
    /// Whose pages may call.
    Origins,
    /// The name of a cookie.
    CookieName,
    /// Names of cookies.
    CookieNames,
    /// The domain of a cookie; may be empty.
    CookieDomain,
    /// Domains of a cookie.
    CookieDomains,
    /// The path of a realm.
    Realm,
    /// A UUID.
    Id,
    /// Texts.
    Texts,
    /// A time of at least and at most so many seconds.
    Time(u64, u64),
    /// A number of something, at least and at most so many.
    Count(&'static str, u64, u64),
}

/// The longest time: a hundred years. Whoever means for ever writes less.
pub const TIME_S_MAX: u64 = 100 * 365 * 24 * 3600;

impl Kind {
    /// What documentation calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flag => "true or false",
            Self::Text | Self::Word(_) | Self::Secret => "text",
            Self::Log => "level or directives",
            Self::Folder => "folder",
            Self::File => "file",
            Self::Listen => "address and port",
            Self::Networks => "list of networks",
            Self::Address | Self::AddressOrNone | Self::LinkOrNone => "address",
            Self::LinkOrPath => "address or path",
            Self::ReturnPatterns => "list of addresses",
            Self::Origins => "list of origins",
            Self::CookieName => "name of a cookie",
            Self::CookieNames => "list of names",
            Self::CookieDomain => "domain",
            Self::CookieDomains => "list of domains",
            Self::Realm => "path of a realm",
            Self::Id => "UUID",
            Self::Texts => "list of texts",
            Self::Time(..) => "seconds",
            Self::Count(unit, ..) => unit,
        }
    }

    /// Whether a variable's value is the text as it stands, and no TOML.
    pub(super) const fn is_text(self) -> bool {
        !matches!(
            self,
            Self::Flag
                | Self::Networks
                | Self::ReturnPatterns
                | Self::Origins
                | Self::CookieNames
                | Self::CookieDomains
                | Self::Texts
                | Self::Time(..)
                | Self::Count(..)
        )
    }

    /// Whether its values are never shown (EMPTY-HANDS).
    pub(super) const fn is_secret(self) -> bool {
        matches!(self, Self::Secret)
    }

    /// The value in the form that the server uses, or what is wrong with it: of a list, with each of its items.
    pub(super) fn read(self, value: &Value) -> Result<Value, Vec<RefusedValue>> {
        match value {
            Value::Array(items) if self.is_list() => self.list(items),
            _ => self.one(value).map_err(|refused| vec![refused]),
        }
    }

    fn list(self, items: &[Value]) -> Result<Value, Vec<RefusedValue>> {
        let (mut read, mut refused) = (Vec::new(), Vec::new());
        for item in items {
            match self.item(item) {
                Ok(item) => read.push(item),
                Err(why) => refused.push(why),
            }
        }
        if refused.is_empty() { Ok(Value::Array(read)) } else { Err(refused) }
    }

    const fn is_list(self) -> bool {
        !self.is_text() && !matches!(self, Self::Flag | Self::Time(..) | Self::Count(..))
    }

    fn one(self, value: &Value) -> Result<Value, RefusedValue> {
        match (self, value) {
            (Self::Flag, Value::Boolean(_)) => Ok(value.clone()),
            (Self::Flag, _) => self.refuse(value, "true or false is wanted"),
            (Self::Time(least, most), _) => self.time(value, least, most),
            (Self::Count(_, least, most), _) => self.count(value, least, most),
            (_, Value::String(text)) if self.is_text() => {
                self.text(text).map(Value::String).or_else(|why| self.refuse(value, &why))
            }
            _ if self.is_text() => self.refuse(value, "a text is wanted, in quotation marks"),
            _ => self.refuse(value, "a list of texts is wanted: [\"one\", \"another\"]"),
        }
    }

    fn refuse<T>(self, value: &Value, reason: &str) -> Result<T, RefusedValue> {
        Err(RefusedValue::value(if self.is_secret() { None } else { Some(value) }, reason))
    }

    fn text(self, text: &str) -> Result<String, String> {
        let wanted =
            |sound: bool, wanted: &str| if sound { Ok(text.to_owned()) } else { Err(wanted.to_owned()) };
        match self {
            Self::AddressOrNone | Self::LinkOrNone | Self::CookieDomain if text.is_empty() => {
                Ok(String::new())
            }
            Self::Word(words) => wanted(
                words.contains(&text),
                &format!("one of {}", words.join(", ").trim_start_matches(", ")),
            ),
            Self::Log => wanted(logging::is_sound(text), logging::WANTED),
            Self::Folder => wanted(!text.is_empty(), "the path of a folder is wanted"),
            Self::File | Self::Secret => Ok(text.to_owned()),
            Self::Listen => wanted(
                text.parse::<SocketAddr>().is_ok(),
                "an IP address and a port are wanted, 127.0.0.1:4433 or [::1]:4433 for one",
            ),
            Self::Address | Self::AddressOrNone => text.parse::<Address>().map(|address| address.to_string()),
            Self::LinkOrNone => text.parse::<BrowserAddress>().map(|link| link.to_string()),
            Self::LinkOrPath => text.parse::<LinkOrPath>().map(|link| link.to_string()),
            Self::CookieName => text.parse::<CookieName>().map(|name| name.to_string()),
            Self::CookieDomain => text.parse::<CookieDomain>().map(|domain| domain.to_string()),
            Self::Realm => wanted(
                is_realm_path(text),
                "a realm's path is names behind slashes, in small letters, digits, -, _ and .: /alpha, /alpha/sub",
            ),
            Self::Id => wanted(text.parse::<RealmId>().is_ok(), "a UUID is wanted"),
            // What is left is a text; kinds of lists and numbers do not come here.
            _ => wanted(
                !text.trim().is_empty() && !text.contains(char::is_control),
                "a text that is not empty is wanted",
            ),
        }
    }

    fn item(self, item: &Value) -> Result<Value, RefusedValue> {
        let Value::String(text) = item else {
            return self.refuse(item, "a text is wanted, in quotation marks");
        };
        let read = match self {
            Self::Networks => network(text),
            Self::ReturnPatterns => match entry_fault(text) {
                None => Ok(text.clone()),
                Some(fault) => {
                    Err(format!("{fault}; https://app.example.com/in and https://*.example.com/ are meant"))
                }
            },
            Self::Origins => text
                .parse::<OriginPattern>()
                .map(|pattern| pattern.to_string())
                .map_err(|why| why.to_string()),
            Self::CookieNames => Self::CookieName.text(text),
            Self::CookieDomains => Self::CookieDomain.text(text).and_then(|domain| match domain.is_empty() {
                true => Err("a domain is wanted".to_owned()),
                false => Ok(domain),
            }),
            _ => Self::Text.text(text),
        };
        read.map(Value::String).or_else(|why| self.refuse(item, &why))
    }

    fn time(self, value: &Value, least: u64, most: u64) -> Result<Value, RefusedValue> {
        let read = match value {
            Value::Integer(s) => {
                u64::try_from(*s).map(Seconds).map_err(|_| "a time is not below zero".to_owned())
            }
            Value::String(text) => text.parse::<Seconds>(),
            _ => Err("a number of seconds is wanted, or a text with a unit: \"10m\", \"24h\"".to_owned()),
        };
        match read {
            Ok(Seconds(s)) if (least..=most).contains(&s) => {
                Ok(Value::Integer(s.try_into().unwrap_or(i64::MAX)))
            }
            Ok(_) => {
                self.refuse(value, &format!("between {} and {} is wanted", Seconds(least), Seconds(most)))
            }
            Err(why) => self.refuse(value, &why),
        }
    }

    fn count(self, value: &Value, least: u64, most: u64) -> Result<Value, RefusedValue> {
        let fits = value.as_integer().and_then(|number| u64::try_from(number).ok());
        match fits.is_some_and(|number| (least..=most).contains(&number)) {
            true => Ok(value.clone()),
            false => self.refuse(value, &format!("a number between {least} and {most} is wanted")),
        }
    }
}

/// An address or network that may be a proxy's.
fn network(text: &str) -> Result<String, String> {
    if Trusted::parse(&[text.to_owned()]).is_err() {
        return Err("an IP address or a network is wanted, 192.0.2.7 or 10.0.0.0/8 for one".into());
    }
    if text.ends_with("/0") {
        return Err("a network of everybody is no proxy's".into());
    }
    Ok(text.to_owned())
}
