//! `DELE`, `RNFR`, `RNTO`, `SIZE`, `MDTM`, `MFMT`, `MFF` (RFC 959 §4.1.3, RFC 3659 §3 and §4,
//! draft-somers-ftp-mfxx).

use crate::clock::Timestamp;
use crate::ftp::context::Member;
use crate::ftp::error::CommandError;
use crate::ftp::outcome::Outcome;
use crate::model::{Operation, Permission, VirtualPath};
use crate::proto::date;
use crate::proto::{Code, MdtmArgument, MffArgument, MfmtArgument, Pathname, Reply};
use crate::vfs::{Home, Kind, StorageError};

/// `DELE`: a file, or a symbolic link itself.
///
/// # Errors
///
/// 550 no such file, or a directory; 450 it is being written.
pub(super) async fn dele(member: Member<'_>, pathname: Pathname) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&pathname)?;
    let mut record = member.record(Operation::Delete, &path);
    let (home, quota) = (member.home.clone(), member.granted.quota.clone());
    let work = async move {
        let removed = async {
            let _until_booked = quota.begin_change().await?;
            let removed = home.remove_file(&path).await?;
            quota.removed(removed);
            record.found(Some(removed));
            Ok(())
        };
        let removed = removed.await;
        match &removed {
            Ok(()) => record.done(Code::FileActionOkay),
            Err(error) => record.refused(error),
        }
        removed
    };
    member.complete(work).await?;
    Ok(Outcome::Say(Reply::new(
        Code::FileActionOkay,
        "File deleted.",
    )))
}

/// `RNFR`: names what `RNTO` will rename.
///
/// # Errors
///
/// 550 nothing there.
pub(super) async fn rnfr(member: Member<'_>, pathname: Pathname) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&pathname)?;
    if let Err(error) = member.home.rename_source(&path).await {
        let error = error.into();
        // No `RNTO` will follow, so this is all that happens.
        member.record(Operation::Rename, &path).refused(&error);
        return Err(error);
    }
    Ok(Outcome::Say(member.session.rename_from(path)))
}

/// `RNTO`: renames, and replaces a file of that name if the account may overwrite.
///
/// # Errors
///
/// 503 no `RNFR` before, 550 the directory is missing or a directory has the name, 553 a file has
/// the name and may not be replaced.
pub(super) async fn rnto(member: Member<'_>, pathname: Pathname) -> Result<Outcome, CommandError> {
    let from = member
        .session
        .take_rename_from()
        .map_err(CommandError::Refused)?;
    let to = member.session.resolve(&pathname)?;
    let mut record = member.record(Operation::Rename, &from).to(&to);
    let (home, quota) = (member.home.clone(), member.granted.quota.clone());
    let allowed = member.check_name(to.name());
    let work = async move {
        let renamed = async {
            allowed?;
            let _until_booked = quota.begin_change().await?;
            let renamed = home.rename(&from, &to).await.map_err(taken)?;
            if let Some(replaced) = renamed.replaced {
                quota.removed(replaced);
            }
            record.found(renamed.replaced);
            Ok(())
        };
        let renamed = renamed.await;
        match &renamed {
            Ok(()) => record.done(Code::FileActionOkay),
            Err(error) => record.refused(error),
        }
        renamed
    };
    member.complete(work).await?;
    Ok(Outcome::Say(Reply::new(
        Code::FileActionOkay,
        "Rename successful.",
    )))
}

fn taken(error: StorageError) -> CommandError {
    match error {
        StorageError::Denied(Permission::Overwrite) => {
            CommandError::refused(Code::NameNotAllowed, "Target exists.")
        }
        other => other.into(),
    }
}

/// `SIZE`: the bytes that `RETR` would send in `TYPE I`.
///
/// # Errors
///
/// 550 no such file, or not a regular one.
pub(super) async fn size(member: Member<'_>, pathname: Pathname) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&pathname)?;
    let entry = member.home.stat(&path).await?;
    if entry.kind != Kind::File {
        return Err(not_regular());
    }
    Ok(Outcome::Say(Reply::new(
        Code::FileStatus,
        entry.size.to_string(),
    )))
}

/// `MDTM`: the time of the last change; or sets it, if the argument begins with a time, no file has
/// the whole argument as its name, and the account may set times.
///
/// # Errors
///
/// 501 no such date, 550 no such file.
pub(super) async fn mdtm(
    member: Member<'_>,
    argument: MdtmArgument,
) -> Result<Outcome, CommandError> {
    let literal = member.session.resolve(&argument.literal)?;
    let missing = match member.home.stat(&literal).await {
        Ok(entry) => return Ok(Outcome::Say(time(entry.modified))),
        Err(error) => error,
    };
    let Some(wish) = argument.set else {
        return Err(missing.into());
    };
    let path = member.session.resolve(&wish.pathname)?;
    if member.home.may(&path, Permission::Mtime).await.is_err() {
        return Err(missing.into());
    }
    let modified = wish
        .modified
        .map_err(|_| CommandError::refused(Code::BadArgument, "Not a valid date."))?;
    set_modified(&member, path, modified).await?;
    Ok(Outcome::Say(time(modified)))
}

/// `MFMT`: sets the time of the last change.
///
/// # Errors
///
/// 550 no such file.
pub(super) async fn mfmt(
    member: Member<'_>,
    argument: MfmtArgument,
) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&argument.pathname)?;
    set_modified(&member, path, argument.modified).await?;
    let text = format!(
        "Modify={}; {}",
        date::format(argument.modified),
        argument.pathname.as_str()
    );
    Ok(Outcome::Say(Reply::new(Code::FileStatus, text)))
}

/// `MFF`: sets facts, all of them or none, and tells what they are now.
///
/// # Errors
///
/// 550 no such file, or a fact may not be set.
pub(super) async fn mff(
    member: Member<'_>,
    argument: MffArgument,
) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&argument.pathname)?;
    let MffArgument {
        modified,
        mode,
        pathname,
    } = argument;
    let home = member.home.clone();
    let work = async move { Ok(set_facts(&home, &path, modified, mode).await?) };
    let mode = member.complete(work).await?;
    let modified = modified.map(|time| format!("Modify={};", date::format(time)));
    let mode = mode.map(|mode| format!("UNIX.mode={mode:04o};"));
    let facts: String = modified.into_iter().chain(mode).collect();
    Ok(Outcome::Say(Reply::new(
        Code::FileStatus,
        format!("{facts} {}", pathname.as_str()),
    )))
}

/// Sets what is given; tells the mode that was set, which may be wider than the one wished for.
async fn set_facts(
    home: &Home,
    path: &VirtualPath,
    modified: Option<Timestamp>,
    mode: Option<u32>,
) -> Result<Option<u32>, StorageError> {
    for (is_wished, permission) in [
        (modified.is_some(), Permission::Mtime),
        (mode.is_some(), Permission::Chmod),
    ] {
        if is_wished {
            home.may(path, permission).await?;
        }
    }
    let before = home.stat(path).await?;
    if let Some(mode) = mode {
        home.set_mode(path, mode).await?;
    }
    if let Some(modified) = modified
        && let Err(error) = home.set_modified(path, modified).await
    {
        if mode.is_some() {
            home.set_mode(path, before.mode).await?;
        }
        return Err(error);
    }
    match mode {
        Some(_) => Ok(Some(home.stat(path).await?.mode)),
        None => Ok(None),
    }
}

/// Sets the time of the last change of `path`.
pub(super) async fn set_modified(
    member: &Member<'_>,
    path: VirtualPath,
    modified: Timestamp,
) -> Result<(), CommandError> {
    Ok(member.home.set_modified(&path, modified).await?)
}

/// The refusal of what is neither file nor directory, or of a directory where a file is meant.
pub(super) fn not_regular() -> CommandError {
    CommandError::refused(Code::FileUnavailable, "Not a regular file.")
}

fn time(modified: Timestamp) -> Reply {
    Reply::new(Code::FileStatus, date::format(modified))
}
