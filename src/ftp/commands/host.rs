//! `HOST` (RFC 7151). There is one host: the service under each of the names that it is known by.

use std::net::IpAddr;

use crate::ftp::context::Context;
use crate::ftp::error::CommandError;
use crate::ftp::outcome::Outcome;
use crate::model::PublicAddress;
use crate::proto::{Code, HostArgument};

/// `HOST`.
///
/// # Errors
///
/// 504 the service is not known by this name; the choice before stays.
pub(super) fn host(context: &mut Context, host: HostArgument) -> Result<Outcome, CommandError> {
    let is_known = match &host {
        HostArgument::Address(address) => *address == context.peer.server.ip(),
        HostArgument::Name(name) => is_ours(context, name),
    };
    if !is_known {
        return Err(CommandError::refused(
            Code::ParameterNotImplemented,
            "Unknown host.",
        ));
    }
    Ok(Outcome::Say(context.session.choose_host(host)))
}

/// Whether a TLS handshake for `server_name` contradicts the `HOST` before it (RFC 7151 §3.2.2).
pub(in crate::ftp) fn contradicts(context: &Context, server_name: Option<&str>) -> bool {
    match (context.session.host(), server_name) {
        (Some(_), Some(name)) => !is_ours(context, name),
        (None, _) | (_, None) => false,
    }
}

/// Whether `name`, in lower case, means this service: what customers type, what `PASV` names, and
/// what the certificate is valid for.
fn is_ours(context: &Context, name: &str) -> bool {
    let settings = context.settings();
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    let is_public = match &settings.public_address {
        PublicAddress::Name(known) => is(known),
        PublicAddress::Automatic | PublicAddress::Fixed(_) => false,
    };
    let certified = context.door.app.certificates.facts();
    // An address is asked for as an address.
    name.parse::<IpAddr>().is_err()
        && (is(&settings.host_name) || is_public || certified.names.iter().any(|known| is(known)))
}
