//! The names by which users are found: how they are compared, and what a new one may not contain.
//!
//! A user is found by the username and by the e-mail address. Nothing here knows how they are listed; what was listed by an
//! older version stays found.

use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization;

use crate::directory::User;
use crate::ids::parse_uuid;

/// The longest username.
const USERNAME_CHARS_MAX: usize = 255;

/// What people cannot see, and what turns the order of what they see: the code points that Unicode calls
/// Default_Ignorable_Code_Point (UAX #44, DerivedCoreProperties), the separators of lines, the marks of annotations, and two symbols
/// that are drawn as nothing.
const INVISIBLE: [(char, char); 21] = [
    ('\u{AD}', '\u{AD}'),
    ('\u{34F}', '\u{34F}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{200B}', '\u{200F}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202A}', '\u{202E}'),
    ('\u{2060}', '\u{206F}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{FFF0}', '\u{FFFB}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D159}', '\u{1D159}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{E0000}', '\u{E0FFF}'),
    ('\u{FFFE}', '\u{FFFF}'),
];

/// Marks that may stand after one letter. The most that a script of today puts there is three, with one to spare.
const MARKS_MAX: usize = 4;

/// A name as it is matched: without surrounding blanks, in small letters, in the compatibility form (NFKC, UAX #15): letters of full
/// width, ligatures and mathematical letters are the letters that they stand for. Decision 0036.
pub fn matched(name: &str) -> String {
    let name = name.trim();
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let compatible: String = name.nfkc().collect();
    let small: String = compatible.to_lowercase().nfkc().collect();
    small.trim().to_owned()
}

/// A name as it was matched before names were composed.
fn as_spelled(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A name as it was matched before compatibility forms counted: composed (NFC). Decision 0022.
fn as_composed(name: &str) -> String {
    let composed: String = name.trim().nfc().collect();
    composed.to_lowercase().nfc().collect()
}

/// What a name may be listed under; the first that is listed tells whom it means. Older versions compared names by fewer of their
/// forms, so two of their users may have names that are one name now: each is found by the own spelling.
pub fn listed_forms(name: &str) -> Vec<String> {
    if name.is_ascii() {
        return vec![matched(name)];
    }
    let mut forms = vec![as_spelled(name)];
    for form in [as_composed(name), matched(name)] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// Whether a user may be given this username: 1 to 255 characters, all of which people can see, and not in the form of an id.
pub fn is_username(name: &str) -> bool {
    let name = name.trim();
    (1..=USERNAME_CHARS_MAX).contains(&name.chars().count())
        && !has_invisible(name)
        && !has_pile_of_marks(name)
        && !looks_like_id(name)
}

/// Whether a name is in the form of a user's id. Ids are public, and wherever a user may be named by either, somebody of this name would be
/// taken for the user of that id.
pub fn looks_like_id(name: &str) -> bool {
    parse_uuid(&matched(name)).is_ok()
}

/// Whether marks are piled up after a letter, so that they are drawn over what stands above and below it.
fn has_pile_of_marks(text: &str) -> bool {
    let is_mark = |c: char| {
        matches!(get_general_category(c), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
    };
    let mut marks = 0;
    text.chars().any(|c| {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        marks > MARKS_MAX
    })
}

/// Whether there is a control character in it, one that nobody sees or that turns the order of the others, or one that Unicode has not
/// given out or leaves to whoever wants it: a later version may show that as anything (RFC 8264 §9.10).
pub(crate) fn has_invisible(text: &str) -> bool {
    let hidden = |c: char| INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&c));
    let unfit = |c: char| {
        matches!(
            get_general_category(c),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::Unassigned
                | GeneralCategory::PrivateUse
        )
    };
    text.chars().any(|c| !c.is_ascii_graphic() && (hidden(c) || unfit(c)))
}

/// Whether people who read a name see all of it, where it belongs: nothing invisible is in it, no marks are piled up, and of white space only blanks that
/// stand alone (U+3000 between ideographs), so that nothing in it looks like something beside it.
pub(crate) fn is_seen_whole(name: &str) -> bool {
    let blank = |c: &char| matches!(c, ' ' | '\u{3000}');
    let chars: Vec<char> = name.chars().collect();
    let alone = chars.windows(2).all(|two| !two.iter().all(|c| c.is_whitespace()));
    alone
        && chars.iter().all(|c| !c.is_whitespace() || blank(c))
        && !has_invisible(name)
        && !has_pile_of_marks(name)
}

impl User {
    /// The names by which this user is known, as they are matched.
    pub fn names(&self) -> Vec<String> {
        self.each_name(|name| vec![matched(name)])
    }

    /// Everything that these names may be listed under. Whoever else is listed so stands in the way of this user.
    pub fn listed_names(&self) -> Vec<String> {
        self.each_name(listed_forms)
    }

    /// The names as they were matched by the first versions, letter case apart as they are spelled.
    pub(crate) fn spelled_names(&self) -> Vec<String> {
        self.each_name(|name| vec![as_spelled(name)])
    }

    fn each_name(&self, forms: impl Fn(&str) -> Vec<String>) -> Vec<String> {
        let mut names = Vec::new();
        for form in
            [Some(&self.username), self.email.as_ref()].into_iter().flatten().flat_map(|name| forms(name))
        {
            if !self.removed && !names.contains(&form) {
                names.push(form);
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record_rules::username_is_sound;

    const COMPOSED: &str = "jos\u{e9}";
    const DECOMPOSED: &str = "jose\u{301}";

    /// F-16: "josé" composed and decomposed are one name.
    #[test]
    fn names_are_compared_composed_and_in_small_letters() {
        for spelled in [COMPOSED, DECOMPOSED, " JOSE\u{301} ", "Jos\u{c9}"] {
            assert_eq!(matched(spelled), COMPOSED, "{spelled:?}");
        }
        assert_eq!(listed_forms(DECOMPOSED), [DECOMPOSED, COMPOSED]);
        assert_eq!(listed_forms("Ada"), ["ada"]);
        assert_eq!(listed_forms(COMPOSED), [COMPOSED]);
    }

    /// Letters of full width, ligatures and mathematical letters are those that they stand for, as PRECIS has it of the first (RFC 8265
    /// §3.3.1). What was listed in such letters before stays listed so.
    #[test]
    fn names_in_compatibility_forms_are_the_names_that_they_look_like() {
        for alike in [
            "\u{ff41}\u{ff4c}\u{ff49}\u{ff43}\u{ff45}",
            "\u{ff21}\u{ff2c}\u{ff29}\u{ff23}\u{ff25}",
            "\u{1d41a}lic\u{1d452}",
            "\u{24d0}li\u{217d}e",
        ] {
            assert_eq!(matched(alike), "alice", "{alike:?}");
            assert!(listed_forms(alike).contains(&"alice".to_owned()));
        }
        assert_eq!(matched("of\u{fb01}ce"), "office");
        assert_eq!(listed_forms("of\u{fb01}ce"), ["of\u{fb01}ce", "office"]);
        assert_eq!(listed_forms("e\u{301}\u{ff41}"), ["e\u{301}\u{ff41}", "\u{e9}\u{ff41}", "\u{e9}a"]);
    }

    /// Goal: no name is drawn over what stands around it; letters with all the marks that scripts of today give them are names.
    #[test]
    fn marks_are_not_piled_up() {
        for good in [
            "Z\u{301}\u{302}\u{303}\u{304}e\u{301}\u{302}\u{303}\u{304}",
            "\u{1ec7}",
            "\u{5e9}\u{5c1}\u{5bc}\u{5b8}",
        ] {
            assert!(is_username(good) && is_seen_whole(good), "{good:?}");
        }
        for bad in ["Z\u{301}\u{302}\u{303}\u{304}\u{305}", "a\u{20dd}\u{20dd}\u{20dd}\u{20dd}\u{20dd}"] {
            assert!(!is_username(bad) && !is_seen_whole(bad), "{bad:?}");
        }
    }

    /// What is matched is matched by itself, whatever character it is made of.
    #[test]
    fn matching_what_was_matched_changes_nothing() {
        for c in ('\0'..'\u{20000}').filter(|c| !c.is_whitespace()) {
            let once = matched(&format!("x{c}\u{301}"));
            assert_eq!(matched(&once), once, "{c:?}");
        }
    }

    /// F-16: no user gets a name that looks like another user's because a part of it cannot be seen.
    #[test]
    fn what_cannot_be_seen_is_in_no_new_name() {
        for good in
            ["alice", " alice ", "jos\u{e9}", "\u{674e}\u{96f7}", "o'neill", "a b", "ada@example.test"]
        {
            assert!(is_username(good), "{good:?}");
        }
        let long = "x".repeat(256);
        let hidden =
            ['\u{200B}', '\u{200D}', '\u{202E}', '\u{2066}', '\u{AD}', '\u{3164}', '\u{FE0F}', '\u{E0041}'];
        let hidden = hidden.into_iter().chain(['\u{2800}', '\u{1D159}']).collect::<Vec<_>>();
        let controls = ['\0', '\t', '\n', '\u{7f}', '\u{85}', '\u{2028}', '\u{FFF9}', '\u{600}'];
        let nobodys = ['\u{378}', '\u{E000}', '\u{F0000}', '\u{10FFFE}'];
        let with = hidden.iter().chain(&controls).chain(&nobodys).map(|c| format!("al{c}ice"));
        for bad in with.chain(["".into(), "  ".into(), long]) {
            assert!(!is_username(&bad), "{bad:?}");
        }
    }

    /// Goal: nobody signs up under the id of somebody else, in whatever letters it is written.
    #[test]
    fn the_form_of_an_id_is_no_new_name() {
        let id = "a7741d75-2d06-4fe4-8a78-c90eea91ac10";
        let wide: String = id.chars().map(|c| if c == 'a' { '\u{ff41}' } else { c }).collect();
        for bad in [id.to_owned(), id.to_uppercase(), format!(" {id} "), wide] {
            assert!(looks_like_id(&bad) && !is_username(&bad), "{bad:?}");
        }
        for good in [id.replace('-', ""), format!("user-{id}"), format!("{id}@example.test")] {
            assert!(is_username(&good), "{good:?}");
        }
        assert!(username_is_sound(Some(id), id).is_ok(), "what was taken once stays");
        assert!(username_is_sound(Some("ada"), id).is_err());
    }

    /// F-9: what an application is called stands in one piece where people decide.
    #[test]
    fn blanks_of_a_name_stand_alone() {
        for good in
            ["Shop", "The shop", " Shop ", "\u{682a}\u{5f0f}\u{3000}\u{4f1a}\u{793e}", "Shop (verified)"]
        {
            assert!(is_seen_whole(good), "{good:?}");
        }
        for bad in [
            "Shop  (verified)",
            "Shop\u{2003}(verified)",
            "Shop\u{a0}",
            "\u{2007}x",
            "\u{2800}",
            "a\nb",
            "\u{3000} x",
        ] {
            assert!(!is_seen_whole(bad), "{bad:?}");
        }
    }
}
