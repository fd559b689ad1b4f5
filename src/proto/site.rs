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
    let octal =
        (3..=4).contains(&mode.len()) && mode.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    let mode = u32::from_str_radix(mode, 8)
        .ok()
        .filter(|_| octal)
        .ok_or(SyntaxError::Malformed("Not a valid mode."))?;
    if mode > 0o777 {
        return Err(SyntaxError::Unsupported(
            "Set-id and sticky bits cannot be set.",
        ));
    }
    Ok(SiteCommand::Chmod { mode, pathname })
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
