//! Making and changing the accounts of a batch.

use super::error::ImportError;
use super::judge::{Alteration, Judge, Verdict, mark};
use super::kept;
use super::record::{RowRefusal, Wanted};
use super::report::Outcome;
use crate::hosting::accounts::{AccountError, Accounts, Newcomer};
use crate::hosting::stored_password::NO_PASSWORD;
use crate::model::{Account, Actor, Customer, ImportId, PasswordHash, Plan};
use crate::store::Tx;
use crate::vfs::StorageError;

/// One account of a batch, ready to be written.
enum Piece<'v> {
    Create {
        account: Box<Account>,
        owner: (&'v Customer, &'v Plan),
        password: Option<&'v PasswordHash>,
    },
    Change(&'v Alteration),
    Done(Outcome),
}

/// Where it is written down what became of each, by the numbers of their rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sheet<'n> {
    pub(super) import: ImportId,
    pub(super) numbers: &'n [u64],
}

/// Does what was judged and writes down what became of it, all of it in one transaction. If one account
/// cannot be written, because somebody was faster, each is written on its own and that one is refused.
pub(super) async fn perform(
    accounts: &Accounts,
    actor: &Actor,
    judge: &Judge<'_>,
    verdicts: &[Verdict],
    sheet: Option<Sheet<'_>>,
) -> Result<Vec<Outcome>, ImportError> {
    let mut pieces = Vec::with_capacity(verdicts.len());
    for verdict in verdicts {
        pieces.push(prepared(accounts, judge, verdict).await?);
    }
    let outcomes = match write(accounts, actor, &pieces, sheet).await {
        Ok(()) => pieces.iter().map(outcome).collect(),
        Err(_) => one_by_one(accounts, actor, &pieces, sheet).await?,
    };
    for (piece, outcome) in pieces.iter().zip(&outcomes) {
        if !matches!(outcome, Outcome::Refused(_)) {
            announce(accounts, actor, piece).await?;
        }
    }
    Ok(outcomes)
}

async fn prepared<'v>(
    accounts: &Accounts,
    judge: &'v Judge<'_>,
    verdict: &'v Verdict,
) -> Result<Piece<'v>, AccountError> {
    Ok(match verdict {
        Verdict::Settled(outcome) => Piece::Done(outcome.clone()),
        Verdict::Change(alteration) => Piece::Change(alteration),
        Verdict::Create { owner, wanted } => {
            let Some(owner) = judge.owner(owner) else {
                let refusal = RowRefusal::new("customer", "it could not be made");
                return Ok(Piece::Done(Outcome::Refused(refusal)));
            };
            let account = match new_account(accounts, owner.0, wanted) {
                Ok(account) => account,
                Err(error) => return homeless(error),
            };
            // Before the row: an account whose folder cannot be made must not exist. It is not kept
            // open, since there may be more of them than files may be open.
            let home = accounts.parts().volumes.home(&account).await;
            accounts.parts().volumes.forget(account.id);
            match home {
                Ok(_) => Piece::Create {
                    account: Box::new(account),
                    owner,
                    password: wanted.password.as_ref(),
                },
                Err(error) => return homeless(error.into()),
            }
        }
    })
}

/// Refuses a row whose account cannot have a home. A disk that is away or full for a while is no fault of the
/// row: that ends the import, and the rows that are left can be imported later.
fn homeless(error: AccountError) -> Result<Piece<'static>, AccountError> {
    match error {
        AccountError::Volume(_)
        | AccountError::Store(_)
        | AccountError::Home(
            StorageError::Unavailable | StorageError::NoSpace | StorageError::Io(_),
        ) => Err(error),
        error => Ok(Piece::Done(Outcome::Refused(RowRefusal::new(
            "home", error,
        )))),
    }
}

fn new_account(
    accounts: &Accounts,
    customer: &Customer,
    wanted: &Wanted,
) -> Result<Account, AccountError> {
    let nothing = PasswordHash::new(NO_PASSWORD.to_owned());
    let newcomer = Newcomer {
        username: wanted.username.clone(),
        password_hash: wanted.password.clone().unwrap_or(nothing),
    };
    Ok(wanted.put_on(accounts.newcomer(customer, newcomer)?))
}

async fn write(
    accounts: &Accounts,
    actor: &Actor,
    pieces: &[Piece<'_>],
    sheet: Option<Sheet<'_>>,
) -> Result<(), AccountError> {
    let mut tx = accounts.parts().foundation.db.begin().await?;
    for piece in pieces {
        write_piece(accounts, &mut tx, actor, piece).await?;
    }
    if let Some(sheet) = sheet {
        for (number, piece) in sheet.numbers.iter().zip(pieces) {
            sheet.settle(&mut tx, *number, &outcome(piece)).await?;
        }
    }
    Ok(tx.commit().await?)
}

impl Sheet<'_> {
    /// Only the one at `index`.
    fn only(self, index: usize) -> Option<Self> {
        let numbers = self.numbers.get(index..=index)?;
        Some(Self { numbers, ..self })
    }

    async fn settle(self, tx: &mut Tx, number: u64, outcome: &Outcome) -> Result<(), AccountError> {
        let result = kept::result(outcome);
        tx.settle_import_row(self.import, number, (&result, true))
            .await?;
        Ok(())
    }

    /// Writes down what is not written with anything else.
    async fn note(self, accounts: &Accounts, outcome: &Outcome) -> Result<(), AccountError> {
        let mut tx = accounts.parts().foundation.db.begin().await?;
        for number in self.numbers {
            self.settle(&mut tx, *number, outcome).await?;
        }
        Ok(tx.commit().await?)
    }
}

async fn write_piece(
    accounts: &Accounts,
    tx: &mut Tx,
    actor: &Actor,
    piece: &Piece<'_>,
) -> Result<(), AccountError> {
    let now = accounts.parts().foundation.now();
    let (id, imported) = match piece {
        Piece::Done(_) => return Ok(()),
        Piece::Create {
            account,
            owner,
            password,
        } => {
            accounts.insert(tx, actor, account, *owner).await?;
            (account.id, *password)
        }
        Piece::Change(alteration) => {
            alter(accounts, tx, actor, alteration).await?;
            (alteration.before.id, alteration.password.as_ref())
        }
    };
    if let Some(hash) = imported {
        tx.set_account_import(id, &mark(hash), now).await?;
    }
    Ok(())
}

async fn alter(
    accounts: &Accounts,
    tx: &mut Tx,
    actor: &Actor,
    alteration: &Alteration,
) -> Result<(), AccountError> {
    let Alteration {
        before,
        after,
        password,
        ..
    } = alteration;
    accounts.write_settings(tx, actor, (before, after)).await?;
    if before.status != after.status {
        accounts.write_status(tx, actor, (before, after)).await?;
    }
    if let Some(hash) = password {
        accounts.write_password(tx, actor, (before, hash)).await?;
    }
    Ok(())
}

async fn one_by_one(
    accounts: &Accounts,
    actor: &Actor,
    pieces: &[Piece<'_>],
    sheet: Option<Sheet<'_>>,
) -> Result<Vec<Outcome>, ImportError> {
    let mut outcomes = Vec::with_capacity(pieces.len());
    for (index, piece) in pieces.iter().enumerate() {
        let own = sheet.and_then(|sheet| sheet.only(index));
        let written = write(accounts, actor, std::slice::from_ref(piece), own).await;
        let refusal = match written {
            Ok(()) => {
                outcomes.push(outcome(piece));
                continue;
            }
            Err(error) => Outcome::Refused(refused(error)?),
        };
        if let Some(sheet) = own {
            sheet.note(accounts, &refusal).await?;
        }
        outcomes.push(refusal);
    }
    Ok(outcomes)
}

/// Why one account could not be written.
///
/// # Errors
///
/// What keeps all others from it too.
fn refused(error: AccountError) -> Result<RowRefusal, AccountError> {
    let field = match &error {
        AccountError::Taken(_) => "user name",
        AccountError::TooManyAccounts { .. } => "customer",
        AccountError::Stale | AccountError::NotFound => "account",
        _ => return Err(error),
    };
    Ok(RowRefusal::new(field, error))
}

fn outcome(piece: &Piece<'_>) -> Outcome {
    match piece {
        Piece::Create { account, .. } => Outcome::Created {
            home: account.home.clone(),
        },
        Piece::Change(alteration) => Outcome::Changed(alteration.changes.clone()),
        Piece::Done(outcome) => outcome.clone(),
    }
}

/// Lets books and sessions follow.
async fn announce(
    accounts: &Accounts,
    actor: &Actor,
    piece: &Piece<'_>,
) -> Result<(), AccountError> {
    match piece {
        Piece::Done(_) => Ok(()),
        Piece::Create { account, owner, .. } => {
            accounts.welcome(account, *owner);
            Ok(())
        }
        Piece::Change(alteration) => {
            let done = (actor, alteration.mightiest());
            accounts.follow(done, &alteration.after).await
        }
    }
}
