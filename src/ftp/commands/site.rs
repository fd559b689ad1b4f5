//! `SITE`: what no RFC has a verb for.

use crate::ftp::context::Member;
use crate::ftp::error::CommandError;
use crate::ftp::outcome::Outcome;
use crate::model::{Limit, Scope, Traffic};
use crate::proto::{Code, Pathname, Reply, SiteCommand, date, site_help};

use super::file::set_modified;

/// `SITE`.
///
/// # Errors
///
/// 550 no such file or no permission.
pub(super) async fn site(
    member: Member<'_>,
    command: SiteCommand,
) -> Result<Outcome, CommandError> {
    match command {
        SiteCommand::Chmod { mode, pathname } => chmod(member, mode, pathname).await,
        SiteCommand::Help => Ok(Outcome::Say(site_help())),
        SiteCommand::Quota => Ok(Outcome::Say(quota(&member))),
        SiteCommand::Utime { modified, pathname } => {
            let path = member.session.resolve(&pathname)?;
            set_modified(&member, path, modified).await?;
            Ok(Outcome::Say(Reply::new(Code::CommandOkay, "UTIME ok.")))
        }
    }
}

async fn chmod(member: Member<'_>, mode: u32, pathname: Pathname) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&pathname)?;
    member.home.set_mode(&path, mode).await?;
    Ok(Outcome::Say(Reply::new(Code::CommandOkay, "CHMOD ok.")))
}

fn quota(member: &Member<'_>) -> Reply {
    let quota = &member.granted.quota;
    let (usage, limits) = (quota.usage(), quota.limits(Scope::Account));
    let mut lines = vec![
        "Quota:".to_owned(),
        format!("bytes used={} limit={}", usage.bytes, shown(limits.bytes)),
        format!("files used={} limit={}", usage.files, shown(limits.files)),
    ];
    let shared = quota.limits(Scope::Customer);
    if shared.bytes.is_some() || shared.files.is_some() {
        let pool = quota.pool_usage();
        lines.push(format!(
            "shared bytes used={} limit={}",
            pool.bytes,
            shown(shared.bytes)
        ));
        lines.push(format!(
            "shared files used={} limit={}",
            pool.files,
            shown(shared.files)
        ));
    }
    lines.extend(traffic(member, Scope::Account, ""));
    lines.extend(traffic(member, Scope::Customer, "shared "));
    lines.push("End".to_owned());
    Reply::multi(Code::CommandOkay, lines)
}

/// What is limited of the traffic of a month, and when it is counted anew.
fn traffic(member: &Member<'_>, scope: Scope, prefix: &str) -> Vec<String> {
    let (traffic, limits) = member.granted.traffic.figures(scope);
    let names = Traffic {
        up: "up",
        down: "down",
        both: "both",
    };
    let until = date::format(traffic.period.end);
    let figures = names.beside(traffic.moved.against()).beside(limits);
    let limited = figures.into_array().into_iter();
    let line = |((way, used), limit): ((&str, u64), Limit)| {
        let limit = limit?;
        Some(format!(
            "{prefix}traffic {way} used={used} limit={limit} until={until}"
        ))
    };
    limited.filter_map(line).collect()
}

fn shown(limit: Limit) -> String {
    limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string())
}
