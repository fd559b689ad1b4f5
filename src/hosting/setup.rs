//! First run: while no owner exists, whoever can read the server's log may make one.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use crate::clock::Clock;
use crate::hosting::admins::{AdminError, Admins, Browser, FreshSignIn, NewAdmin};
use crate::hosting::attempts::{Attempts, Budget, network};
use crate::model::{Actor, Role, Secret};

/// A cheap handle on the first run.
#[derive(Clone, Debug)]
pub struct Setup(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    admins: Admins,
    code: Secret,
    attempts: Attempts,
    making: tokio::sync::Mutex<()>,
}

/// What can go wrong during the first run.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An owner exists; the first run is over.
    #[error("the first run is over")]
    Over,
    /// The code is wrong.
    #[error("That code is not the one in the log. It changes at every start")]
    WrongCode,
    /// Too many wrong codes from the address; others are not kept waiting.
    #[error("Too many wrong codes. Wait {wait_seconds} seconds")]
    TooManyTries {
        /// Seconds until the next code is looked at.
        wait_seconds: u64,
    },
    /// The owner could not be made.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl Setup {
    const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    /// 40 bits: at a thousand tries a second, which takes very many addresses, half of all codes last
    /// seventeen years.
    const LENGTH: usize = 8;

    /// The first run with a fixed code, or a random one for this start.
    pub fn new(admins: Admins, clock: Arc<dyn Clock>, code: Option<Secret>) -> Self {
        let code = code.unwrap_or_else(random_code);
        let making = tokio::sync::Mutex::new(());
        Self(Arc::new(Parts {
            admins,
            code,
            attempts: Attempts::new(clock),
            making,
        }))
    }

    /// Whether no owner exists.
    pub async fn is_open(&self) -> Result<bool, SetupError> {
        Ok(!self.0.admins.has_owner().await?)
    }

    /// The code to print in the log.
    pub fn code(&self) -> &Secret {
        &self.0.code
    }

    /// Checks the code and makes the owner, signed in. Of two browsers at once, one gets through.
    ///
    /// # Errors
    ///
    /// [`SetupError::Over`], [`SetupError::WrongCode`], [`SetupError::TooManyTries`] and what is
    /// wrong with the owner's data.
    pub async fn create_owner(
        &self,
        code: &str,
        owner: NewAdmin,
        browser: &Browser,
    ) -> Result<FreshSignIn, SetupError> {
        let _only_one = self.0.making.lock().await;
        if !self.is_open().await? {
            return Err(SetupError::Over);
        }
        let origin = network(browser.ip);
        if let Some(wait_seconds) = self.0.attempts.wait_seconds(&origin) {
            return Err(SetupError::TooManyTries { wait_seconds });
        }
        let typed = code.trim().to_uppercase();
        let expected = self.0.code.expose().to_uppercase();
        if !bool::from(typed.as_bytes().ct_eq(expected.as_bytes())) {
            self.0.attempts.failed(origin, Budget::BY_HAND);
            return Err(SetupError::WrongCode);
        }
        let owner = NewAdmin {
            role: Role::Owner,
            ..owner
        };
        let admin = self.0.admins.create(&Actor::system(), owner).await?;
        Ok(self.0.admins.begin_session(admin, browser).await?)
    }
}

fn random_code() -> Secret {
    use rand::RngExt;
    let mut rng = rand::rng();
    let pick = |_| {
        let at = rng.random_range(0..Setup::ALPHABET.len());
        Setup::ALPHABET.get(at).copied().map_or('A', char::from)
    };
    Secret::new((0..Setup::LENGTH).map(pick).collect())
}
