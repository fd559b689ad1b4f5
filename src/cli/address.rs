//! Listening addresses as a client on this machine types them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address that a browser on this machine can open.
pub(super) fn page_url(public: Option<&str>, listening: SocketAddr) -> String {
    match public {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", reachable(listening)),
    }
}

/// `0.0.0.0` and `[::]` mean every address; a client on this machine can use the loopback one.
pub(super) fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = if listening.ip().is_unspecified() {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        listening.ip()
    };
    SocketAddr::new(ip, listening.port())
}
