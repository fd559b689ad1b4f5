//! `PWD`, `CWD`, `CDUP`, `MKD`, `RMD` and their X-forms (RFC 959 §4.1.1, §4.1.3; RFC 775).

use crate::ftp::context::Member;
use crate::ftp::error::CommandError;
use crate::ftp::outcome::Outcome;
use crate::model::{Operation, VirtualPath};
use crate::proto::{Code, Pathname, Reply, quoted};
use crate::vfs::StorageError;

/// `PWD`.
pub(super) fn pwd(member: &Member<'_>) -> Outcome {
    Outcome::Say(member.session.pwd())
}

/// `CWD`; without a pathname it stays.
///
/// # Errors
///
/// 550 no such directory.
pub(super) async fn cwd(
    mut member: Member<'_>,
    pathname: Option<Pathname>,
) -> Result<Outcome, CommandError> {
    let path = match &pathname {
        Some(pathname) => member.session.resolve(pathname)?,
        None => member.session.cwd().clone(),
    };
    enter(&mut member, path).await
}

/// `CDUP`; at the home it stays.
///
/// # Errors
///
/// 550 the parent is gone.
pub(super) async fn cdup(mut member: Member<'_>) -> Result<Outcome, CommandError> {
    let parent = member.session.cwd().parent();
    enter(&mut member, parent).await
}

async fn enter(member: &mut Member<'_>, path: VirtualPath) -> Result<Outcome, CommandError> {
    member.home.enter(&path).await?;
    let reply = Reply::new(
        Code::FileActionOkay,
        format!("Directory changed to {}.", quoted(&path)),
    );
    member.session.set_cwd(path);
    Ok(Outcome::Say(reply))
}

/// `MKD`.
///
/// # Errors
///
/// 550 something of that name is there, or the parent is missing.
pub(super) async fn mkd(member: Member<'_>, pathname: Pathname) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&pathname)?;
    let record = member.record(Operation::Mkdir, &path);
    let home = member.home.clone();
    let name = quoted(&path);
    let work = async move {
        let made = home
            .create_dir(&path)
            .await
            .map_err(|error| exists(error, &path));
        match &made {
            Ok(()) => record.done(Code::PathnameCreated).await,
            Err(error) => record.refused(error).await,
        }
        made
    };
    member.complete(work).await?;
    Ok(Outcome::Say(Reply::new(
        Code::PathnameCreated,
        format!("{name} created."),
    )))
}

/// Clients look for `File exists`, and go on as if they had made it.
fn exists(error: StorageError, path: &VirtualPath) -> CommandError {
    match error {
        StorageError::Exists | StorageError::Root => CommandError::refused(
            Code::FileUnavailable,
            format!("{}: File exists.", quoted(path)),
        ),
        other => other.into(),
    }
}

/// `RMD`.
///
/// # Errors
///
/// 550 not empty, not a directory, the home itself, or an upload is under way in it.
pub(super) async fn rmd(member: Member<'_>, pathname: Pathname) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&pathname)?;
    let record = member.record(Operation::Rmdir, &path);
    let home = member.home.clone();
    let work = async move {
        let removed = home.remove_dir(&path).await.map_err(busy);
        match &removed {
            Ok(()) => record.done(Code::FileActionOkay).await,
            Err(error) => record.refused(error).await,
        }
        removed
    };
    member.complete(work).await?;
    Ok(Outcome::Say(Reply::new(
        Code::FileActionOkay,
        "Directory removed.",
    )))
}

fn busy(error: StorageError) -> CommandError {
    match error {
        StorageError::Busy => CommandError::refused(Code::FileUnavailable, "Directory busy."),
        other => other.into(),
    }
}
