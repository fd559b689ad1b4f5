//! `USER`, `PASS`, `ACCT`, `REIN`, `QUIT` (RFC 959 §4.1.1).

use std::time::Duration;

use rand::RngExt;
use tokio::time::Instant;

use crate::ftp::context::Context;
use crate::ftp::error::CommandError;
use crate::ftp::outcome::Outcome;
use crate::hosting::login::{Granted, LoginError};
use crate::hosting::sessions::{Places, Refused, SessionAccount};
use crate::model::Secret;
use crate::proto::{Code, LoginName, Reply};
use crate::vfs::StorageError;

/// `USER`: begins a login. Known and unknown names hear the same (RFC 2577 §5), except that on a
/// plain connection where TLS is required only accounts with an exception are asked for a password.
pub(super) async fn user(context: &mut Context, name: LoginName) -> Result<Outcome, CommandError> {
    context.dismiss();
    let exception = !context.session.is_encrypted()
        && context
            .door
            .app
            .logins
            .may_log_in_plain(name.as_str())
            .await;
    context
        .session
        .user_given(exception)
        .map_err(CommandError::Refused)?;
    name.as_str().clone_into(&mut context.name);
    Ok(say(Code::NeedPassword, "Password required."))
}

/// `PASS`: ends a login. Every refusal takes a while, and longer each time.
pub(super) async fn pass(context: &mut Context, password: Secret) -> Result<Outcome, CommandError> {
    let began = Instant::now();
    let who = context.circumstances();
    let app = context.door.app.clone();
    let logins = &app.logins;
    let verified = logins.verify(&context.name, &password, who).await;
    app.metrics.login(match &verified {
        Ok(_) => "ok",
        Err(LoginError::Incorrect(_)) => "refused",
        Err(LoginError::Busy) => "busy",
        Err(LoginError::Home(_) | LoginError::Store(_)) => "failed",
    });
    match verified {
        Ok(granted) => {
            let outcome = welcome(context, granted.clone()).await;
            if logins.still_holds(&granted, who).await? {
                granted.rates.enforce();
                return Ok(outcome);
            }
            let text = "The account was changed, log in again.";
            Ok(Outcome::Close(Reply::new(Code::ServiceNotAvailable, text)))
        }
        Err(LoginError::Incorrect(reason)) => {
            tracing::info!(
                session.id = %context.live.id(),
                client.address = %who.from,
                %reason,
                "login refused"
            );
            Ok(rebuff(context, began).await)
        }
        Err(error @ (LoginError::Busy | LoginError::Home(StorageError::Unavailable))) => {
            context.session.forget_user();
            Ok(Outcome::Close(CommandError::Login(error).reply()))
        }
        Err(error) => {
            context.session.forget_user();
            Err(error.into())
        }
    }
}

async fn welcome(context: &mut Context, granted: Granted) -> Outcome {
    let account = SessionAccount {
        id: granted.account.id,
        customer_id: granted.account.customer_id,
        username: granted.account.username.clone(),
    };
    let limits = granted.limits.of_account();
    let places = Places {
        total: limits.sessions,
        per_address: limits.sessions_per_address,
    };
    if let Err(refused) = context.live.log_in(account, places) {
        tracing::info!(session.id = %context.live.id(), %refused, "login refused");
        return Outcome::Close(Reply::new(Code::ServiceNotAvailable, crowded(refused)));
    }
    tracing::info!(
        session.id = %context.live.id(),
        client.address = %context.peer.client.ip(),
        account.name = %granted.account.username,
        "`{}` logged in",
        granted.account.username
    );
    context.failures = 0;
    context.admit(granted);
    context.enter_start().await;
    say(Code::LoggedIn, "Login successful.")
}

fn crowded(refused: Refused) -> &'static str {
    match refused {
        Refused::AccountAddress { .. } => {
            "Too many sessions for this account from your address, try again later."
        }
        Refused::Account { .. } | Refused::Address { .. } | Refused::Server { .. } => {
            "Too many sessions for this account, try again later."
        }
    }
}

async fn rebuff(context: &mut Context, began: Instant) -> Outcome {
    context.session.forget_user();
    context.failures += 1;
    let delay = failure_delay(context.failures);
    tokio::time::sleep(remaining(began.elapsed(), delay)).await;
    if context.failures >= context.settings().max_login_failures {
        return Outcome::Close(Reply::new(
            Code::ServiceNotAvailable,
            "Too many login failures.",
        ));
    }
    say(Code::NotLoggedIn, "Login incorrect.")
}

/// Doubles with every failure up to [`LONGEST_DELAY`], give or take a fifth.
fn failure_delay(failures: u32) -> Duration {
    let doubled = FIRST_DELAY.saturating_mul(1_u32 << failures.saturating_sub(1).min(8));
    doubled
        .min(LONGEST_DELAY)
        .mul_f64(rand::rng().random_range(0.8..1.2))
}

/// What is left of `delay` when the verification took `spent` of it. One that took longer is answered
/// after twice the delay, or three times: how long it took, and so whether the account exists and how its
/// password is hashed, shows in none of these.
fn remaining(spent: Duration, delay: Duration) -> Duration {
    let beyond = spent.as_nanos() % delay.as_nanos().max(1);
    delay.saturating_sub(Duration::from_nanos_u128(beyond))
}

/// How long the first wrong password of a session takes.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// How long any wrong password takes at most.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// `ACCT`: there are no sub-accounts.
pub(super) fn acct() -> Outcome {
    say(Code::Superfluous, "Superfluous.")
}

/// `REIN`: as after the greeting. Refused under TLS, where it would lead back into the clear.
pub(super) fn rein(context: &mut Context) -> Outcome {
    context.dismiss();
    context.session.reinitialize();
    say(Code::ServiceReady, "Service ready for new user.")
}

/// `QUIT`.
pub(super) fn quit() -> Outcome {
    Outcome::Close(Reply::new(Code::Closing, "Goodbye."))
}

fn say(code: Code, text: &str) -> Outcome {
    Outcome::Say(Reply::new(code, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_after_a_whole_delay_however_long_the_verification_took() {
        let ms = Duration::from_millis;
        for (spent, left) in [
            (0, 1_000),
            (1, 999),
            (450, 550),
            (999, 1),
            (1_000, 1_000),
            (2_300, 700),
        ] {
            assert_eq!(remaining(ms(spent), ms(1_000)), ms(left), "{spent}");
        }
        assert_eq!(remaining(ms(5), ms(0)), ms(0));
    }

    #[test]
    fn each_failure_takes_longer_up_to_five_seconds() {
        for (failures, least, most) in [(1, 0.8, 1.2), (2, 1.6, 2.4), (3, 3.2, 4.8), (9, 4.0, 6.0)]
        {
            let delay = failure_delay(failures).as_secs_f64();

            assert!((least..=most).contains(&delay), "{failures}: {delay}");
        }
    }
}
