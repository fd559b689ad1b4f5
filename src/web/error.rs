//! What went wrong, and THE table from error to page. The page itself is made by
//! [`super::refusal`], which knows who asks.

use std::fmt::Write as _;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::hosting::accounts::AccountError;
use crate::hosting::admins::AdminError;
use crate::hosting::customers::CustomerError;
use crate::hosting::imports::ImportError;
use crate::hosting::jobs::JobError;
use crate::hosting::network::NetworkError;
use crate::hosting::passwords::PasswordError;
use crate::hosting::plans::PlanError;
use crate::hosting::setup::SetupError;
use crate::hosting::trash::TrashError;
use crate::hosting::volumes::VolumeError;
use crate::model::Right;

/// Why a request gets no page of its own.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Something of ours failed; the cause is in the log under the page's reference.
    Broken(String),
    /// The role does not include the right.
    Forbidden(Right),
    /// The request came from another site, or says nothing about where it comes from.
    ForeignForm,
    /// There is nothing here; the text says what was looked for.
    NotFound(String),
    /// Somebody else saved first.
    Stale,
    /// The form's token is not of this session.
    StaleForm,
    /// Too many tries; seconds until the next one is looked at.
    TooMany(u64),
    /// The database or the disk does not answer.
    Unavailable(String),
    /// The request cannot be understood.
    Unreadable,
}

/// What a refusal page says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// The name of the icon.
    pub(crate) icon: &'static str,
    /// What happened.
    pub(crate) title: String,
    /// What to do about it.
    pub(crate) text: String,
    /// Stands in the log too; empty if nothing was logged.
    pub(crate) reference: String,
}

impl PageError {
    /// Something that was looked for by name: `No account is called heron.`
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::NotFound(text.into())
    }

    /// The database or the disk does not answer; the cause goes to the log.
    pub(crate) fn unavailable(cause: &dyn std::error::Error) -> Self {
        Self::Unavailable(chain(cause))
    }

    /// The table: no wildcard arm, a new error must choose.
    fn refusal(&self) -> Refusal {
        let (icon, title) = self.heading();
        Refusal::new(self.status(), icon, title, self.advice())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Forbidden(_) | Self::ForeignForm | Self::StaleForm => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Stale => StatusCode::CONFLICT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreadable => StatusCode::BAD_REQUEST,
        }
    }

    fn heading(&self) -> (&'static str, &'static str) {
        match self {
            Self::Broken(_) => ("warn", "Something broke on our side"),
            Self::Forbidden(_) => ("lock", "Your role cannot do this"),
            Self::ForeignForm => ("shield", "This form came from somewhere else"),
            Self::NotFound(_) => ("search", "This page does not exist"),
            Self::Stale => ("users", "Somebody else saved first"),
            Self::StaleForm => ("clock", "This form was open too long"),
            Self::TooMany(_) => ("clock", "Too many tries"),
            Self::Unavailable(_) => ("warn", "The server cannot answer now"),
            Self::Unreadable => ("bad", "This request cannot be read"),
        }
    }

    fn advice(&self) -> String {
        let text = match self {
            Self::Broken(_) => "Nothing was saved. Your text is still in the form if you go back.",
            Self::Forbidden(right) => {
                let role = right.least().label();
                return format!("This needs the {role} role. An owner can change roles.");
            }
            Self::ForeignForm => {
                "A form is accepted only from a page of this server. Open the page again and send it \
                 from there."
            }
            Self::NotFound(what) => what,
            Self::Stale => {
                "Nothing was saved. Go back and reload to see the new values; the audit log shows \
                 who changed what."
            }
            Self::StaleForm => {
                "Go back, reload and try again. Your text is kept if your browser keeps it."
            }
            Self::TooMany(seconds) => {
                return format!("Wait {}, then try again.", wait_words(*seconds));
            }
            Self::Unavailable(_) => "Nothing was saved. Try again in a moment.",
            Self::Unreadable => "The address or the form is damaged. Go back and try again.",
        };
        text.to_owned()
    }

    fn cause(&self) -> Option<&str> {
        match self {
            Self::Broken(cause) | Self::Unavailable(cause) => Some(cause),
            _ => None,
        }
    }
}

impl Refusal {
    fn new(status: StatusCode, icon: &'static str, title: &str, text: impl Into<String>) -> Self {
        Self {
            status,
            icon,
            title: title.to_owned(),
            text: text.into(),
            reference: String::new(),
        }
    }

    /// What is said about an answer that no page of ours made: an unknown address, a wrong method.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let not_found = || {
            PageError::not_found("The address may be mistyped, or what it named was deleted.")
                .refusal()
        };
        let (title, text) = match status {
            StatusCode::NOT_FOUND => return not_found(),
            StatusCode::METHOD_NOT_ALLOWED => (
                "This address does not work that way",
                "Open it from its page instead of sending a form to it.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => ("The form is too large", "Shorten it and try again."),
            StatusCode::REQUEST_TIMEOUT => (
                "The form took too long to arrive",
                "Nothing was changed. Go back and send it again.",
            ),
            _ if status.is_server_error() => return PageError::Broken(String::new()).refusal(),
            _ => {
                return Self {
                    status,
                    ..PageError::Unreadable.refusal()
                };
            }
        };
        Self::new(status, "bad", title, text)
    }

    /// Gives the page a reference that is in the log too.
    pub(crate) fn with_reference(mut self, reference: String) -> Self {
        self.reference = reference;
        self
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut refusal = self.refusal();
        if let Some(cause) = self.cause() {
            let reference = reference();
            tracing::error!(web.reference = %reference, "a page failed: {cause}");
            refusal = refusal.with_reference(reference);
        }
        let mut response = refusal.status.into_response();
        response.extensions_mut().insert(refusal);
        response
    }
}

impl From<AccountError> for PageError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NotFound => {
                Self::not_found("The account may have been deleted. The audit log shows when.")
            }
            AccountError::NoSuchCustomer => {
                Self::not_found("The customer may have been deleted. The audit log shows when.")
            }
            AccountError::Forbidden(right) => Self::Forbidden(right),
            AccountError::Stale => Self::Stale,
            AccountError::Store(error) => Self::unavailable(&error),
            AccountError::Volume(error) => error.into(),
            AccountError::Taken(_)
            | AccountError::TooManyAccounts { .. }
            | AccountError::HomeTaken(_)
            | AccountError::FilesMissing(_)
            | AccountError::NoRoom { .. }
            | AccountError::Password(_)
            | AccountError::Home(_) => Self::Broken(chain(&error)),
        }
    }
}

impl From<AdminError> for PageError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Forbidden(right) => Self::Forbidden(right),
            AdminError::NotFound => Self::not_found("The admin may have been deleted."),
            AdminError::TooManyTries { wait_seconds } => Self::TooMany(wait_seconds),
            AdminError::Password(PasswordError::Busy) | AdminError::Store(_) => {
                Self::unavailable(&error)
            }
            AdminError::Incorrect
            | AdminError::Taken(_)
            | AdminError::BadName
            | AdminError::BadEmail
            | AdminError::Password(_) => Self::Broken(chain(&error)),
        }
    }
}

impl From<CustomerError> for PageError {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::NotFound => {
                Self::not_found("The customer may have been deleted. The audit log shows when.")
            }
            CustomerError::NoSuchPlan => Self::not_found("The plan may have been deleted."),
            CustomerError::Forbidden(right) => Self::Forbidden(right),
            CustomerError::Stale => Self::Stale,
            CustomerError::Store(error) => Self::unavailable(&error),
            CustomerError::BadName | CustomerError::Taken(_) | CustomerError::HasAccounts(_) => {
                Self::Broken(chain(&error))
            }
        }
    }
}

impl From<JobError> for PageError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::NotFound => {
                Self::not_found("Jobs are kept for 90 days. The audit log shows who began it.")
            }
            JobError::Forbidden(right) => Self::Forbidden(right),
            JobError::Store(error) => Self::unavailable(&error),
            JobError::Over | JobError::NotAgain => Self::Broken(chain(&error)),
        }
    }
}

impl From<ImportError> for PageError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Account(error) => error.into(),
            ImportError::Active => Self::Stale,
            ImportError::Customer(error) => error.into(),
            ImportError::Job(error) => error.into(),
            ImportError::NotFound => Self::not_found(
                "The file was never uploaded, or it was too long ago. Upload it again.",
            ),
            ImportError::Plan(error) => error.into(),
            ImportError::Store(error) => Self::unavailable(&error),
        }
    }
}

impl From<PlanError> for PageError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::NotFound => {
                Self::not_found("The plan may have been deleted. The audit log shows when.")
            }
            PlanError::Forbidden(right) => Self::Forbidden(right),
            PlanError::Stale => Self::Stale,
            PlanError::Store(error) => Self::unavailable(&error),
            PlanError::BadName
            | PlanError::Taken(_)
            | PlanError::InUse(_)
            | PlanError::BadDays
            | PlanError::BadTrashDays
            | PlanError::IsDefault => Self::Broken(chain(&error)),
        }
    }
}

impl From<NetworkError> for PageError {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::Forbidden(right) => Self::Forbidden(right),
            NetworkError::Settings(_) => Self::unavailable(&error),
            NetworkError::Bind(_) => Self::Broken(chain(&error)),
        }
    }
}

impl From<SetupError> for PageError {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Over => Self::not_found("Set-up is over. Sign in instead."),
            SetupError::Admin(error) => error.into(),
            SetupError::TooManyTries { wait_seconds } => Self::TooMany(wait_seconds),
            SetupError::WrongCode => Self::Broken(chain(&error)),
        }
    }
}

impl From<TrashError> for PageError {
    fn from(error: TrashError) -> Self {
        match error {
            TrashError::NotFound => Self::not_found("The files may have been deleted for good."),
            TrashError::Forbidden(right) => Self::Forbidden(right),
            TrashError::Store(error) => Self::unavailable(&error),
            TrashError::Account(error) => error.into(),
            TrashError::Job(error) => error.into(),
            TrashError::Purging | TrashError::Restoring | TrashError::OnlyFiles => {
                Self::Broken(chain(&error))
            }
        }
    }
}

impl From<VolumeError> for PageError {
    fn from(error: VolumeError) -> Self {
        match error {
            VolumeError::NotFound => {
                Self::not_found("The volume may have been removed. The audit log shows when.")
            }
            VolumeError::Forbidden(right) => Self::Forbidden(right),
            VolumeError::Stale => Self::Stale,
            VolumeError::Store(error) => Self::unavailable(&error),
            VolumeError::BadName
            | VolumeError::Taken(_)
            | VolumeError::Root(_)
            | VolumeError::IsDefault
            | VolumeError::Closed(_)
            | VolumeError::Missing(_)
            | VolumeError::IsFirst
            | VolumeError::InUse { .. }
            | VolumeError::NotUnmarked => Self::Broken(chain(&error)),
        }
    }
}

/// The message of an error and of everything that caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _infallible = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// Eight random hexadecimal digits: `7f3a-19c2`.
pub(crate) fn reference() -> String {
    let [first, second] = rand::random::<[u16; 2]>();
    format!("{first:04x}-{second:04x}")
}

/// `2 seconds`, `1 minute`, `30 minutes`: never less than it really takes.
pub(crate) fn wait_words(seconds: u64) -> String {
    match seconds {
        0..=1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        60 => "1 minute".to_owned(),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_role_that_is_needed() {
        let refusal = PageError::Forbidden(Right::ManageAccounts).refusal();

        assert_eq!(refusal.status, StatusCode::FORBIDDEN);
        assert!(
            refusal.text.starts_with("This needs the Admin role."),
            "{}",
            refusal.text
        );
    }

    #[test]
    fn a_failure_gets_a_reference_and_keeps_its_cause_to_itself() {
        let response = PageError::Broken("disk on fire".to_owned()).into_response();
        let refusal = response.extensions().get::<Refusal>().unwrap();

        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(refusal.reference.len(), 9);
        assert!(!refusal.text.contains("fire"));
    }
}
