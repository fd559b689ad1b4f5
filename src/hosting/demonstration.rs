//! The demonstration: it may fill an empty installation or one of its own, and never a real one.

use super::foundation::Foundation;
use super::setup::{Setup, SetupError};
use crate::store::StoreError;

/// A cheap handle on the question whose installation this is.
#[derive(Clone, Debug)]
pub struct Demonstration {
    foundation: Foundation,
    setup: Setup,
}

/// What an installation is to a demonstration that may use it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Claim {
    /// It was empty.
    First,
    /// An earlier demonstration filled it.
    Again,
}

/// Why a demonstration may not use an installation.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Somebody uses it in earnest.
    #[error("this is a real installation")]
    Real,
    /// Whether somebody does is not known.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The database failed.
    #[error("the database is not available")]
    Store(#[from] StoreError),
}

impl Demonstration {
    /// The mark of an installation that a demonstration filled.
    const MARK: &str = "demo";

    /// The question about this installation.
    pub fn new(foundation: Foundation, setup: Setup) -> Self {
        Self { foundation, setup }
    }

    /// Takes the installation for a demonstration, for good.
    ///
    /// # Errors
    ///
    /// [`ClaimError::Real`] if it has an owner that no demonstration made.
    pub async fn claim(&self) -> Result<Claim, ClaimError> {
        let db = &self.foundation.db;
        if db.service_fact(Self::MARK).await?.is_some() {
            return Ok(Claim::Again);
        }
        if !self.setup.is_open().await? {
            return Err(ClaimError::Real);
        }
        let mut tx = db.begin().await?;
        tx.set_service_fact(Self::MARK, "filled").await?;
        tx.commit().await?;
        Ok(Claim::First)
    }
}
