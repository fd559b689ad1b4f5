//! `account set`: changes what is ruled about an account, one option at a time.

use std::str::FromStr;

use anyhow::anyhow;

use super::console;
use super::known::find;
use crate::app::Office;
use crate::hosting::accounts::AccountSettings;
use crate::model::{
    Actor, ByteSize, Checksum, Durability, Expiry, NamePatterns, Networks, Override, Umask,
    Username, VirtualPath,
};

/// What is changed; what is left out stays as it is.
#[derive(Debug, clap::Args)]
pub(super) struct SetAccount {
    /// The account.
    username: Username,
    /// When it comes to its end, in UTC, like "2027-03-12 18:30"; or never.
    #[arg(long, value_name = "TIME|never")]
    expires: Option<String>,
    /// Networks from which it may be used, with commas between them; or all.
    #[arg(long, value_name = "NETWORKS|all")]
    allow_from: Option<String>,
    /// Networks from which it may never be used, with commas between them; or none.
    #[arg(long, value_name = "NETWORKS|none")]
    deny_from: Option<String>,
    /// Sessions at once; none for no limit, or plan.
    #[arg(long, value_name = "NUMBER|none|plan")]
    sessions: Option<String>,
    /// Sessions at once from one address; none for no limit, or plan.
    #[arg(long, value_name = "NUMBER|none|plan")]
    sessions_per_address: Option<String>,
    /// Most bytes it may upload in a month, for example 500GiB; none for no limit, or plan.
    #[arg(long, value_name = "SIZE|none|plan")]
    traffic_up: Option<String>,
    /// Most bytes it may download in a month; none for no limit, or plan.
    #[arg(long, value_name = "SIZE|none|plan")]
    traffic_down: Option<String>,
    /// Most bytes it may upload and download in a month, together; none for no limit, or plan.
    #[arg(long, value_name = "SIZE|none|plan")]
    traffic_both: Option<String>,
    /// The folder in which a session begins.
    #[arg(long, value_name = "FOLDER")]
    start: Option<String>,
    /// Permission bits that new files and folders do not get, for example 027.
    #[arg(long)]
    umask: Option<Umask>,
    /// Whether clients may ask the server to connect to them: yes, no, or server.
    #[arg(long, value_name = "yes|no|server")]
    active_mode: Option<String>,
    /// When an upload is confirmed: received, on-disk, or server.
    #[arg(long, value_name = "received|on-disk|server")]
    durability: Option<String>,
    /// What is computed over an upload while it arrives: off, sha256, or plan.
    #[arg(long, value_name = "off|sha256|plan")]
    checksum: Option<String>,
    /// Patterns of names that are not allowed, with spaces between them; none, or plan.
    #[arg(long, value_name = "PATTERNS|none|plan")]
    forbid_names: Option<String>,
}

impl SetAccount {
    pub(super) async fn run(self, office: &Office) -> anyhow::Result<()> {
        let account = find(office, &self.username).await?;
        let before = AccountSettings::of(&account);
        let settings = self.changed(before.clone())?;
        if settings == before {
            console::say(&format!("{} stays as it is.", account.username));
            return Ok(());
        }
        let actor = Actor::command_line();
        let (id, seen) = (account.id, account.version);
        office.accounts.change(&actor, id, seen, settings).await?;
        console::say(&format!("{} is changed.", account.username));
        Ok(())
    }

    fn changed(self, mut settings: AccountSettings) -> anyhow::Result<AccountSettings> {
        let (login, session) = (&mut settings.login, &mut settings.session);
        if let Some(typed) = self.expires {
            let end = or_word(&typed, "never", Expiry::from_str)?;
            login.expires_at = end.map(|Expiry(end)| end);
        }
        if let Some(typed) = self.allow_from {
            let networks = or_word(&typed, "all", Networks::from_str)?;
            login.networks.allowed = networks.unwrap_or_default();
        }
        if let Some(typed) = self.deny_from {
            let networks = or_word(&typed, "none", Networks::from_str)?;
            login.networks.denied = networks.unwrap_or_default();
        }
        if let Some(typed) = self.sessions {
            settings.limits.sessions = limit(&typed)?;
        }
        if let Some(typed) = self.sessions_per_address {
            settings.limits.sessions_per_address = limit(&typed)?;
        }
        let traffic = &mut settings.limits.traffic;
        for (typed, own) in [
            (self.traffic_up, &mut traffic.up),
            (self.traffic_down, &mut traffic.down),
            (self.traffic_both, &mut traffic.both),
        ] {
            if let Some(typed) = typed {
                *own = size(&typed)?;
            }
        }
        if let Some(typed) = self.start {
            session.start = VirtualPath::root().resolve(&typed)?;
        }
        session.umask = self.umask.unwrap_or(session.umask);
        if let Some(typed) = self.active_mode {
            session.active_mode = or_word(&typed, "server", yes_or_no)?.into();
        }
        if let Some(typed) = self.durability {
            session.durability = or_word(&typed, "server", durability)?.into();
        }
        if let Some(typed) = self.checksum {
            session.checksum = or_word(&typed, "plan", checksum)?.into();
        }
        if let Some(typed) = self.forbid_names {
            let none = |typed: &str| or_word(typed, "none", NamePatterns::from_str);
            let names = or_word(&typed, "plan", none)?;
            session.denied_names = names.map(Option::unwrap_or_default).into();
        }
        Ok(settings)
    }
}

/// What `read` makes of the text; `None` if it is `word`.
fn or_word<T, E: Into<anyhow::Error>>(
    typed: &str,
    word: &str,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> anyhow::Result<Option<T>> {
    if typed.trim().eq_ignore_ascii_case(word) {
        return Ok(None);
    }
    read(typed).map(Some).map_err(Into::into)
}

fn limit(typed: &str) -> anyhow::Result<Override> {
    let number = |typed: &str| or_word(typed, "none", u64::from_str);
    let own = or_word(typed, "plan", number);
    let own = own.map_err(|_| anyhow!("“{typed}” is no number, and neither none nor plan"))?;
    Ok(own.into())
}

fn size(typed: &str) -> anyhow::Result<Override> {
    let size = |typed: &str| or_word(typed, "none", ByteSize::from_str);
    let own = or_word(typed, "plan", size);
    let own = own.map_err(|_| anyhow!("“{typed}” is no size, and neither none nor plan"))?;
    Ok(own.map(|limit| limit.map(|size| size.0)).into())
}

fn yes_or_no(typed: &str) -> anyhow::Result<bool> {
    match typed.trim() {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(anyhow!("“{other}” is neither yes nor no nor server")),
    }
}

fn durability(typed: &str) -> anyhow::Result<Durability> {
    let kind = Durability::from_name(typed.trim());
    kind.ok_or_else(|| anyhow!("“{typed}” is neither received nor on-disk nor server"))
}

fn checksum(typed: &str) -> anyhow::Result<Checksum> {
    let kind = Checksum::from_name(typed.trim());
    kind.ok_or_else(|| anyhow!("“{typed}” is neither off nor sha256 nor plan"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn nothing() -> SetAccount {
        SetAccount {
            username: "kestrel".parse().unwrap(),
            expires: None,
            allow_from: None,
            deny_from: None,
            sessions: None,
            sessions_per_address: None,
            traffic_up: None,
            traffic_down: None,
            traffic_both: None,
            start: None,
            umask: None,
            active_mode: None,
            durability: None,
            checksum: None,
            forbid_names: None,
        }
    }

    #[test]
    fn what_is_left_out_stays_as_it_is() {
        let everything = SetAccount {
            expires: Some("2027-03-08 12:00".into()),
            allow_from: Some("10.0.0.0/8,192.0.2.7".into()),
            deny_from: Some("10.1.0.0/16".into()),
            sessions: Some("none".into()),
            sessions_per_address: Some("2".into()),
            traffic_up: Some("500GiB".into()),
            traffic_down: Some("0".into()),
            traffic_both: Some("none".into()),
            start: Some("/in".into()),
            umask: Some("077".parse().unwrap()),
            active_mode: Some("no".into()),
            durability: Some("on-disk".into()),
            checksum: Some("sha256".into()),
            forbid_names: Some("*.php .ht*".into()),
            ..nothing()
        };

        let ruled = everything.changed(AccountSettings::default()).unwrap();
        let same = nothing().changed(ruled.clone()).unwrap();

        assert_eq!(same, ruled);
        let end = Some(Timestamp::from_seconds(1_804_507_200));
        assert_eq!(ruled.login.expires_at, end);
        assert_eq!(ruled.login.networks.allowed.iter().count(), 2);
        assert_eq!(ruled.limits.sessions, Override::Own(None));
        assert_eq!(ruled.session.checksum, Override::Own(Checksum::Sha256));
        assert_eq!(ruled.limits.sessions_per_address, Override::Own(Some(2)));
        let traffic = ruled.limits.traffic.into_array();
        assert_eq!(traffic, [Some(500 << 30), Some(0), None].map(Override::Own));
        assert_eq!(
            ruled.session.denied_names.own().unwrap().line(),
            "*.php .ht*"
        );
    }

    #[test]
    fn every_rule_can_be_taken_back() {
        let ruled = SetAccount {
            expires: Some("2027-03-08 12:00".into()),
            allow_from: Some("10.0.0.0/8".into()),
            deny_from: Some("10.1.0.0/16".into()),
            sessions: Some("1".into()),
            traffic_both: Some("1TiB".into()),
            active_mode: Some("yes".into()),
            durability: Some("received".into()),
            checksum: Some("off".into()),
            forbid_names: Some("none".into()),
            ..nothing()
        };
        let ruled = ruled.changed(AccountSettings::default()).unwrap();
        let back = SetAccount {
            expires: Some("never".into()),
            allow_from: Some("all".into()),
            deny_from: Some("none".into()),
            sessions: Some("plan".into()),
            traffic_both: Some("plan".into()),
            active_mode: Some("server".into()),
            durability: Some("server".into()),
            checksum: Some("plan".into()),
            forbid_names: Some("plan".into()),
            ..nothing()
        };

        assert_eq!(
            ruled.session.denied_names,
            Override::Own(NamePatterns::default())
        );
        let back = back.changed(ruled).unwrap();
        assert_eq!(back, AccountSettings::default());
    }

    #[test]
    fn what_makes_no_sense_changes_nothing() {
        for wrong in [
            SetAccount {
                expires: Some("soon".into()),
                ..nothing()
            },
            SetAccount {
                allow_from: Some("10.0.0/8".into()),
                ..nothing()
            },
            SetAccount {
                sessions: Some("many".into()),
                ..nothing()
            },
            SetAccount {
                traffic_down: Some("plenty".into()),
                ..nothing()
            },
            SetAccount {
                active_mode: Some("perhaps".into()),
                ..nothing()
            },
            SetAccount {
                durability: Some("always".into()),
                ..nothing()
            },
            SetAccount {
                checksum: Some("server".into()),
                ..nothing()
            },
            SetAccount {
                forbid_names: Some("a/b".into()),
                ..nothing()
            },
        ] {
            assert!(wrong.changed(AccountSettings::default()).is_err());
        }
    }
}
