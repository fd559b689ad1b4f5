//! The arguments of commands: a type is its grammar. What a handler receives is already what the
//! RFC allows.

use crate::clock::Timestamp;
use crate::model::Secret;
use crate::proto::date::{self, DateError};
use crate::proto::facts::Facts;
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

/// The size that `ALLO` declares; the record size behind `R` says nothing here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allocation(pub u64);

impl Argument for Allocation {
    const SYNTAX: &'static str = " <bytes> [R <record size>]";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let malformed = SyntaxError::Malformed("Not a valid number of bytes.");
        let mut words = trimmed(raw)?.split_ascii_whitespace();
        let bytes = words.next().and_then(decimal).ok_or(malformed)?;
        match (words.next(), words.next(), words.next()) {
            (None, ..) => Ok(Self(bytes)),
            (Some(r), Some(size), None) if r.eq_ignore_ascii_case("R") => {
                decimal(size).map(|_| Self(bytes)).ok_or(malformed)
            }
            _ => Err(malformed),
        }
    }
}

/// What `AUTH` asks for; only TLS is known (RFC 4217 §4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mechanism {
    /// `TLS`, and its older names `TLS-C`, `TLS-P` and `SSL`.
    Tls,
}

impl Argument for Mechanism {
    const SYNTAX: &'static str = " TLS";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let name = trimmed(raw)?;
        if !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SyntaxError::Malformed("Malformed mechanism name."));
        }
        if ["TLS", "TLS-C", "TLS-P", "SSL"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
        {
            return Ok(Self::Tls);
        }
        Err(SyntaxError::Unsupported("Only AUTH TLS is supported."))
    }
}

/// The buffer size of `PBSZ`, a 32-bit number; with TLS it is always 0 (RFC 4217 §8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BufferSize(pub u32);

impl Argument for BufferSize {
    const SYNTAX: &'static str = " 0";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        decimal(trimmed(raw)?)
            .and_then(|size| u32::try_from(size).ok())
            .map(Self)
            .ok_or(SyntaxError::Malformed("Not a valid buffer size."))
    }
}

/// How the data connection is protected (RFC 2228, RFC 4217 §9).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ProtectionLevel {
    /// `C`: not at all.
    #[default]
    Clear,
    /// `S`: integrity only; not supported with TLS.
    Safe,
    /// `E`: confidentiality only; not supported with TLS.
    Confidential,
    /// `P`: by TLS.
    Private,
}

impl ProtectionLevel {
    /// The letter on the wire.
    pub const fn letter(self) -> char {
        match self {
            Self::Clear => 'C',
            Self::Safe => 'S',
            Self::Confidential => 'E',
            Self::Private => 'P',
        }
    }
}

impl Argument for ProtectionLevel {
    const SYNTAX: &'static str = " <C or P>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        match trimmed(raw)?.to_ascii_uppercase().as_str() {
            "C" => Ok(Self::Clear),
            "S" => Ok(Self::Safe),
            "E" => Ok(Self::Confidential),
            "P" => Ok(Self::Private),
            _ => Err(SyntaxError::Unsupported("Unknown protection level.")),
        }
    }
}

/// What `OPTS` sets (RFC 2389 §4, RFC 3659 §7.9).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OptsArgument {
    /// `MLST facts`: these facts from now on.
    Mlst(Facts),
    /// `UTF8 [ON]`: it is always on.
    Utf8,
}

impl Argument for OptsArgument {
    const SYNTAX: &'static str = " <UTF8 ON, or MLST facts>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let text = trimmed(raw)?;
        let (name, options) = text.split_once(' ').unwrap_or((text, ""));
        let options = options.trim();
        match name.to_ascii_uppercase().as_str() {
            "UTF8" | "UTF-8" => match options.to_ascii_uppercase().as_str() {
                "" | "ON" | "NLST" => Ok(Self::Utf8),
                "OFF" => Err(SyntaxError::Unsupported("UTF8 is always on.")),
                _ => Err(SyntaxError::Malformed("Use OPTS UTF8 ON.")),
            },
            "MLST" => Ok(Self::Mlst(Facts::parse(options))),
            _ => Err(SyntaxError::Malformed("Option not understood.")),
        }
    }
}

/// How files travel (`TYPE`, RFC 959 §3.1.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TransferType {
    /// `A`: text, lines end in CR LF on the wire.
    #[default]
    Ascii,
    /// `I` and `L 8`: as stored.
    Image,
}

impl TransferType {
    /// The letter on the wire.
    pub const fn letter(self) -> char {
        match self {
            Self::Ascii => 'A',
            Self::Image => 'I',
        }
    }
}

impl Argument for TransferType {
    const SYNTAX: &'static str = " <A or I>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let text = trimmed(raw)?.to_ascii_uppercase();
        let unsupported = SyntaxError::Unsupported("Only TYPE A and TYPE I are supported.");
        let malformed = SyntaxError::Malformed("Unknown type.");
        let mut words = text.split_ascii_whitespace();
        match (words.next().unwrap_or_default(), words.next()) {
            // Printers send `I N`.
            ("I", _) | ("L", Some("8")) | ("L8", None) => Ok(Self::Image),
            ("A", None | Some("N")) => Ok(Self::Ascii),
            ("A", Some("T" | "C")) | ("E", _) => Err(unsupported),
            ("L", Some(size)) if decimal(size).is_some() => Err(unsupported),
            (word, None) if word.strip_prefix('L').and_then(decimal).is_some() => Err(unsupported),
            _ => Err(malformed),
        }
    }
}

/// `STRU F`, the only structure (RFC 1123 §4.1.2.13).
pub(crate) struct FileStructure;

impl Argument for FileStructure {
    const SYNTAX: &'static str = " F";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        match trimmed(raw)?.to_ascii_uppercase().as_str() {
            "F" => Ok(Self),
            "R" | "P" => Err(SyntaxError::Unsupported("Only STRU F is supported.")),
            _ => Err(SyntaxError::Malformed("Unknown structure.")),
        }
    }
}

/// `MODE S`, the only mode (RFC 959 §3.4).
pub(crate) struct StreamMode;

impl Argument for StreamMode {
    const SYNTAX: &'static str = " S";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        match trimmed(raw)?.to_ascii_uppercase().as_str() {
            "S" => Ok(Self),
            "B" | "C" | "Z" => Err(SyntaxError::Unsupported("Only MODE S is supported.")),
            _ => Err(SyntaxError::Malformed("Unknown mode.")),
        }
    }
}

/// `LANG [tag]`: English is the only language (RFC 2640 §4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Language {
    /// The default, which is English.
    Default,
    /// `en` or one of its regions.
    English,
}

impl Argument for Language {
    const SYNTAX: &'static str = " [<language tag>]";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let Some(tag) = raw.map(str::trim).filter(|tag| !tag.is_empty()) else {
            return Ok(Self::Default);
        };
        let mut parts = tag.split('-');
        let well_formed = tag.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if !well_formed {
            return Err(SyntaxError::Malformed("Malformed language tag."));
        }
        match parts.next() {
            Some(language) if language.eq_ignore_ascii_case("en") => Ok(Self::English),
            _ => Err(SyntaxError::Unsupported("Only English is supported.")),
        }
    }
}

/// The argument of `MDTM`, which can mean two things (the set form has no RFC).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MdtmArgument {
    /// The whole argument as a pathname: what is meant if it exists.
    pub literal: Pathname,
    /// The argument read as `time SP pathname`: what is meant otherwise, if the account may set
    /// times.
    pub set: Option<SetTime>,
}

/// A time to set on a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SetTime {
    /// The time, or the fact that there is no such day.
    pub modified: Result<Timestamp, DateError>,
    /// The file.
    pub pathname: Pathname,
}

impl Argument for MdtmArgument {
    const SYNTAX: &'static str = " [<YYYYMMDDHHMMSS>] <pathname>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let literal = Pathname::parse(raw)?;
        let set = literal
            .as_str()
            .split_once(' ')
            .filter(|(time, _)| has_the_shape_of_a_time(time))
            .and_then(|(time, path)| {
                Some(SetTime {
                    modified: date::parse(time),
                    pathname: Pathname::of(path).ok()?,
                })
            });
        Ok(Self { literal, set })
    }
}

/// The argument of `MFMT` (draft-somers-ftp-mfxx §3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MfmtArgument {
    /// The time to set.
    pub modified: Timestamp,
    /// The file.
    pub pathname: Pathname,
}

impl Argument for MfmtArgument {
    const SYNTAX: &'static str = " <YYYYMMDDHHMMSS> <pathname>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let raw = raw.ok_or(SyntaxError::MissingArgument)?;
        let (time, path) = raw.split_once(' ').unwrap_or((raw, ""));
        Ok(Self {
            modified: date::parse(time).map_err(|_| BAD_DATE)?,
            pathname: Pathname::of(path)?,
        })
    }
}

/// `[flags] [pathname]` of `LIST`, `NLST` and `STAT`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ListArgument {
    /// What the flags ask for.
    pub options: ListOptions,
    /// What to list; `None`: the current directory.
    pub pathname: Option<Pathname>,
}

/// The flags of `LIST` that mean something; all others are ignored.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ListOptions {
    /// `a`, `A`: names with a leading dot too.
    pub all: bool,
    /// `l`: long lines, also from `NLST`.
    pub long: bool,
    /// `R`: directories inside too.
    pub recursive: bool,
    /// `d`: the directory itself.
    pub directory_itself: bool,
    /// `t`, `S`: the order.
    pub sort: SortBy,
    /// `r`: the order reversed.
    pub reversed: bool,
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SortBy {
    /// By name.
    #[default]
    Name,
    /// Largest first.
    Size,
    /// Latest first.
    Time,
}

impl ListOptions {
    fn add(&mut self, flag: char) {
        match flag {
            'a' | 'A' => self.all = true,
            'l' => self.long = true,
            'R' => self.recursive = true,
            'd' => self.directory_itself = true,
            'S' => self.sort = SortBy::Size,
            't' => self.sort = SortBy::Time,
            'r' => self.reversed = true,
            _ => {}
        }
    }
}

impl Argument for ListArgument {
    const SYNTAX: &'static str = " [<flags>] [<pathname>]";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let mut options = ListOptions::default();
        let mut rest = raw.unwrap_or_default();
        while let Some(after_dash) = rest.strip_prefix('-') {
            let (flags, behind) = after_dash.split_once(' ').unwrap_or((after_dash, ""));
            if flags == "-" {
                rest = behind;
                break;
            }
            if flags.is_empty() || !flags.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                break;
            }
            flags.chars().for_each(|flag| options.add(flag));
            rest = behind;
        }
        Ok(Self {
            options,
            pathname: Pathname::of(rest).ok(),
        })
    }
}

impl Optional for ListArgument {
    const OPTIONAL_SYNTAX: &'static str = " [<pathname>]";
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

/// 14 digits, perhaps a fraction: enough to mean a time and no path.
fn has_the_shape_of_a_time(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    whole.len() == 14
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
}

/// A time that is not in the calendar.
pub(crate) const BAD_DATE: SyntaxError = SyntaxError::Malformed("Not a valid date.");
