//! Passive ports with real clients from many loopback addresses.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::support::SOON;
use crate::model::{AccountId, PortRange, SessionId};
use crate::net::{
    BindAddresses, DataStream, PassiveError, PassiveOptions, PassivePorts, PeerNetwork,
    PortReservation, PortState, ReservationRequest,
};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const V4: BindAddresses = BindAddresses {
    v4: Some(Ipv4Addr::UNSPECIFIED),
    v6: None,
};

/// A pool that ends with the test.
struct Pool {
    ports: PassivePorts,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Pool {
    fn new(on: BindAddresses, wait: Duration) -> Self {
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let options = PassiveOptions {
            wait,
            ..PassiveOptions::default()
        };
        Self {
            ports: PassivePorts::new(on, options, &tasks, stop.clone()),
            tasks,
            stop,
        }
    }

    /// A pool on so many ports, wherever they were free.
    async fn on(count: u16, wait: Duration) -> (Self, PortRange) {
        let pool = Self::new(V4, wait);
        let range = pool.apply_somewhere(count).await;
        (pool, range)
    }

    async fn apply_somewhere(&self, count: u16) -> PortRange {
        loop {
            let range = somewhere(count);
            if self.ports.apply(range).await.is_ok() {
                return range;
            }
        }
    }

    async fn reserve(&self, who: u8) -> Result<PortReservation, PassiveError> {
        self.ports.reserve(from(LOCALHOST, who)).await
    }

    fn state(&self, port: u16) -> Option<PortState> {
        let views = self.ports.snapshot();
        let view = views.into_iter().find(|view| view.port == port)?;
        Some(view.state)
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        timeout(SOON, self.tasks.wait()).await.unwrap();
    }
}

/// A range below the ports that outgoing connections take.
fn somewhere(count: u16) -> PortRange {
    let first = rand::random_range(10_000..32_000 - count);
    PortRange::new(first, first + count - 1).unwrap()
}

fn from(peer: IpAddr, who: u8) -> ReservationRequest {
    ReservationRequest {
        peer: PeerNetwork::of(peer),
        local: None,
        owner: AccountId::from_parts(1, [who; 10]),
        session: SessionId::from_parts(1, [who; 10]),
    }
}

async fn connect_from(source: IpAddr, target: SocketAddr) -> io::Result<TcpStream> {
    let socket = if source.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.bind(SocketAddr::new(source, 0))?;
    socket.connect(target).await
}

async fn connect(port: u16) -> TcpStream {
    connect_from(LOCALHOST, SocketAddr::new(LOCALHOST, port))
        .await
        .unwrap()
}

/// Lets no other task of the test run meanwhile.
fn connect_at_once(port: u16) -> std::net::TcpStream {
    std::net::TcpStream::connect((LOCALHOST, port)).unwrap()
}

/// The server closed without a byte.
async fn is_closed(mut client: TcpStream) -> bool {
    let read = timeout(SOON, client.read(&mut [0; 1])).await.unwrap();
    matches!(read, Ok(0) | Err(_))
}

/// The client and the reservation are two ends of the same connection.
async fn is_joined(mut client: TcpStream, mut reservation: PortReservation) -> bool {
    let connection = reservation.accept(SOON).await.unwrap();
    let mut data = DataStream::passive(connection);
    data.write_all(b"here").await.unwrap();
    data.finish(SOON).await.unwrap();
    let mut heard = Vec::new();
    client.read_to_end(&mut heard).await.unwrap();
    data.peer() == client.local_addr().unwrap() && heard == b"here"
}

#[tokio::test]
async fn a_client_that_comes_before_the_verb_is_kept_waiting() {
    let (pool, _) = Pool::on(1, SOON).await;
    let reservation = pool.reserve(1).await.unwrap();

    let client = connect(reservation.port()).await;
    // The port is free for the next session before the first has asked for its connection.
    let _next = pool.reserve(2).await.unwrap();

    assert!(is_joined(client, reservation).await);
    assert_eq!(pool.ports.counters().connected_total, 1);
    pool.end().await;
}

#[tokio::test]
async fn a_stranger_is_closed_and_the_client_still_gets_through() {
    let (pool, _) = Pool::on(1, SOON).await;
    let reservation = pool.reserve(1).await.unwrap();
    let target = SocketAddr::new(LOCALHOST, reservation.port());

    let other = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 66));
    let stranger = connect_from(other, target).await.unwrap();
    assert!(is_closed(stranger).await);

    assert!(is_joined(connect(reservation.port()).await, reservation).await);
    assert_eq!(pool.ports.counters().strangers_total, 1);
    pool.end().await;
}

#[tokio::test]
async fn a_connection_nobody_reserved_is_reset() {
    let (pool, range) = Pool::on(1, SOON).await;

    let read = connect(range.first()).await.read_u8().await;

    assert_eq!(read.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(pool.ports.counters().strangers_total, 1);
    pool.end().await;
}

#[tokio::test]
async fn a_full_range_refuses_one_address_after_a_wait_but_not_another() {
    let (pool, range) = Pool::on(3, Duration::from_millis(20)).await;
    let mut held = Vec::new();
    for who in 1..=3 {
        held.push(pool.reserve(who).await.unwrap());
    }

    let refused = pool.reserve(4).await.unwrap_err();

    assert_eq!(refused, PassiveError::Exhausted);
    let other = from(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), 4);
    let neighbour = pool.ports.reserve(other).await.unwrap();
    let ports: BTreeSet<u16> = held.iter().map(PortReservation::port).collect();
    assert_eq!(ports.len(), 3);
    assert!(range.contains(neighbour.port()));
    assert_eq!(pool.ports.counters().exhausted_total, 1);
    assert_eq!(pool.ports.counters().waiting, 0);
    pool.end().await;
}

#[tokio::test]
async fn who_waits_gets_the_port_that_becomes_free() {
    let (pool, _) = Pool::on(1, SOON).await;
    let mut held = pool.reserve(1).await.unwrap();
    let port = held.port();

    let waiting = pool.reserve(2);
    let arriving = async {
        let client = connect(port).await;
        (held.accept(SOON).await.unwrap(), client)
    };
    let (granted, _transfer) = tokio::join!(waiting, arriving);

    assert_eq!(granted.unwrap().port(), port);
    pool.end().await;
}

#[tokio::test]
async fn one_port_serves_five_sessions_with_a_hundred_transfers_each() {
    let (pool, _) = Pool::on(1, SOON).await;

    let mut sessions = JoinSet::new();
    for who in 0..5 {
        let ports = pool.ports.clone();
        sessions.spawn(async move {
            for _ in 0..100 {
                let reservation = ports.reserve(from(LOCALHOST, who)).await.unwrap();
                let client = connect(reservation.port()).await;
                assert!(is_joined(client, reservation).await);
            }
        });
    }

    while let Some(session) = sessions.join_next().await {
        session.unwrap();
    }
    let counters = pool.ports.counters();
    assert_eq!((counters.connected_total, counters.reserved), (500, 0));
    pool.end().await;
}

#[tokio::test]
async fn two_hundred_sessions_of_a_hundred_addresses_share_two_ports() {
    let (pool, _) = Pool::on(2, SOON).await;

    let mut sessions = JoinSet::new();
    for who in 0..200 {
        let ports = pool.ports.clone();
        sessions.spawn(async move {
            let peer = IpAddr::V4(Ipv4Addr::new(127, 0, 1, who / 2 + 1));
            let reservation = ports.reserve(from(peer, who)).await.unwrap();
            let target = SocketAddr::new(LOCALHOST, reservation.port());
            let client = connect_from(peer, target).await.unwrap();
            is_joined(client, reservation).await
        });
    }

    while let Some(joined) = sessions.join_next().await {
        assert!(joined.unwrap());
    }
    assert_eq!(pool.ports.counters().strangers_total, 0);
    pool.end().await;
}

/// DAT-13.
#[tokio::test]
async fn a_port_held_by_another_program_is_skipped_and_shown() {
    let pool = Pool::new(V4, SOON);
    let (foreign, range) = loop {
        let range = somewhere(3);
        let Ok(foreign) = TcpListener::bind((LOCALHOST, range.first())).await else {
            continue;
        };
        match pool.ports.open(range).await {
            Ok(skipped) if skipped.len() == 1 => break (foreign, range),
            _ => {}
        }
    };

    for who in 0..50 {
        let reservation = pool.reserve(who).await.unwrap();
        assert_ne!(reservation.port(), range.first());
    }

    assert_eq!(pool.state(range.first()), Some(PortState::Foreign));
    assert_eq!(pool.ports.counters().ports, 2);
    drop(foreign);
    pool.end().await;
}

#[tokio::test]
async fn a_start_without_any_port_is_an_error() {
    let taken = TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let pool = Pool::new(V4, SOON);

    let error = pool.ports.open(PortRange::new(port, port).unwrap()).await;

    assert_eq!(error.unwrap_err().port(), port);
    assert_eq!(pool.reserve(1).await.unwrap_err(), PassiveError::Closed);
    pool.end().await;
}

#[tokio::test]
async fn a_range_that_cannot_be_opened_is_refused_and_nothing_changes() {
    let (pool, range) = Pool::on(2, SOON).await;
    let before = pool.ports.snapshot();
    let taken = TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let port = taken.local_addr().unwrap().port();

    let error = pool
        .ports
        .apply(PortRange::new(port, port).unwrap())
        .await
        .unwrap_err();

    assert_eq!(error.port(), port);
    assert_eq!(error.reason(), "is in use by another program");
    assert_eq!(pool.ports.snapshot(), before);
    assert!(range.contains(pool.reserve(1).await.unwrap().port()));
    pool.end().await;
}

#[tokio::test]
async fn a_new_range_spares_running_transfers_and_standing_reservations() {
    let (pool, old) = Pool::on(1, SOON).await;
    let mut running = pool.reserve(1).await.unwrap();
    let mut downloader = connect(running.port()).await;
    let mut data = DataStream::passive(running.accept(SOON).await.unwrap());
    let standing = pool.reserve(2).await.unwrap();

    let new = pool.apply_somewhere(1).await;

    assert_eq!(pool.state(old.first()), Some(PortState::Draining));
    assert_eq!(pool.reserve(3).await.unwrap().port(), new.first());
    data.write_all(b"still here").await.unwrap();
    data.finish(SOON).await.unwrap();
    let mut heard = String::new();
    downloader.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "still here");

    assert!(is_joined(connect(old.first()).await, standing).await);
    drop(data);
    assert_eq!(pool.state(old.first()), None);
    assert!(
        !pool
            .ports
            .owns(SocketAddr::from((Ipv4Addr::LOCALHOST, old.first())))
    );
    pool.end().await;
}

#[tokio::test]
async fn a_port_can_leave_the_range_and_come_back() {
    let (pool, old) = Pool::on(1, SOON).await;
    let reservation = pool.reserve(1).await.unwrap();
    pool.apply_somewhere(1).await;

    pool.ports.apply(old).await.unwrap();

    assert_eq!(pool.state(old.first()), Some(PortState::Reserved(1)));
    assert!(is_joined(connect(old.first()).await, reservation).await);
    pool.end().await;
}

#[tokio::test]
async fn our_own_listener_is_never_taken_for_another_program() {
    let (pool, first) = Pool::on(3, SOON).await;
    let second = pool.apply_somewhere(3).await;

    for _ in 0..20 {
        pool.ports.apply(first).await.unwrap();
        pool.ports.apply(second).await.unwrap();
    }

    assert_eq!(pool.ports.snapshot().len(), 3);
    pool.end().await;
}

/// DAT-32.
#[tokio::test]
async fn a_connection_to_another_local_address_is_no_match() {
    let (pool, _) = Pool::on(1, SOON).await;
    let home = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
    let request = ReservationRequest {
        local: Some(home),
        ..from(LOCALHOST, 1)
    };
    let reservation = pool.ports.reserve(request).await.unwrap();
    let port = reservation.port();

    assert!(is_closed(connect(port).await).await);

    let right = connect_from(LOCALHOST, SocketAddr::new(home, port)).await;
    assert!(is_joined(right.unwrap(), reservation).await);
    pool.end().await;
}

#[tokio::test]
async fn a_client_that_never_comes_gives_the_port_back() {
    let (pool, _) = Pool::on(1, SOON).await;
    let mut reservation = pool.reserve(1).await.unwrap();

    let late = reservation.accept(Duration::ZERO).await;

    assert_eq!(late.unwrap_err(), PassiveError::TimedOut);
    let again = reservation.accept(SOON).await;
    assert_eq!(again.unwrap_err(), PassiveError::Ended);
    let counters = pool.ports.counters();
    assert_eq!((counters.timeouts_total, counters.reserved), (1, 0));
    pool.end().await;
}

/// Nothing is awaited here, so that the pool's own task cannot have accepted it.
#[tokio::test]
async fn a_connection_is_known_as_soon_as_it_is_made() {
    let (pool, _) = Pool::on(1, SOON).await;
    let mut reservation = pool.reserve(1).await.unwrap();
    assert!(reservation.arrived().is_none());

    let _client = connect_at_once(reservation.port());

    assert!(reservation.arrived().is_some());
    pool.end().await;
}

#[tokio::test]
async fn what_came_for_a_refused_transfer_is_not_taken_for_the_next_one() {
    let (pool, _) = Pool::on(1, SOON).await;
    let refused = pool.reserve(1).await.unwrap();
    let _early = connect_at_once(refused.port());
    refused.refuse();

    let next = pool.reserve(2).await.unwrap();

    let client = connect(next.port()).await;
    assert!(is_joined(client, next).await);
    pool.end().await;
}

#[tokio::test]
async fn what_came_for_a_forgotten_reservation_is_not_taken_for_the_next_one() {
    let (pool, _) = Pool::on(1, SOON).await;
    let forgotten = pool.reserve(1).await.unwrap();
    let _early = connect_at_once(forgotten.port());
    drop(forgotten);

    let next = pool.reserve(2).await.unwrap();

    let client = connect(next.port()).await;
    assert!(is_joined(client, next).await);
    pool.end().await;
}

#[tokio::test]
async fn dropping_a_reservation_closes_what_has_arrived() {
    let (pool, _) = Pool::on(1, SOON).await;
    let reservation = pool.reserve(1).await.unwrap();
    let client = connect(reservation.port()).await;

    drop(reservation);

    assert!(is_closed(client).await);
    pool.end().await;
}

#[tokio::test]
async fn giving_up_waiting_leaves_nothing_behind() {
    let (pool, _) = Pool::on(1, SOON).await;
    let held = pool.reserve(1).await.unwrap();

    let gave_up = timeout(Duration::from_millis(5), pool.reserve(2)).await;

    assert!(gave_up.is_err());
    assert_eq!(pool.ports.counters().waiting, 0);
    drop(held);
    assert_eq!(pool.ports.counters().reserved, 0);
    pool.end().await;
}

#[tokio::test]
async fn the_page_sees_what_a_port_is_doing() {
    let (pool, range) = Pool::on(1, SOON).await;
    let port = range.first();
    assert_eq!(pool.state(port), Some(PortState::Free));

    let mut reservation = pool.reserve(7).await.unwrap();
    assert_eq!(pool.state(port), Some(PortState::Reserved(1)));

    let _client = connect(port).await;
    let connection = reservation.accept(SOON).await.unwrap();
    let data = DataStream::passive(connection);
    assert_eq!(pool.state(port), Some(PortState::Connected(1)));
    let session = SessionId::from_parts(1, [7; 10]);
    assert_eq!(pool.ports.snapshot()[0].connected, [session]);
    assert_eq!(data.passive_port(), Some(port));

    drop(data);
    assert_eq!(pool.state(port), Some(PortState::Free));
    pool.end().await;
}

#[tokio::test]
async fn ipv6_clients_have_listeners_of_their_own() {
    // A host can be without IPv6; then there is nothing to listen on.
    if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return;
    }
    let on = BindAddresses {
        v4: Some(Ipv4Addr::LOCALHOST),
        v6: Some(Ipv6Addr::LOCALHOST),
    };
    let pool = Pool::new(on, SOON);
    pool.apply_somewhere(1).await;
    let home = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let sixth = pool.ports.reserve(from(home, 1)).await.unwrap();
    let fourth = pool.reserve(1).await.unwrap();
    let port = sixth.port();
    assert_eq!(port, fourth.port());

    let client = connect_from(home, SocketAddr::new(home, port)).await;

    assert!(is_joined(client.unwrap(), sixth).await);
    assert!(is_joined(connect(port).await, fourth).await);
    pool.end().await;
}
