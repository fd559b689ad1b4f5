//! `HASH` and `XCRC`, `XMD5`, `XSHA1`, `XSHA256`, `XSHA512` (draft-bryan-ftpext-hash; the others have
//! no RFC).

use std::ops::Range;

use crate::ftp::context::Member;
use crate::ftp::error::CommandError;
use crate::ftp::hashing::{Hashing, Wording};
use crate::ftp::outcome::Outcome;
use crate::model::{Permission, VirtualPath};
use crate::proto::{Algorithm, ChecksumArgument, Code, Pathname};
use crate::vfs::{Download, StorageError};

/// `HASH`: the checksum of a file by the algorithm that `OPTS HASH` chose.
///
/// # Errors
///
/// 450 too many at once, 550 no such file, 552 no permission, 553 not a regular file.
pub(super) async fn hash(
    mut member: Member<'_>,
    pathname: Pathname,
) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&pathname)?;
    let file = open(&member, &path).await.map_err(|error| match error {
        StorageError::Denied(_) | StorageError::Forbidden => {
            CommandError::refused(Code::StorageExceeded, "Permission denied.")
        }
        other => not_regular(other),
    })?;
    member.needs(Permission::Hash, &path);
    let span = 0..file.size;
    let path = pathname.as_str().to_owned();
    begin(
        &member,
        (file, span),
        member.session.algorithm(),
        Wording::Draft { path },
    )
}

/// `XCRC` and its family: the checksum of a file, or of a part of it.
///
/// # Errors
///
/// 450 too many at once, 501 the file has no such part, 550 no such file or no permission, 553 not a
/// regular file.
pub(super) async fn checksum(
    mut member: Member<'_>,
    argument: ChecksumArgument,
    algorithm: Algorithm,
) -> Result<Outcome, CommandError> {
    let mut missing = StorageError::NotFound;
    for reading in argument.readings {
        let path = member.session.resolve(&reading.pathname)?;
        let file = match open(&member, &path).await {
            Ok(file) => file,
            Err(error @ StorageError::NotFound) => {
                missing = error;
                continue;
            }
            Err(error) => return Err(not_regular(error)),
        };
        let (start, end) = reading.span.unwrap_or((0, file.size));
        if start > end || end > file.size {
            return Err(CommandError::refused(
                Code::BadArgument,
                "The file has no such part.",
            ));
        }
        member.needs(Permission::Hash, &path);
        return begin(&member, (file, start..end), algorithm, Wording::Bare);
    }
    Err(missing.into())
}

async fn open(member: &Member<'_>, path: &VirtualPath) -> Result<Download, StorageError> {
    member.home.open_hash(path).await
}

fn begin(
    member: &Member<'_>,
    (file, span): (Download, Range<u64>),
    algorithm: Algorithm,
    wording: Wording,
) -> Result<Outcome, CommandError> {
    let account = member.granted.account.id;
    let Some(place) = member.door.places.take(account) else {
        return Err(CommandError::refused(
            Code::FileBusy,
            "Too many checksums at once, try again later.",
        ));
    };
    Ok(Outcome::Hash(Box::new(Hashing {
        file,
        span,
        algorithm,
        buffers: member.door.buffers.clone(),
        wording,
        place,
    })))
}

fn not_regular(error: StorageError) -> CommandError {
    match error {
        StorageError::IsDirectory => {
            CommandError::refused(Code::NameNotAllowed, "Not a regular file.")
        }
        other => other.into(),
    }
}
