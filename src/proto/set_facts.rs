//! The argument of `MFF`: facts to set on a file (draft-somers-ftp-mfxx §5).

use crate::clock::Timestamp;
use crate::proto::argument::{Argument, Pathname, SyntaxError};
use crate::proto::date;
use crate::proto::set_time::BAD_DATE;
use crate::proto::site::permission_bits;

/// `fact=value;… pathname`: at least one fact, each at most once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MffArgument {
    /// `Modify`: the time of the last change.
    pub modified: Option<Timestamp>,
    /// `UNIX.mode`: permission bits, at most `0o777`.
    pub mode: Option<u32>,
    /// The file.
    pub pathname: Pathname,
}

impl Argument for MffArgument {
    const SYNTAX: &'static str = " <Modify=YYYYMMDDHHMMSS;UNIX.mode=ooo;> <pathname>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let raw = raw.ok_or(SyntaxError::MissingArgument)?;
        let (facts, path) = raw.split_once(' ').unwrap_or((raw, ""));
        let facts = facts.strip_suffix(';').ok_or(MALFORMED)?;
        let mut argument = Self {
            modified: None,
            mode: None,
            pathname: Pathname::of(path)?,
        };
        for fact in facts.split(';') {
            let (name, value) = fact.split_once('=').ok_or(MALFORMED)?;
            argument.add(name, value)?;
        }
        Ok(argument)
    }
}

const MALFORMED: SyntaxError = SyntaxError::Malformed("Write the facts as name=value;");

impl MffArgument {
    fn add(&mut self, name: &str, value: &str) -> Result<(), SyntaxError> {
        let is_second = match name.to_ascii_lowercase().as_str() {
            "modify" => {
                let modified = date::parse(value).map_err(|_| BAD_DATE)?;
                self.modified.replace(modified).is_some()
            }
            "unix.mode" => self.mode.replace(permission_bits(value)?).is_some(),
            _ => return Err(SyntaxError::Unsupported("This fact cannot be set.")),
        };
        if is_second {
            return Err(SyntaxError::Malformed("A fact is named twice."));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(typed: &str) -> Result<MffArgument, u16> {
        let raw = Some(typed).filter(|typed| !typed.is_empty());
        MffArgument::parse(raw).map_err(|error| error.reply().code().number())
    }

    #[test]
    fn facts_are_read_in_any_case_and_order() {
        let argument = parse("unix.MODE=0600;modify=20240101000000; a b").unwrap();

        assert_eq!(argument.mode, Some(0o600));
        assert_eq!(argument.modified, date::parse("20240101000000").ok());
        assert_eq!(argument.pathname.as_str(), "a b");
        assert_eq!(parse("UNIX.mode=644; f").unwrap().modified, None);
    }

    #[test]
    fn what_cannot_be_set_is_told_from_what_is_wrong() {
        for (typed, code) in [
            ("Bogus=1;Modify=20240101000000; f", 504),
            ("Create=20240101000000; f", 504),
            ("UNIX.mode=4755; f", 504),
            ("UNIX.mode=888; f", 501),
            ("Modify=20230229000000; f", 501),
            ("Modify=20240101000000 f", 501),
            ("Modify=20240101000000;", 501),
            ("Modify=20240101000000;modify=20240101000000; f", 501),
            ("Modify; f", 501),
            ("; f", 501),
            ("f", 501),
            ("", 501),
        ] {
            assert_eq!(parse(typed), Err(code), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(typed in "(Modify|UNIX.mode|)=[0-9]{0,15};? f?|.{0,40}") {
            drop(parse(&typed));
        }
    }
}
