//! `STOR`, `STOU`, `APPE`, `REST`, `ALLO`, `ABOR` (RFC 959 §4.1.3, RFC 3659 §5).
//!
//! Everything that can be refused is refused here, before 150. What was taken on the way undoes
//! itself.

use std::sync::Arc;

use super::directory::{lacks_parents, make_parents};
use crate::ftp::context::Member;
use crate::ftp::error::CommandError;
use crate::ftp::job::{Claim, Job, Work};
use crate::ftp::outcome::{Outcome, Transfer};
use crate::ftp::record::Record;
use crate::ftp::upload::Receiving;
use crate::hosting::quota::{Allowance, QuotaError, Reservation};
use crate::hosting::rates::Direction;
use crate::hosting::traffic::Toll;
use crate::model::{Operation, Permission, Scope, VirtualPath};
use crate::proto::{Allocation, Code, CrlfToLf, Pathname, Reply};
use crate::vfs::{Removed, StorageError, Target, UploadMode};

/// `STOR`: stores what the data connection delivers under the name; continues the file if `REST`
/// came before. The name shows the old file, or nothing, until the last byte has arrived.
///
/// # Errors
///
/// 450 the file is being written or the traffic allowance is used up, 550 no such directory or no
/// permission, 552 quota, 553 name not allowed, 554 the restart offset is beyond the end.
pub(super) async fn stor(member: Member<'_>, pathname: Pathname) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&pathname)?;
    let mode = match member.session.take_restart() {
        0 => UploadMode::Replace,
        offset => UploadMode::Resume { offset },
    };
    let plan = Plan {
        operation: Operation::Upload,
        mode,
        naming: Naming::Given,
    };
    store(member, path, plan).await
}

/// `APPE`: adds to the end of the file, or makes it. After `REST` it is `STOR`.
///
/// # Errors
///
/// As [`stor`].
pub(super) async fn appe(member: Member<'_>, pathname: Pathname) -> Result<Outcome, CommandError> {
    let path = member.session.resolve(&pathname)?;
    let mode = match member.session.take_restart() {
        0 => UploadMode::Append,
        offset => UploadMode::Resume { offset },
    };
    let plan = Plan {
        operation: Operation::Append,
        mode,
        naming: Naming::Given,
    };
    store(member, path, plan).await
}

/// `STOU`: stores under a name that nobody has, told in 150 and in 226 (RFC 1123 §4.1.2.9).
///
/// # Errors
///
/// As [`stor`].
pub(super) async fn stou(
    member: Member<'_>,
    pathname: Option<Pathname>,
) -> Result<Outcome, CommandError> {
    let wished = match &pathname {
        Some(pathname) => member.session.resolve(pathname)?,
        None => member.session.cwd().clone(),
    };
    let (directory, hint) = match pathname {
        Some(_) => (wished.parent(), wished.name().map(str::to_owned)),
        None => (wished, None),
    };
    let plan = Plan {
        operation: Operation::Upload,
        mode: UploadMode::Unique { hint },
        naming: Naming::Chosen,
    };
    store(member, directory, plan).await
}

/// What kind of upload.
struct Plan {
    operation: Operation,
    mode: UploadMode,
    naming: Naming,
}

/// Who names the file.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Naming {
    /// The client.
    Given,
    /// The server, and the client must be told.
    Chosen,
}

async fn store(
    mut member: Member<'_>,
    path: VirtualPath,
    plan: Plan,
) -> Result<Outcome, CommandError> {
    let mut record = member.record(plan.operation, &path);
    let announced = member.session.take_allocation();
    let continues = matches!(plan.mode, UploadMode::Append | UploadMode::Resume { .. });
    let begun = begin(&member, &path, plan.mode, announced).await;
    let ((toll, target, allowance), endpoint) = match member.with_endpoint(begun) {
        Ok(claimed) => claimed,
        Err(error) => {
            record.refused(&error);
            return Err(error);
        }
    };
    record.starts_at(target.offset());
    record.names(target.path());
    record.found(target.existing());
    let needed = needed(&member, &target, continues).await;
    member.needs(needed, target.path());
    let (opening, closing) = words(target.path(), plan.naming);
    let work = receive(
        &member,
        (plan.operation, record),
        (target, allowance),
        announced,
    );
    let job = Job {
        terms: member.upload_terms(),
        work,
        buffers: member.door.buffers.clone(),
        pace: member.pace(Direction::Up),
        toll,
        closing,
    };
    Ok(Outcome::Transfer(Box::new(Transfer {
        endpoint,
        opening,
        job,
    })))
}

/// What the upload lives by while it runs.
async fn needed(member: &Member<'_>, target: &Target, continues: bool) -> Permission {
    let path = target.path();
    if target.existing().is_none() {
        return Permission::Upload;
    }
    if continues {
        return Permission::Append;
    }
    match member.home.may(path, Permission::Overwrite).await {
        Ok(()) => Permission::Overwrite,
        // The rest of what an interrupted upload left is a file that nobody had before.
        Err(_) => Permission::Upload,
    }
}

fn receive(
    member: &Member<'_>,
    (operation, record): (Operation, Record),
    (target, allowance): (Target, Allowance),
    announced: Option<u64>,
) -> Work {
    let path = target.path().clone();
    let encrypted = member.protects_data();
    let settings = member.door.app.settings.current();
    Work::Upload {
        live: Arc::new(
            member
                .live
                .begin_transfer(operation, path.clone(), announced, encrypted),
        ),
        claim: Claim {
            account: member.granted.account.id,
            path,
            refusals: member.door.refusals.clone(),
            clock: Arc::clone(&member.door.app.clock),
        },
        receiving: Box::new(Receiving {
            home: member.home.clone(),
            target,
            allowance,
            conversion: member.session.converts_lines().then(CrlfToLf::default),
            announced,
            durability: member.durability(),
            checksum: member.checksum(),
            on_abort: settings.interrupted_uploads,
            tolerates_truncation: settings.tls_truncation_tolerated,
        }),
        record,
    }
}

/// Takes what the upload needs. Folders are made for it only when neither traffic nor quota refuses it.
async fn begin(
    member: &Member<'_>,
    path: &VirtualPath,
    mode: UploadMode,
    announced: Option<u64>,
) -> Result<(Option<Arc<Toll>>, Target, Allowance), CommandError> {
    let name = match &mode {
        UploadMode::Unique { hint } => hint.as_deref(),
        _ => path.name(),
    };
    member.check_name(name)?;
    let toll = member.granted.traffic.begin(Direction::Up)?;
    if !matches!(mode, UploadMode::Unique { .. }) && lacks_parents(member, path).await {
        let newcomer = Reservation {
            new_file: true,
            expected: announced,
            largest: member.granted.limits.account.file_bytes.limit,
            ..Reservation::default()
        };
        drop(member.granted.quota.reserve(newcomer).await?);
        make_parents(member, path).await?;
    }
    let (target, allowance) = claim(member, path, mode, announced).await?;
    Ok((toll, target, allowance))
}

/// Checks the place and reserves the room.
async fn claim(
    member: &Member<'_>,
    path: &VirtualPath,
    mode: UploadMode,
    announced: Option<u64>,
) -> Result<(Target, Allowance), CommandError> {
    let target = member.home.target(path, mode).await?;
    let (quota, account) = (&member.granted.quota, member.granted.account.id);
    let existing = target.existing();
    let standing = existing.map_or(0, |file| file.bytes);
    let largest = member.granted.limits.account.file_bytes.limit;
    let room = quota.headroom().map(|free| free.saturating_add(standing));
    let now = member.door.app.clock.now();
    // Whoever says how much it is this time is judged by that.
    if announced.is_none() {
        member
            .door
            .refusals
            .check((account, target.path()), (room, largest), now)?;
    }
    let wanted = Reservation {
        replaced: existing.and_then(|file| freed(file, target.offset())),
        new_file: existing.is_none(),
        expected: announced,
        offset: target.offset(),
        largest,
    };
    let allowance = quota.reserve(wanted).await?;
    Ok((target, allowance))
}

/// What an upload that begins at `offset` frees of the file that stands there.
fn freed(file: Removed, offset: u64) -> Option<Removed> {
    if offset == 0 {
        return Some(file);
    }
    let bytes = file.bytes.saturating_sub(offset);
    (bytes > 0).then_some(Removed { bytes, ..file })
}

fn words(path: &VirtualPath, naming: Naming) -> (Reply, Reply) {
    let name = path.name().unwrap_or_default();
    match naming {
        Naming::Given => (
            Reply::new(Code::OpeningDataConnection, "Ok to send data."),
            complete("Transfer complete."),
        ),
        Naming::Chosen => (
            Reply::new(Code::OpeningDataConnection, format!("FILE: {name}")),
            complete(&format!("Transfer complete (unique file name: {name}).")),
        ),
    }
}

fn complete(text: &str) -> Reply {
    Reply::new(Code::TransferComplete, text)
}

/// `REST`: where the next transfer begins. Whether the file is that long is seen then.
pub(super) fn rest(member: &mut Member<'_>, offset: u64) -> Outcome {
    Outcome::Say(member.session.restart_at(offset))
}

/// `ALLO`: how much the next upload will bring. Refused at once if it can fit nowhere.
///
/// # Errors
///
/// 452 more than the disk has, 552 more than the account may ever store.
pub(super) async fn allo(
    member: Member<'_>,
    Allocation(bytes): Allocation,
) -> Result<Outcome, CommandError> {
    let largest = member.granted.limits.account.file_bytes.limit;
    if let Some(limit_bytes) = largest.filter(|largest| bytes > *largest) {
        return Err(QuotaError::FileSize { limit_bytes }.into());
    }
    let quota = &member.granted.quota;
    for scope in [Scope::Account, Scope::Customer] {
        if let Some(limit_bytes) = quota.limits(scope).bytes
            && bytes > limit_bytes
        {
            let free_bytes = quota.headroom().unwrap_or(limit_bytes);
            return Err(QuotaError::Bytes {
                scope,
                free_bytes,
                limit_bytes,
            }
            .into());
        }
    }
    if bytes > member.home.space().await?.available_bytes {
        return Err(StorageError::NoSpace.into());
    }
    Ok(Outcome::Say(member.session.announce(bytes)))
}

/// `ABOR` while nothing is being transferred: forgets what was arranged.
pub(super) fn abor(member: &mut Member<'_>) -> Outcome {
    let text = if member.forget_endpoint() {
        "ABOR ok; data connection closed."
    } else {
        "No transfer to abort."
    };
    Outcome::Say(Reply::new(Code::NoTransfer, text))
}
