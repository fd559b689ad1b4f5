//! `RETR` (RFC 959 §4.1.3, RFC 3659 §5).
//!
//! Everything that can be refused is refused here, before 150.

use std::sync::Arc;

use crate::ftp::context::Member;
use crate::ftp::download::Sending;
use crate::ftp::error::CommandError;
use crate::ftp::job::{Job, Work};
use crate::ftp::outcome::{Outcome, Transfer};
use crate::hosting::rates::Direction;
use crate::model::{Operation, Permission, VirtualPath};
use crate::proto::{Code, LfToCrlf, Pathname, Reply};
use crate::vfs::{Download, StorageError};

/// `RETR`: sends a file.
///
/// # Errors
///
/// 450 the traffic allowance is used up, 550 no such file, or not a regular one, 554 the restart offset
/// is beyond its end.
pub(super) async fn retr(
    mut member: Member<'_>,
    pathname: Pathname,
) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&pathname)?;
    let offset = member.session.take_restart();
    let mut record = member.record(Operation::Download, &path);
    record.starts_at(offset);
    let opened = open(&member, &path, offset).await;
    let begin = || member.granted.traffic.begin(Direction::Down);
    let opened = opened.and_then(|download| Ok((download, begin()?)));
    let ((download, toll), endpoint) = match member.with_endpoint(opened) {
        Ok(opened) => opened,
        Err(error) => {
            record.refused(&error);
            return Err(error);
        }
    };
    member.needs(Permission::Download, &path);
    let expected = Some(download.size - offset);
    let live = Arc::new(member.live.begin_transfer(
        Operation::Download,
        path.clone(),
        expected,
        member.protects_data(),
    ));
    let opening = opening(&path, download.size);
    let conversion = member.session.converts_lines().then(LfToCrlf::default);
    let sending = Sending {
        download,
        offset,
        conversion,
    };
    let job = Job {
        terms: member.download_terms(),
        work: Work::Download {
            sending,
            record,
            live,
        },
        buffers: member.door.buffers.clone(),
        pace: member.pace(Direction::Down),
        toll,
        closing: Reply::new(Code::TransferComplete, "Transfer complete."),
    };
    Ok(Outcome::Transfer(Box::new(Transfer {
        endpoint,
        opening,
        job,
    })))
}

async fn open(
    member: &Member<'_>,
    path: &VirtualPath,
    offset: u64,
) -> Result<Download, CommandError> {
    let download = member
        .home
        .open_read(path)
        .await
        .map_err(|error| match error {
            StorageError::IsDirectory => super::file::not_regular(),
            other => other.into(),
        })?;
    if offset > download.size {
        return Err(StorageError::OffsetBeyondEnd {
            size: download.size,
        }
        .into());
    }
    Ok(download)
}

/// The size comes last, and nothing before it looks like a size: some clients read it from here.
fn opening(path: &VirtualPath, size_bytes: u64) -> Reply {
    let name = path.name().unwrap_or_default();
    let text = if name.contains(" bytes") {
        format!("Opening BINARY mode data connection ({size_bytes} bytes).")
    } else {
        format!("Opening BINARY mode data connection for {name} ({size_bytes} bytes).")
    };
    Reply::new(Code::OpeningDataConnection, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RTR-08.
    #[test]
    fn the_first_number_of_bytes_in_150_is_the_size() {
        let path = VirtualPath::root().resolve("3 bytes x").unwrap();

        let reply = opening(&path, 17);

        assert_eq!(
            reply.text(),
            "Opening BINARY mode data connection (17 bytes)."
        );
    }
}
