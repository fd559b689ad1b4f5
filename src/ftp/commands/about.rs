//! What the server is and does: `SYST`, `FEAT`, `HELP`, `NOOP`, `STAT`, `AVBL` (RFC 959 §4.1.3,
//! RFC 2389).

use crate::ftp::context::{Context, Member};
use crate::ftp::error::CommandError;
use crate::ftp::outcome::Outcome;
use crate::proto::{Code, Offer, Pathname, Reply, Text, features};

/// `SYST`: clients decide by the first word how to read `LIST`.
pub(super) fn syst() -> Outcome {
    Outcome::Say(Reply::new(Code::SystemType, "UNIX Type: L8"))
}

/// `FEAT`.
pub(super) fn feat(context: &Context) -> Outcome {
    let session = &context.session;
    Outcome::Say(features(Offer {
        tls: session.offers_tls(),
        facts: session.facts(),
        algorithm: session.algorithm(),
    }))
}

/// `HELP`.
pub(super) fn help(verb: Option<&Text>) -> Outcome {
    Outcome::Say(crate::proto::help(verb.map(Text::as_str)))
}

/// `NOOP`.
pub(super) fn noop() -> Outcome {
    Outcome::Say(Reply::new(Code::CommandOkay, "NOOP ok."))
}

/// A verb that is known and not built; the rules of the protocol refuse it before.
pub(super) fn not_implemented() -> Outcome {
    Outcome::Say(Reply::new(Code::NotImplemented, "Command not implemented."))
}

/// `STAT` without a path: the session, and how far the running transfer is. It is the one command
/// that is answered while a transfer runs (RFC 959 §4.1.3).
pub(in crate::ftp) fn status(context: &Context) -> Reply {
    let session = &context.session;
    let mut lines = vec!["Status:".to_owned()];
    match context.account() {
        Some(account) => {
            lines.push(format!("Connected from {}", context.peer.client.ip()));
            lines.push(format!("Logged in as {}", account.username));
            lines.push(format!(
                "TYPE: {}, STRU: F, MODE: S",
                session.transfer_type().letter()
            ));
            let control = if session.is_encrypted() {
                "encrypted"
            } else {
                "plain"
            };
            lines.push(format!(
                "Control connection: {control}, PROT: {}",
                session.protection().letter()
            ));
        }
        None => lines.push("Not logged in".to_owned()),
    }
    let view = context.door.app.sessions.find(context.live.id());
    if let Some(transfer) = view.and_then(|view| view.transfer) {
        let moved = transfer.moved_bytes;
        lines.push(match transfer.expected_bytes {
            Some(expected) => format!("Transfer running: {moved} of {expected} bytes"),
            None => format!("Transfer running: {moved} bytes"),
        });
    }
    lines.push("End".to_owned());
    Reply::multi(Code::SystemStatus, lines)
}

/// `AVBL`: bytes that can still be stored.
///
/// # Errors
///
/// 550 no such directory.
pub(super) async fn avbl(
    member: Member<'_>,
    pathname: Option<Pathname>,
) -> Result<Outcome, CommandError> {
    if let Some(pathname) = &pathname {
        member
            .home
            .enter(&member.session.resolve(pathname)?)
            .await?;
    }
    let on_disk = member.home.space().await?.available_bytes;
    let available = member
        .granted
        .quota
        .headroom()
        .map_or(on_disk, |free| free.min(on_disk));
    Ok(Outcome::Say(Reply::new(
        Code::FileStatus,
        available.to_string(),
    )))
}
