//! Which IPv4 address a `227` reply names.

use std::net::Ipv4Addr;

use crate::model::{AddressRule, PublicAddress};

use super::surroundings::Surroundings;

/// What an administrator has configured, and what DNS said.
#[derive(Clone, Copy, Debug)]
pub struct AddressPolicy<'a> {
    /// Rules for certain client networks; the first match wins.
    pub rules: &'a [AddressRule],
    /// What everybody else is told.
    pub public: &'a PublicAddress,
    /// The last good address of a [`PublicAddress::Name`]; `None` if it never resolved.
    pub resolved: Option<Ipv4Addr>,
}

/// The address that the client at `client` is told to connect to, if its control connection came
/// in on `local`.
pub fn advertised(
    policy: &AddressPolicy<'_>,
    around: &Surroundings,
    client: Ipv4Addr,
    local: Ipv4Addr,
) -> Ipv4Addr {
    todo!("{policy:?} {around:?} {client} {local}")
}
