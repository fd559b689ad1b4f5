//! `AUTH`, `PBSZ`, `PROT`, `CCC` (RFC 2228, RFC 4217). What is allowed when is decided by the
//! protocol's rules before.

use crate::ftp::context::Context;
use crate::ftp::outcome::Outcome;
use crate::proto::{Code, Mechanism, ProtectionLevel, Reply};

/// `AUTH`: the handshake follows the reply.
pub(super) fn auth(mechanism: Mechanism) -> Outcome {
    match mechanism {
        Mechanism::Tls => {
            Outcome::UpgradeTls(Reply::new(Code::SecurityExchangeOkay, "AUTH TLS OK."))
        }
    }
}

/// `PBSZ`: nothing is buffered under TLS, whatever was asked for.
pub(super) fn pbsz(context: &mut Context) -> Outcome {
    Outcome::Say(context.session.set_buffer_size())
}

/// `PROT`.
pub(super) fn prot(context: &mut Context, level: ProtectionLevel) -> Outcome {
    Outcome::Say(context.session.set_protection(level))
}

/// `CCC`: never back into the clear.
pub(super) fn ccc() -> Outcome {
    Outcome::Say(Reply::new(Code::RefusedByPolicy, "CCC refused by policy."))
}
