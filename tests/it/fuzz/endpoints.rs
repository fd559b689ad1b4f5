//! `PORT`, `EPRT` and `EPSV`: whatever is typed, the server connects to nobody but the peer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use quaymaster::proto::{
    Code, Command, EpsvArgument, ExtendedHostPort, extended_passive_reply, passive_reply,
};

use super::feed::{Feed, line, run};

const FRAGMENTS: [&str; 40] = [
    ",",
    ",",
    ",",
    "|",
    "|",
    "|",
    "1",
    "2",
    "3",
    "0",
    "255",
    "256",
    "127,0,0,1",
    "127.0.0.1",
    "::1",
    "::",
    "0.0.0.0",
    "::ffff:127.0.0.1",
    "fe80::1%lo",
    "[::1]",
    "1024",
    "1023",
    "65535",
    "65536",
    "4,0",
    "3,255",
    "007",
    "+1",
    "-1",
    " ",
    "ALL",
    "all",
    "2001:db8::1",
    "169.254.169.254",
    "٣",
    "|1|",
    "|2|",
    "||",
    "99999999999999999999",
    "localhost",
];

#[test]
fn whatever_port_and_eprt_name_the_server_connects_to_nobody_but_the_peer() {
    run("PORT and EPRT", |feed| {
        let peer = peer(feed);
        let verb = feed.pick(&["PORT", "EPRT", "EPSV"]);
        let argument = if feed.one_in(3) {
            well_formed(feed, verb, peer)
        } else {
            feed.text(&FRAGMENTS, 12)
        };
        if let Some(command) = parse(&format!("{verb} {argument}")) {
            check(&command, peer);
        }

        reads_back(feed);
    });
}

fn parse(text: &str) -> Option<Command> {
    Command::parse(&line(text)?).ok()
}

fn peer(feed: &mut Feed) -> IpAddr {
    match feed.below(5) {
        0 => Ipv4Addr::LOCALHOST.into(),
        1 => Ipv6Addr::LOCALHOST.into(),
        2 => Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(),
        3 => v4(feed).into(),
        _ => v6(feed).into(),
    }
}

fn v4(feed: &mut Feed) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::try_from(feed.number() >> 32).expect("half of it"))
}

fn v6(feed: &mut Feed) -> Ipv6Addr {
    Ipv6Addr::from_bits(u128::from(feed.number()) << 64 | u128::from(feed.number()))
}

fn port(feed: &mut Feed) -> u16 {
    let [low, high, ..] = feed.number().to_le_bytes();
    // Privileged ones often enough.
    u16::from_le_bytes([low, if high < 64 { high / 16 } else { high }])
}

/// An argument as a client writes it, mostly with its own address.
fn well_formed(feed: &mut Feed, verb: &str, peer: IpAddr) -> String {
    let port = port(feed);
    let address = match feed.below(8) {
        0 => v4(feed).into(),
        1 => v6(feed).into(),
        2 => Ipv6Addr::UNSPECIFIED.into(),
        3 => peer,
        _ => peer.to_canonical(),
    };
    match (verb, address) {
        ("PORT", IpAddr::V4(address)) => {
            let [a, b, c, d] = address.octets();
            format!("{a},{b},{c},{d},{},{}", port >> 8, port & 255)
        }
        ("EPRT", IpAddr::V4(address)) => format!("|1|{address}|{port}|"),
        ("PORT" | "EPRT", IpAddr::V6(address)) => format!("|2|{address}|{port}|"),
        _ => feed.pick(&["", "1", "2", "3", "ALL"]).to_owned(),
    }
}

fn check(command: &Command, peer: IpAddr) {
    let target = match command {
        Command::Port(named) => named.target(peer),
        Command::Eprt(named) => named.target(peer),
        Command::Epsv(argument) => {
            let checked = argument.check(peer);
            let is_own = matches!(argument, EpsvArgument::Family(_)) && checked.is_ok();
            let is_free = matches!(argument, EpsvArgument::All | EpsvArgument::Any);
            assert_eq!(checked.is_ok(), is_own || is_free);
            return;
        }
        other => panic!("{other:?}"),
    };
    match target {
        Ok(target) => {
            assert_eq!(target.ip().to_canonical(), peer.to_canonical());
            assert!(target.port() >= 1_024);
        }
        Err(reply) => {
            let codes = [
                Code::BadArgument,
                Code::ParameterNotImplemented,
                Code::NegotiationFailed,
            ];
            assert!(codes.contains(&reply.code()), "{reply:?}");
        }
    }
}

/// What the server says about a port, a client can say to a server.
fn reads_back(feed: &mut Feed) {
    let (host, port) = (v4(feed), port(feed));
    let told = passive_reply(host, port);
    let numbers = inside(told.text());
    let Some(Command::Port(read)) = parse(&format!("PORT {numbers}")) else {
        panic!("{numbers}");
    };
    assert_eq!((read.host, read.port), (host, port));

    let told = extended_passive_reply(port);
    let fields: Vec<&str> = inside(told.text()).split('|').collect();
    let address: IpAddr = if feed.one_in(2) {
        host.into()
    } else {
        v6(feed).into()
    };
    let family = if address.is_ipv4() { 1 } else { 2 };
    let mark = delimiter(feed);
    let typed = format!(
        "EPRT {mark}{family}{mark}{address}{mark}{}{mark}",
        fields[3]
    );
    let expected = ExtendedHostPort::Known(SocketAddr::new(address, port));
    assert_eq!(parse(&typed), Some(Command::Eprt(expected)), "{typed}");
}

/// What stands in the brackets of a reply.
fn inside(text: &str) -> &str {
    let (_, behind) = text.split_once('(').expect("a bracket");
    behind.split_once(')').expect("a bracket").0
}

/// Any that RFC 2428 allows and that no address contains.
fn delimiter(feed: &mut Feed) -> char {
    loop {
        let mark = char::from(b'!' + feed.byte() % 94);
        if !mark.is_ascii_hexdigit() && mark != '.' && mark != ':' {
            return mark;
        }
    }
}
