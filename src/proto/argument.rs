//! The arguments of commands: a type is its grammar. What a handler receives is already what the
//! RFC allows.

use crate::model::Secret;
use crate::proto::reply::{Code, Reply};

/// What can stand behind a verb.
pub(crate) trait Argument: Sized {
    /// What follows the verb in `HELP verb`.
    const SYNTAX: &'static str;

    /// Reads what follows the verb and one space; `None` if there is nothing.
    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError>;
}

/// Why a line is not a command. The messages are what the peer hears.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SyntaxError {
    /// Not what the grammar wants.
    #[error("{0}")]
    Malformed(&'static str),
    /// The verb needs an argument.
    #[error("Argument missing.")]
    MissingArgument,
    /// The verb takes no argument.
    #[error("This command takes no argument.")]
    UnexpectedArgument,
    /// There is no such verb.
    #[error("Unknown command.")]
    UnknownVerb,
    /// Well formed, but this parameter is not supported.
    #[error("{0}")]
    Unsupported(&'static str),
}

impl SyntaxError {
    /// What the peer hears.
    pub fn reply(self) -> Reply {
        let code = match self {
            Self::UnknownVerb => Code::UnknownCommand,
            Self::Malformed(_) | Self::MissingArgument | Self::UnexpectedArgument => {
                Code::BadArgument
            }
            Self::Unsupported(_) => Code::ParameterNotImplemented,
        };
        Reply::new(code, self.to_string())
    }
}

/// No argument is allowed.
pub(crate) struct Nothing;

impl Argument for Nothing {
    const SYNTAX: &'static str = "";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        match raw {
            None => Ok(Self),
            Some(_) => Err(SyntaxError::UnexpectedArgument),
        }
    }
}

/// Whatever follows is of no interest (`NOOP arg` is tolerated).
pub(crate) struct Anything;

impl Argument for Anything {
    const SYNTAX: &'static str = "";

    fn parse(_: Option<&str>) -> Result<Self, SyntaxError> {
        Ok(Self)
    }
}

/// An argument that may be missing.
impl<A: Optional> Argument for Option<A> {
    const SYNTAX: &'static str = A::OPTIONAL_SYNTAX;

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        match raw {
            None => Ok(None),
            Some(_) => A::parse(raw).map(Some),
        }
    }
}

/// An argument that some verbs can do without.
pub(crate) trait Optional: Argument {
    /// [`Argument::SYNTAX`] in brackets.
    const OPTIONAL_SYNTAX: &'static str;
}

/// A login name as typed: 1 to 128 bytes, spaces significant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoginName(String);

impl LoginName {
    /// Longest name in bytes.
    pub const LIMIT_BYTES: usize = 128;

    /// The name as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Argument for LoginName {
    const SYNTAX: &'static str = " <name>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let name = raw.ok_or(SyntaxError::MissingArgument)?;
        if name.len() > Self::LIMIT_BYTES {
            return Err(SyntaxError::Malformed("Name too long."));
        }
        Ok(Self(name.to_owned()))
    }
}

/// A password: any text, spaces significant, or none at all (RFC 959 allows an empty one).
impl Argument for Secret {
    const SYNTAX: &'static str = " <password>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        Ok(Self::new(raw.unwrap_or_default().to_owned()))
    }
}

/// Free text, trimmed, cut to 128 bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Text(String);

impl Text {
    /// Most bytes that are kept.
    pub const LIMIT_BYTES: usize = 128;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Argument for Text {
    const SYNTAX: &'static str = " <text>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let mut text = trimmed(raw)?.to_owned();
        let mut end = text.len().min(Self::LIMIT_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        Ok(Self(text))
    }
}

impl Optional for Text {
    const OPTIONAL_SYNTAX: &'static str = " [<text>]";
}

/// `<pathname>`: any text without control characters, as UTF-8 (RFC 959 §5.3.2, RFC 2640). Spaces
/// at either end belong to it. It is resolved by `Session::resolve`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pathname(String);

impl Pathname {
    /// The text as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component as typed; the whole if there is no slash.
    pub fn last_component(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// A pathname out of a longer argument.
    pub(crate) fn of(text: &str) -> Result<Self, SyntaxError> {
        if text.is_empty() {
            return Err(SyntaxError::MissingArgument);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Argument for Pathname {
    const SYNTAX: &'static str = " <pathname>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        Self::of(raw.unwrap_or_default())
    }
}

impl Optional for Pathname {
    const OPTIONAL_SYNTAX: &'static str = " [<pathname>]";
}

/// A number of bytes (`REST`): 0 to 2⁶³-1.
impl Argument for u64 {
    const SYNTAX: &'static str = " <offset>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        decimal(trimmed(raw)?).ok_or(SyntaxError::Malformed("Not a valid number of bytes."))
    }
}

/// The argument without the spaces around it.
pub(crate) fn trimmed(raw: Option<&str>) -> Result<&str, SyntaxError> {
    let text = raw.unwrap_or_default().trim_matches(' ');
    if text.is_empty() {
        return Err(SyntaxError::MissingArgument);
    }
    Ok(text)
}

/// A decimal number up to 2⁶³-1, digits only.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse()
        .ok()
        .filter(|number| i64::try_from(*number).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_name_keeps_its_spaces_and_has_1_to_128_bytes() {
        assert_eq!(LoginName::parse(Some(" u ")).unwrap().as_str(), " u ");
        assert!(LoginName::parse(Some(&"x".repeat(128))).is_ok());
        assert!(LoginName::parse(Some(&"x".repeat(129))).is_err());
        assert_eq!(LoginName::parse(None), Err(SyntaxError::MissingArgument));
    }

    #[test]
    fn a_password_is_kept_to_the_last_space_and_may_be_empty() {
        assert_eq!(Secret::parse(Some(" p w ")).unwrap().expose(), " p w ");
        assert_eq!(Secret::parse(None).unwrap().expose(), "");
    }

    #[test]
    fn text_is_trimmed_and_cut_between_characters() {
        assert_eq!(Text::parse(Some("  a b ")).unwrap().as_str(), "a b");
        assert_eq!(
            Text::parse(Some(&format!("x{}", "ü".repeat(100))))
                .unwrap()
                .as_str()
                .len(),
            127
        );
        assert_eq!(Text::parse(Some("  ")), Err(SyntaxError::MissingArgument));
    }

    #[test]
    fn a_pathname_is_kept_as_typed() {
        for typed in [" lead", "trail ", "a;b", "-l", "\"q\"", "~", "a\\b", "//d"] {
            assert_eq!(Pathname::parse(Some(typed)).unwrap().as_str(), typed);
        }
        assert_eq!(Pathname::parse(None), Err(SyntaxError::MissingArgument));
        assert_eq!(Option::<Pathname>::parse(None), Ok(None));
        assert_eq!(Pathname::of("a/b c").unwrap().last_component(), "b c");
        assert_eq!(Pathname::of("b").unwrap().last_component(), "b");
    }

    #[test]
    fn an_offset_is_digits_up_to_2_to_the_63() {
        for (typed, offset) in [
            ("0", Some(0)),
            (" 5 ", Some(5)),
            ("9223372036854775807", Some(9_223_372_036_854_775_807)),
            ("9223372036854775808", None),
            ("99999999999999999999", None),
            ("-1", None),
            ("+1", None),
            ("1 2", None),
            ("0x1", None),
            ("x", None),
        ] {
            assert_eq!(u64::parse(Some(typed)).ok(), offset, "{typed}");
        }
        assert_eq!(u64::parse(None), Err(SyntaxError::MissingArgument));
    }

    #[test]
    fn each_error_has_its_code() {
        for (error, code) in [
            (SyntaxError::UnknownVerb, 500),
            (SyntaxError::MissingArgument, 501),
            (SyntaxError::UnexpectedArgument, 501),
            (SyntaxError::Malformed("No."), 501),
            (SyntaxError::Unsupported("No."), 504),
        ] {
            assert_eq!(error.reply().code().number(), code);
        }
        assert_eq!(SyntaxError::UnknownVerb.reply().text(), "Unknown command.");
    }
}
