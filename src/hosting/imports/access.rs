//! When, from where and how an account can be used, as a file says it.

use super::folders::{escaped, unescaped};
use crate::clock::Timestamp;
use crate::model::{
    Checksum, Durability, Expiry, LoginRules, NamePatterns, NetworkRules, Networks, Override,
    SessionRules, Umask, VirtualPath,
};

/// What a file says about the use of an account. `None` where it says nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AccessWishes {
    /// Until when.
    pub end: Option<End>,
    /// From where only.
    pub allowed: Option<Networks>,
    /// From where never.
    pub denied: Option<Networks>,
    /// Where a session begins.
    pub start: Option<VirtualPath>,
    /// Bits that files do not get.
    pub umask: Option<Umask>,
    /// Whether clients may ask the server to connect to them.
    pub active_mode: Option<Override<bool>>,
    /// When an upload is confirmed.
    pub durability: Option<Override<Durability>>,
    /// What is computed over an upload.
    pub checksum: Option<Override<Checksum>>,
    /// Names that may not be given.
    pub denied_names: Option<Override<NamePatterns>>,
}

/// Until when an account can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// From then on not any more.
    At(Timestamp),
    /// For good.
    Never,
}

/// A column about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AccessColumn {
    ActiveMode,
    AllowedNetworks,
    Checksum,
    DeniedNetworks,
    Durability,
    Expires,
    ForbiddenNames,
    StartFolder,
    Umask,
}

const NEVER: &str = "never";
/// Every network is allowed.
const ALL: &str = "all";
/// No network is denied, no name is forbidden.
const NONE: &str = "none";
/// The server decides.
const SERVER: &str = "server";
/// The plan decides.
const PLAN: &str = "plan";
const YES: &str = "yes";
const NO: &str = "no";

impl AccessWishes {
    /// Everything as it is.
    pub(super) fn of(login: &LoginRules, session: &SessionRules) -> Self {
        Self {
            end: Some(login.expires_at.map_or(End::Never, End::At)),
            allowed: Some(login.networks.allowed.clone()),
            denied: Some(login.networks.denied.clone()),
            start: Some(session.start.clone()),
            umask: Some(session.umask),
            active_mode: Some(session.active_mode),
            durability: Some(session.durability),
            checksum: Some(session.checksum),
            denied_names: Some(session.denied_names.clone()),
        }
    }

    /// The rules as the file wants them.
    pub(super) fn put_on(
        &self,
        login: LoginRules,
        session: SessionRules,
    ) -> (LoginRules, SessionRules) {
        let wished = self.clone();
        let networks = login.networks;
        let login = LoginRules {
            expires_at: match wished.end {
                None => login.expires_at,
                Some(End::At(end)) => Some(end),
                Some(End::Never) => None,
            },
            networks: NetworkRules {
                allowed: wished.allowed.unwrap_or(networks.allowed),
                denied: wished.denied.unwrap_or(networks.denied),
            },
        };
        let session = SessionRules {
            start: wished.start.unwrap_or(session.start),
            umask: wished.umask.unwrap_or(session.umask),
            active_mode: wished.active_mode.unwrap_or(session.active_mode),
            durability: wished.durability.unwrap_or(session.durability),
            checksum: wished.checksum.unwrap_or(session.checksum),
            denied_names: wished.denied_names.unwrap_or(session.denied_names),
        };
        (login, session)
    }
}

/// What the column says; `None` if nothing.
pub(super) fn said(column: AccessColumn, wishes: &AccessWishes) -> Option<String> {
    match column {
        AccessColumn::ActiveMode => wishes.active_mode.map(|own| match own {
            Override::Inherit => SERVER.to_owned(),
            Override::Own(true) => YES.to_owned(),
            Override::Own(false) => NO.to_owned(),
        }),
        AccessColumn::AllowedNetworks => networks_text(wishes.allowed.as_ref(), ALL),
        AccessColumn::Checksum => wishes.checksum.map(|own| {
            let own = own.own().map(Checksum::as_str);
            own.unwrap_or(PLAN).to_owned()
        }),
        AccessColumn::DeniedNetworks => networks_text(wishes.denied.as_ref(), NONE),
        AccessColumn::Durability => wishes.durability.map(|own| {
            let own = own.own().map(Durability::as_str);
            own.unwrap_or(SERVER).to_owned()
        }),
        AccessColumn::Expires => wishes.end.map(|end| match end {
            End::At(end) => Expiry(end).to_string(),
            End::Never => NEVER.to_owned(),
        }),
        AccessColumn::ForbiddenNames => wishes.denied_names.as_ref().map(names_text),
        AccessColumn::StartFolder => wishes.start.as_ref().map(escaped),
        AccessColumn::Umask => wishes.umask.map(|umask| umask.to_string()),
    }
}

/// Takes what stands in a column; it is trimmed and not empty.
///
/// # Errors
///
/// Why it cannot be read.
pub(super) fn take(
    wishes: &mut AccessWishes,
    column: AccessColumn,
    text: &str,
) -> Result<(), String> {
    match column {
        AccessColumn::ActiveMode => {
            wishes.active_mode = Some(match text {
                SERVER => Override::Inherit,
                YES => Override::Own(true),
                NO => Override::Own(false),
                _ => return Err("neither yes nor no nor server".to_owned()),
            });
        }
        AccessColumn::AllowedNetworks => wishes.allowed = Some(networks(text, ALL)?),
        AccessColumn::Checksum => {
            let own = Checksum::from_name(text);
            if own.is_none() && text != PLAN {
                return Err("neither off nor sha256 nor plan".to_owned());
            }
            wishes.checksum = Some(own.into());
        }
        AccessColumn::DeniedNetworks => wishes.denied = Some(networks(text, NONE)?),
        AccessColumn::Durability => {
            let own = Durability::from_name(text);
            if own.is_none() && text != SERVER {
                return Err("neither received nor on-disk nor server".to_owned());
            }
            wishes.durability = Some(own.into());
        }
        AccessColumn::Expires => {
            wishes.end = Some(match text {
                NEVER => End::Never,
                _ => End::At(end(text)?),
            });
        }
        AccessColumn::ForbiddenNames => wishes.denied_names = Some(names(text)?),
        AccessColumn::StartFolder => {
            let folder = unescaped(text).ok_or("not a folder like /in/today")?;
            let folder = VirtualPath::root().resolve(&folder);
            wishes.start = Some(folder.map_err(|error| error.to_string())?);
        }
        AccessColumn::Umask => {
            // A spreadsheet takes the zeros in front away.
            let umask = format!("{text:0>3}").parse::<Umask>();
            wishes.umask = Some(umask.map_err(|error| error.to_string())?);
        }
    }
    Ok(())
}

fn end(text: &str) -> Result<Timestamp, String> {
    let end = text.parse::<Expiry>();
    end.map(|Expiry(end)| end)
        .map_err(|_| "not date and time in UTC like 2027-03-12 18:30, and not never".to_owned())
}

fn networks_text(networks: Option<&Networks>, none: &str) -> Option<String> {
    let networks = networks?;
    if networks.is_empty() {
        return Some(none.to_owned());
    }
    Some(networks.to_string().replace('\n', " "))
}

fn networks(text: &str, none: &str) -> Result<Networks, String> {
    if text == none {
        return Ok(Networks::default());
    }
    text.parse::<Networks>().map_err(|error| in_a_cell(&error))
}

fn names_text(own: &Override<NamePatterns>) -> String {
    let Override::Own(names) = own else {
        return PLAN.to_owned();
    };
    let line = names.line();
    match line.as_str() {
        "" => NONE.to_owned(),
        // As patterns these are written twice, of which one is left out when it is read.
        NONE | PLAN => format!("{line} {line}"),
        _ => line,
    }
}

fn names(text: &str) -> Result<Override<NamePatterns>, String> {
    match text {
        PLAN => Ok(Override::Inherit),
        NONE => Ok(Override::Own(NamePatterns::default())),
        _ => {
            let names = text.parse::<NamePatterns>();
            names.map(Override::Own).map_err(|error| in_a_cell(&error))
        }
    }
}

/// An error of a list in the words for a single line.
fn in_a_cell(error: &impl ToString) -> String {
    error.to_string().trim_start_matches("Line 1: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(column: AccessColumn, text: &str) -> Result<AccessWishes, String> {
        let mut wishes = AccessWishes::default();
        take(&mut wishes, column, text)?;
        Ok(wishes)
    }

    #[test]
    fn a_word_is_told_from_what_it_could_be_mistaken_for() {
        use AccessColumn as Column;
        for (column, text, written) in [
            (Column::ForbiddenNames, "plan plan", "plan plan"),
            (Column::ForbiddenNames, "none NONE", "none none"),
            (Column::ForbiddenNames, "*.PHP .ht*", "*.php .ht*"),
            (Column::ForbiddenNames, "plan", "plan"),
            (Column::ForbiddenNames, "none", "none"),
            (Column::AllowedNetworks, "all", "all"),
            (Column::DeniedNetworks, "none", "none"),
            (
                Column::DeniedNetworks,
                "10.0.0.0/8,2001:db8::1",
                "10.0.0.0/8 2001:db8::1",
            ),
            (Column::Umask, "22", "022"),
            (Column::Umask, "7", "007"),
            (Column::Expires, "2027-03-12T18:30Z", "2027-03-12 18:30 UTC"),
            (Column::Expires, "never", "never"),
            (Column::StartFolder, "/50%25 off", "/50%25 off"),
            (Column::StartFolder, "in", "/in"),
            (Column::ActiveMode, "server", "server"),
            (Column::Durability, "on-disk", "on-disk"),
            (Column::Checksum, "sha256", "sha256"),
            (Column::Checksum, "plan", "plan"),
        ] {
            let wishes = taken(column, text).unwrap();

            assert_eq!(said(column, &wishes).as_deref(), Some(written), "{text}");
        }
        assert_eq!(
            taken(Column::ForbiddenNames, "plan").unwrap().denied_names,
            Some(Override::Inherit)
        );
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        use AccessColumn as Column;
        for (column, text, told) in [
            (
                Column::Expires,
                "tomorrow",
                "not date and time in UTC like 2027-03-12 18:30, and not never",
            ),
            (Column::Checksum, "md5", "neither off nor sha256 nor plan"),
            (Column::ActiveMode, "maybe", "neither yes nor no nor server"),
            (
                Column::Durability,
                "soon",
                "neither received nor on-disk nor server",
            ),
            (
                Column::AllowedNetworks,
                "none",
                "“none” is not a network. Write it like 192.0.2.0/24, 2001:db8::/32 or 198.51.100.7",
            ),
            (
                Column::DeniedNetworks,
                "10.1.2.3/8",
                "“10.1.2.3/8” does not begin its network. Write 10.0.0.0/8",
            ),
            (
                Column::ForbiddenNames,
                "a/b",
                "“a/b” is no pattern for a name. Write it like *.php, without folders",
            ),
            (
                Column::Umask,
                "770",
                "Umask must be three digits from 000 to 077, for example 027",
            ),
            (Column::StartFolder, "/a%00", "illegal character in path"),
            (Column::StartFolder, "/%ff", "not a folder like /in/today"),
        ] {
            assert_eq!(taken(column, text), Err(told.to_owned()), "{text}");
        }
    }
}
