//! `PASV`, `EPSV`, `PORT`, `EPRT`: how the next data connection comes about (RFC 959 §4.1.2,
//! RFC 2428).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::ftp::context::Member;
use crate::ftp::data::{Endpoint, Target};
use crate::ftp::error::CommandError;
use crate::ftp::outcome::Outcome;
use crate::net::{self, ActiveRefusal, PeerNetwork, ReservationRequest};
use crate::proto::{
    Code, EpsvArgument, ExtendedHostPort, HostPort, Reply, extended_passive_reply, passive_reply,
};
use crate::settings::PeerCheck;

/// `PASV`: an IPv4 address and a port to connect to.
///
/// # Errors
///
/// 425 no port, 501 the control connection is IPv6.
pub(super) async fn pasv(mut member: Member<'_>) -> Result<Outcome, CommandError> {
    let (IpAddr::V4(client), IpAddr::V4(local)) =
        (member.peer.client.ip(), member.peer.server.ip())
    else {
        return Err(CommandError::refused(
            Code::BadArgument,
            "PASV is IPv4-only; use EPSV.",
        ));
    };
    let port = reserve(&mut member).await?;
    let address = member.door.app.network.advertised(client, local);
    Ok(Outcome::Say(passive_reply(address, port)))
}

/// `EPSV`: a port to connect to, at the address of the control connection.
///
/// # Errors
///
/// 425 no port, 522 another address family.
pub(super) async fn epsv(
    mut member: Member<'_>,
    wanted: EpsvArgument,
) -> Result<Outcome, CommandError> {
    if wanted == EpsvArgument::All {
        return Ok(Outcome::Say(member.session.set_only_epsv()));
    }
    wanted
        .check(member.peer.client.ip())
        .map_err(CommandError::Refused)?;
    let port = reserve(&mut member).await?;
    Ok(Outcome::Say(extended_passive_reply(port)))
}

/// `PORT`: the client's own IPv4 address and a port, to connect to later.
///
/// # Errors
///
/// 501 the control connection is IPv6, 504 not the client's own address, or a privileged port.
pub(super) fn port(member: Member<'_>, typed: HostPort) -> Result<Outcome, CommandError> {
    let target = typed
        .target(member.peer.client.ip())
        .map_err(CommandError::Refused)?;
    aim(member, target, "PORT command successful.")
}

/// `EPRT`: the same for both address families.
///
/// # Errors
///
/// 504 not the client's own address, or a privileged port; 522 another address family.
pub(super) fn eprt(member: Member<'_>, typed: ExtendedHostPort) -> Result<Outcome, CommandError> {
    let target = typed
        .target(member.peer.client.ip())
        .map_err(CommandError::Refused)?;
    aim(member, target, "EPRT command successful.")
}

async fn reserve(member: &mut Member<'_>) -> Result<u16, CommandError> {
    // The old port first, so that a session never holds two.
    member.forget_endpoint();
    let client = member.peer.client.ip();
    let settings = member.door.app.settings.current();
    let peer = match settings.peer_check {
        PeerCheck::Strict => PeerNetwork::of(client),
        PeerCheck::Off => PeerNetwork::anyone(client),
    };
    let request = ReservationRequest {
        peer,
        local: Some(member.peer.server.ip()),
        owner: member.granted.account.id,
        session: member.live.id(),
    };
    let reservation = member
        .door
        .app
        .passive_ports
        .reserve_within(request, settings.passive_wait)
        .await?;
    let port = reservation.port();
    member.arrange(Endpoint::passive(reservation));
    Ok(port)
}

fn aim(mut member: Member<'_>, address: SocketAddr, text: &str) -> Result<Outcome, CommandError> {
    let is_ours = |target: SocketAddr| {
        is_own_address(target.ip(), member.peer.server.ip())
            && (member
                .door
                .own_doors
                .iter()
                .any(|door| leads(*door, target))
                || member.door.app.passive_ports.owns(target))
    };
    net::permit(address, member.peer.client.ip(), is_ours).map_err(refusal)?;
    let settings = member.door.app.settings.current();
    member.arrange(Endpoint::Active(Target {
        local: member.peer.server.ip(),
        address,
        source_port: settings.active_source_port_20.then_some(20),
        within: settings.connect_timeout,
    }));
    Ok(Outcome::Say(Reply::new(Code::CommandOkay, text)))
}

/// Whether who connects to `target`, an address of this server, may come out at `door`.
fn leads(door: SocketAddr, target: SocketAddr) -> bool {
    let is_for_both = door.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    door.port() == target.port() && (is_for_both || door.is_ipv4() == target.is_ipv4())
}

fn is_own_address(target: IpAddr, server: IpAddr) -> bool {
    target == server || target.is_loopback()
}

fn refusal(refused: ActiveRefusal) -> CommandError {
    let text = match refused {
        ActiveRefusal::Foreign => "Address must match the control connection.",
        ActiveRefusal::Privileged => "Port must be 1024 or higher.",
        ActiveRefusal::OwnPort => "Port is in use by this server.",
    };
    CommandError::refused(Code::ParameterNotImplemented, text)
}
