//! What the next page says about what was just done: a code in a short-lived cookie, never a text.

use axum::http::HeaderMap;

use super::cookie;

macro_rules! notices {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Something worth a toast on the next page. `{}` in a text is replaced by the subject.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Notice { $($(#[$doc])* $name,)* }

        impl Notice {
            const ALL: &[Self] = &[$(Self::$name),*];

            fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

notices! {
    /// An account was made.
    AccountCreated = "account-created", "{} created.";
    /// An account was deleted.
    AccountDeleted = "account-deleted", "{} deleted.";
    /// An account may log in again.
    AccountResumed = "account-resumed", "{} may sign in again.";
    /// An account may not log in any more.
    AccountSuspended = "account-suspended", "{} suspended.";
    /// A customer was made.
    CustomerCreated = "customer-created", "{} created.";
    /// A customer was deleted.
    CustomerDeleted = "customer-deleted", "{} deleted.";
    /// A customer's accounts may log in again.
    CustomerResumed = "customer-resumed", "Accounts of {} may sign in again.";
    /// A customer's accounts may not log in any more.
    CustomerSuspended = "customer-suspended", "{} suspended.";
    /// One session was ended.
    Disconnected = "disconnected", "{} disconnected.";
    /// Several sessions were ended.
    DisconnectedMany = "disconnected-many", "{} disconnected.";
    /// The session had ended before it could be disconnected.
    GoneAlready = "gone-already", "That session has ended already.";
    /// Accounts of a file are being imported.
    ImportBegun = "import-begun", "The accounts are being imported; this page says what becomes of each.";
    /// A file is being looked through.
    ImportChecked = "import-checked", "The file is being checked; nothing is changed yet.";
    /// Somebody else did what the page offered.
    ImportMovedOn = "import-moved-on", "Somebody was faster. This page shows what is done now.";
    /// A job that failed or was cancelled was queued once more.
    JobAgain = "job-again", "The job is started again.";
    /// A job was asked to stop.
    JobCancelled = "job-cancelled", "The job stops after its current step.";
    /// A job cannot be queued once more.
    JobNotAgain = "job-not-again", "The job cannot be started again: it did not fail, or the same is being done already.";
    /// The job had ended before it could be cancelled.
    JobOver = "job-over", "That job is over already.";
    /// There was no transfer to abort.
    NothingToAbort = "nothing-to-abort", "That transfer has ended already.";
    /// A plan was made.
    PlanCreated = "plan-created", "Plan {} created.";
    /// A plan was deleted.
    PlanDeleted = "plan-deleted", "Plan {} deleted.";
    /// Files of a deleted account are being removed.
    PurgeBegun = "purge-begun", "Files of {} are being deleted.";
    /// They are being removed already.
    PurgeRuns = "purge-runs", "These files are being deleted already.";
    /// Storage is being counted again.
    RecountBegun = "recount-begun", "Storage of {} is counted again; this page says what comes of it.";
    /// A deleted account is being made again.
    RestoreBegun = "restore-begun", "{} is being restored; this page says when it is there.";
    /// It is being made again already, or removed.
    RestoreRuns = "restore-runs", "This account is being restored or deleted already.";
    /// A form was saved.
    Saved = "saved", "Saved.";
    /// Set-up is complete.
    SetUp = "set-up", "Set-up is done. Customers can sign in now.";
    /// The person signed out.
    SignedOut = "signed-out", "You are signed out.";
    /// A volume was added.
    VolumeAdded = "volume-added", "Volume {} added.";
    /// The folder of a volume was marked again.
    VolumeAdopted = "volume-adopted", "{} is there again. All files are counted now.";
    /// A volume was removed.
    VolumeRemoved = "volume-removed", "Volume {} removed.";
    /// Volumes were probed, and some cannot be written to.
    VolumesFail = "volumes-fail", "Volumes that cannot be written to: {}.";
    /// Volumes were probed.
    VolumesWork = "volumes-work", "Every volume can be written to.";
    /// A transfer was aborted.
    TransferAborted = "transfer-aborted", "Transfer of {} aborted.";
}

impl Notice {
    /// The notice about `subject`, typically a name.
    pub(crate) fn of(self, subject: impl Into<String>) -> Flash {
        Flash {
            notice: self,
            subject: subject.into(),
        }
    }
}

impl From<Notice> for Flash {
    fn from(notice: Notice) -> Self {
        notice.of("")
    }
}

/// A notice and what it is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Flash {
    notice: Notice,
    subject: String,
}

impl Flash {
    const SUBJECT_LIMIT_BYTES: usize = 400;

    /// The sentence on the page. Templates escape it.
    pub(crate) fn text(&self) -> String {
        self.notice.text().replace("{}", &self.subject)
    }

    /// The value of the cookie: code and subject.
    pub(crate) fn encode(&self) -> String {
        let subject = data_encoding::BASE64URL_NOPAD.encode(self.subject.as_bytes());
        format!("{}.{subject}", self.notice.code())
    }

    /// What the cookie of a request says; `None` for none or for one that is not ours.
    pub(crate) fn read(headers: &HeaderMap, secure: bool) -> Option<Self> {
        let value = cookie::read(headers, &cookie::name("flash", secure))?;
        let (code, subject) = value.split_once('.')?;
        if subject.len() > Self::SUBJECT_LIMIT_BYTES {
            return None;
        }
        let notice = *Notice::ALL.iter().find(|notice| notice.code() == code)?;
        let subject = data_encoding::BASE64URL_NOPAD
            .decode(subject.as_bytes())
            .ok()?;
        Some(Self {
            notice,
            subject: String::from_utf8(subject).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", format!("a=b; flash={value}").parse().unwrap());
        headers
    }

    #[test]
    fn a_notice_survives_the_way_through_the_browser() {
        let flash = Notice::Disconnected.of("kestrel-print");

        let read = Flash::read(&request(&flash.encode()), false).unwrap();

        assert_eq!(read.text(), "kestrel-print disconnected.");
    }

    #[test]
    fn a_text_that_is_no_code_of_ours_is_ignored() {
        assert_eq!(Flash::read(&request("hello.d29ybGQ"), false), None);
        assert_eq!(Flash::read(&request("saved"), false), None);
    }

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = Notice::ALL.iter().map(|notice| notice.code()).collect();
        codes.sort_unstable();
        codes.dedup();

        assert_eq!(codes.len(), Notice::ALL.len());
    }
}
