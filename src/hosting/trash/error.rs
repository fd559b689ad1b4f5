//! What can go wrong with files of deleted accounts.

use crate::hosting::accounts::AccountError;
use crate::hosting::jobs::JobError;
use crate::model::{ByteSize, Right};
use crate::store::StoreError;

/// Why files of a deleted account cannot be shown, removed or given back.
#[derive(Debug, thiserror::Error)]
pub enum TrashError {
    /// There are none.
    #[error("no files of such a deleted account")]
    NotFound,
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// They are being removed already.
    #[error("they are being removed already")]
    Purging,
    /// The account is being restored already.
    #[error("the account is being restored already")]
    Restoring,
    /// What the account was is not known any more.
    #[error("only the files are left, not what the account was")]
    OnlyFiles,
    /// The account cannot be made again as things are.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The job cannot be queued.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The database failed.
    #[error("files of deleted accounts are not available")]
    Store(#[from] StoreError),
}

impl TrashError {
    /// What an administrator can do something about, as a sentence without full stop.
    pub fn obstacle(&self) -> Option<String> {
        match self {
            Self::Account(error) => obstacle(error),
            Self::OnlyFiles => {
                let words = "The account was deleted before its settings were kept: only its files are left";
                Some(words.to_owned())
            }
            _ => None,
        }
    }
}

/// Why a deleted account cannot be made again as things are, as a sentence without full stop.
pub(super) fn obstacle(error: &AccountError) -> Option<String> {
    Some(match error {
        AccountError::Taken(name) => {
            format!("Another account is called {name}: restore this one under another name")
        }
        AccountError::NoSuchCustomer => {
            "Its customer was deleted, so there is nobody whose account it could be".to_owned()
        }
        AccountError::TooManyAccounts { limit } => {
            format!("Its customer has {limit} accounts already, as many as it may have")
        }
        AccountError::NoRoom { held, free } => match (free.bytes, free.files) {
            (Some(bytes), _) if bytes < held.bytes => format!(
                "It holds {}, but only {} of its customer's storage is free",
                ByteSize(held.bytes),
                ByteSize(bytes)
            ),
            (_, files) => format!(
                "It holds {} files, but its customer may store only {} more",
                held.files,
                files.unwrap_or_default()
            ),
        },
        AccountError::FilesMissing(files) => {
            format!("Nothing lies where its {files} files should be: is a disk not mounted?")
        }
        _ => return None,
    })
}
