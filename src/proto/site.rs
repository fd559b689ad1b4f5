//! The `SITE` commands (RFC 959 §4.1.3; the subcommands have no RFC).

use crate::clock::Timestamp;
use crate::proto::argument::{Argument, Pathname, SyntaxError, trimmed};
use crate::proto::date;
use crate::proto::set_time::BAD_DATE;

/// What follows `SITE`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SiteCommand {
    /// `CHMOD mode pathname`: `mode` has permission bits only, at most 0o777.
    Chmod {
        /// The mode.
        mode: u32,
        /// The file.
        pathname: Pathname,
    },
    /// `HELP`.
    Help,
    /// `QUOTA`.
    Quota,
    /// `UTIME`: set the time of the last change.
    Utime {
        /// The time.
        modified: Timestamp,
        /// The file.
        pathname: Pathname,
    },
}

impl SiteCommand {
    /// The syntax of every subcommand, for `SITE HELP`.
    pub const SYNTAX: [&'static str; 4] = [
        "SITE CHMOD <mode> <pathname>",
        "SITE HELP",
        "SITE QUOTA",
        "SITE UTIME <YYYYMMDDhhmm[ss]> <pathname>",
    ];
}

impl Argument for SiteCommand {
    const SYNTAX: &'static str = " <CHMOD, HELP, QUOTA or UTIME> [<arguments>]";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let raw = raw.unwrap_or_default().trim_start_matches(' ');
        let (name, argument) = raw.split_once(' ').unwrap_or((raw, ""));
        match name.to_ascii_uppercase().as_str() {
            "" => Err(SyntaxError::MissingArgument),
            "CHMOD" => parse_chmod(argument),
            "HELP" => Ok(Self::Help),
            "QUOTA" => Ok(Self::Quota),
            "UTIME" => parse_utime(argument),
            _ => Err(SyntaxError::Unsupported("Unknown SITE command.")),
        }
    }
}

/// `0?ooo pathname`.
fn parse_chmod(argument: &str) -> Result<SiteCommand, SyntaxError> {
    let argument = argument.trim_start_matches(' ');
    let (mode, path) = argument.split_once(' ').unwrap_or((argument, ""));
    let pathname = Pathname::of(path)?;
    let mode = permission_bits(mode)?;
    Ok(SiteCommand::Chmod { mode, pathname })
}

/// A mode of three octal digits, or four with a leading zero.
pub(crate) fn permission_bits(text: &str) -> Result<u32, SyntaxError> {
    let octal =
        (3..=4).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    let mode = u32::from_str_radix(text, 8)
        .ok()
        .filter(|_| octal)
        .ok_or(SyntaxError::Malformed("Not a valid mode."))?;
    if mode > 0o777 {
        return Err(SyntaxError::Unsupported(
            "Set-id and sticky bits cannot be set.",
        ));
    }
    Ok(mode)
}

/// `time pathname`, or the older `pathname atime mtime ctime UTC`.
fn parse_utime(argument: &str) -> Result<SiteCommand, SyntaxError> {
    let argument = trimmed(Some(argument))?;
    if let Some(command) = parse_old_utime(argument) {
        return Ok(command);
    }
    let (time, path) = argument.split_once(' ').unwrap_or((argument, ""));
    Ok(SiteCommand::Utime {
        modified: date::parse_to_the_minute(time).map_err(|_| BAD_DATE)?,
        pathname: Pathname::of(path)?,
    })
}

fn parse_old_utime(argument: &str) -> Option<SiteCommand> {
    let mut words = argument.rsplitn(5, ' ');
    let zone = words.next()?;
    let (changed, modified, accessed) = (words.next()?, words.next()?, words.next()?);
    let path = words.next()?;
    if !zone.eq_ignore_ascii_case("UTC") {
        return None;
    }
    date::parse_to_the_minute(changed).ok()?;
    date::parse_to_the_minute(accessed).ok()?;
    Some(SiteCommand::Utime {
        modified: date::parse_to_the_minute(modified).ok()?,
        pathname: Pathname::of(path).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(typed: &str) -> Result<SiteCommand, u16> {
        let raw = Some(typed).filter(|typed| !typed.is_empty());
        SiteCommand::parse(raw).map_err(|error| error.reply().code().number())
    }

    fn path(text: &str) -> Pathname {
        Pathname::of(text).unwrap()
    }

    #[test]
    fn subcommands_are_read_in_any_case() {
        assert_eq!(parse("help"), Ok(SiteCommand::Help));
        assert_eq!(parse(" QUOTA "), Ok(SiteCommand::Quota));
        for (typed, code) in [
            ("", 501),
            (" ", 501),
            ("NOPE", 504),
            ("EXEC ls", 504),
            ("WHO", 504),
            ("CPFR f", 504),
            ("SYMLINK a b", 504),
        ] {
            assert_eq!(parse(typed), Err(code), "{typed}");
        }
    }

    #[test]
    fn a_mode_has_three_octal_digits_or_a_leading_zero() {
        for (typed, mode) in [
            ("CHMOD 644 f.txt", 0o644),
            ("chmod 0600 f.txt", 0o600),
            ("CHMOD 000 f.txt", 0),
        ] {
            let pathname = path("f.txt");
            assert_eq!(
                parse(typed),
                Ok(SiteCommand::Chmod { mode, pathname }),
                "{typed}"
            );
        }
        for (typed, code) in [
            ("CHMOD 4755 f", 504),
            ("CHMOD 6777 f", 504),
            ("CHMOD 1777 f", 504),
            ("CHMOD 888 f", 501),
            ("CHMOD 64 f", 501),
            ("CHMOD 00644 f", 501),
            ("CHMOD +644 f", 501),
            ("CHMOD u+x f", 501),
            ("CHMOD 644", 501),
            ("CHMOD 644 ", 501),
            ("CHMOD", 501),
        ] {
            assert_eq!(parse(typed), Err(code), "{typed}");
        }
    }

    #[test]
    fn both_forms_of_utime_set_the_time() {
        let modified = date::parse("20240101000000").unwrap();
        for (typed, name) in [
            ("UTIME 20240101000000 f.txt", "f.txt"),
            ("UTIME 202401010000 a b", "a b"),
            (
                "UTIME f.txt 20230101000000 20240101000000 20230101000000 UTC",
                "f.txt",
            ),
            (
                "UTIME a b 20230101000000 20240101000000 20230101000000 utc",
                "a b",
            ),
        ] {
            let pathname = path(name);
            assert_eq!(
                parse(typed),
                Ok(SiteCommand::Utime { modified, pathname }),
                "{typed}"
            );
        }
        for typed in [
            "UTIME",
            "UTIME f.txt",
            "UTIME 20240101000000",
            "UTIME 20241301000000 f",
            "UTIME f 20240101000000 x 20240101000000 UTC",
        ] {
            assert_eq!(parse(typed), Err(501), "{typed}");
        }
    }

    #[test]
    fn the_help_names_every_subcommand_that_is_understood() {
        for line in SiteCommand::SYNTAX {
            let name = line.split(' ').nth(1).unwrap();
            assert_ne!(parse(name), Err(504), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(typed in "(CHMOD |UTIME |)[0-9 UTCa.]{0,60}|.{0,40}") {
            drop(parse(&typed));
        }
    }
}
