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
    make_parents(&member, &path).await?;
    make(&member, path.clone())
        .await
        .map_err(|error| exists(error, &path))?;
    Ok(Outcome::Say(Reply::new(
        Code::PathnameCreated,
        format!("{} created.", quoted(&path)),
    )))
}

/// Whether directories above `path` are missing that the settings say to make.
pub(super) async fn lacks_parents(member: &Member<'_>, path: &VirtualPath) -> bool {
    let may_make = member.door.app.settings.current().create_folders;
    may_make && member.home.enter(&path.parent()).await.is_err()
}

/// Makes the directories above `path`, where the settings say so.
///
/// # Errors
///
/// 550 no permission, or something else has the name; 553 a name is not allowed.
pub(super) async fn make_parents(
    member: &Member<'_>,
    path: &VirtualPath,
) -> Result<(), CommandError> {
    if !lacks_parents(member, path).await {
        return Ok(());
    }
    let mut above = vec![path.parent()];
    while let Some(next) = above.last().filter(|last| !last.is_root()) {
        let next = next.parent();
        above.push(next);
    }
    for directory in above.into_iter().rev().skip(1) {
        if member.home.enter(&directory).await.is_ok() {
            continue;
        }
        match make(member, directory.clone()).await {
            // Another session of a client that uploads a whole tree may have been faster.
            Err(CommandError::Storage(StorageError::Exists)) => {
                member.home.enter(&directory).await?;
            }
            made => made?,
        }
    }
    Ok(())
}

async fn make(member: &Member<'_>, path: VirtualPath) -> Result<(), CommandError> {
    let record = member.record(Operation::Mkdir, &path);
    let home = member.home.clone();
    let allowed = member.check_name(path.name());
    let work = async move {
        let made = async {
            allowed?;
            Ok(home.create_dir(&path).await?)
        };
        let made: Result<(), CommandError> = made.await;
        match &made {
            Ok(()) => record.done(Code::PathnameCreated),
            Err(error) => record.refused(error),
        }
        made
    };
    member.complete(work).await
}

/// Clients look for `File exists`, and go on as if they had made it.
fn exists(error: CommandError, path: &VirtualPath) -> CommandError {
    match error {
        CommandError::Storage(StorageError::Exists | StorageError::Root) => CommandError::refused(
            Code::FileUnavailable,
            format!("{}: File exists.", quoted(path)),
        ),
        other => other,
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
            Ok(()) => record.done(Code::FileActionOkay),
            Err(error) => record.refused(error),
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
