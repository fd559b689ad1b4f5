//! Refusals that several rules of a session share.

use crate::proto::reply::{Code, Reply};

pub(super) fn auth_first() -> Reply {
    Reply::new(Code::BadSequence, "Send AUTH TLS first.")
}

pub(super) fn not_logged_in() -> Reply {
    Reply::new(Code::NotLoggedIn, "Please log in with USER and PASS.")
}

pub(super) fn rnfr_first() -> Reply {
    Reply::new(Code::BadSequence, "Send RNFR first.")
}

pub(super) fn tls_required() -> Reply {
    Reply::new(Code::NotLoggedIn, "TLS required; use AUTH TLS.")
}
