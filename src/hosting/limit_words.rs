//! The limits of accounts in the words of the audit log.

use crate::hosting::foundation::{bytes, limit_words, number, override_words};
use crate::model::{AccountLimits, Limit, Override, Traffic};

/// What a limit is called, and how its figure is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) name: &'static str,
    show: fn(u64) -> String,
}

/// Every limit of an account.
pub(super) const WORDS: AccountLimits<Words> = AccountLimits {
    bytes: words("storage", bytes),
    files: words("files", number),
    file_bytes: words("largest file", bytes),
    sessions: words("sessions", number),
    sessions_per_address: words("sessions per address", number),
    upload_rate: words("upload rate", rate),
    download_rate: words("download rate", rate),
    session_upload_rate: words("upload rate of a session", rate),
    session_download_rate: words("download rate of a session", rate),
    traffic: Traffic {
        up: words("upload traffic", bytes),
        down: words("download traffic", bytes),
        both: words("traffic", bytes),
    },
};

/// The traffic that all accounts of a customer share.
pub(super) const POOL_TRAFFIC: Traffic<Words> = Traffic {
    up: words("shared upload traffic", bytes),
    down: words("shared download traffic", bytes),
    both: words("shared traffic", bytes),
};

impl Words {
    /// A limit of a plan.
    pub(super) fn limit(self, limit: Limit) -> String {
        limit_words(limit, self.show)
    }

    /// A limit of an account.
    pub(super) fn own(self, own: Override) -> String {
        override_words(own, self.show)
    }
}

const fn words(name: &'static str, show: fn(u64) -> String) -> Words {
    Words { name, show }
}

fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", bytes(bytes_per_second))
}
