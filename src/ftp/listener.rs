//! Accept loops: limits before the greeting, a task for every session.

use std::hash::RandomState;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::buffers::Buffers;
use super::context::{Context, Door, Encryption, Peer};
use super::control::converse;
use super::hashing::Places;
use super::link::Link;
use super::refusals::Refusals;
use super::wire::Wire;
use crate::app::App;
use crate::hosting::sessions::{Admission, LiveSession, Orders};
use crate::model::SessionId;
use crate::net::{ControlStream, SessionTls};
use crate::proto::{Code, Reply};

/// Where FTP clients connect.
#[derive(Debug)]
pub struct Listeners {
    /// Explicit TLS (RFC 4217).
    pub explicit: Vec<TcpListener>,
    /// Implicit TLS.
    pub implicit: Vec<TcpListener>,
    /// Where the other doors of this server really are; no client is connected to them.
    pub other_doors: Vec<SocketAddr>,
}

/// Serves FTP on `listeners` until `stop`. Sessions and transfers run on `tasks`; whoever waits for
/// it knows that all have ended.
pub async fn serve(app: App, listeners: Listeners, stop: CancellationToken, tasks: TaskTracker) {
    let Listeners {
        explicit,
        implicit,
        other_doors,
    } = listeners;
    let explicit = explicit
        .into_iter()
        .map(|socket| (socket, Encryption::Explicit));
    let implicit = implicit
        .into_iter()
        .map(|socket| (socket, Encryption::Implicit));
    let sockets: Vec<_> = explicit.chain(implicit).collect();
    let address = |(socket, _): &(TcpListener, Encryption)| socket.local_addr().ok();
    let door = Door {
        buffers: Buffers::new(app.metrics.clone()),
        app,
        refusals: Refusals::default(),
        places: Places::new(),
        tasks: tasks.clone(),
        own_doors: sockets
            .iter()
            .filter_map(address)
            .chain(other_doors)
            .collect(),
        unique: RandomState::new(),
    };
    for (socket, encryption) in sockets {
        tasks.spawn(accept(door.clone(), socket, encryption, stop.clone()));
    }
    stop.cancelled().await;
}

/// Pause after a failed `accept`: usually all file descriptors are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a client that is turned away may take to read why.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

async fn accept(
    door: Door,
    listener: TcpListener,
    encryption: Encryption,
    shutdown: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) => {
                let session = admit(door.clone(), socket, encryption, shutdown.clone());
                door.tasks.spawn(session);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Gives a connection its place among the sessions, or turns it away.
async fn admit(door: Door, socket: TcpStream, encryption: Encryption, shutdown: CancellationToken) {
    let Ok(stream) = ControlStream::new(socket) else {
        return;
    };
    let peer = Peer {
        client: stream.peer(),
        server: stream.local(),
    };
    let settings = door.app.settings.current();
    let admission = Admission {
        total: u64::from(settings.max_sessions),
        per_address: u64::from(settings.max_sessions_per_address),
    };
    let now = u64::try_from(door.app.clock.now().as_millis()).unwrap_or(0);
    let id = SessionId::from_parts(now, rand::random());
    match door
        .app
        .sessions
        .open(id, peer.client, peer.server, admission)
    {
        Ok(place) => {
            let span = tracing::info_span!("session", id = %id, client = %peer.client.ip());
            let listener = (encryption, shutdown);
            begin(door, stream, peer, place, listener)
                .instrument(span)
                .await;
        }
        Err(refused) => {
            tracing::info!(client.address = %peer.client.ip(), %refused, "connection refused");
            // In the middle of a TLS handshake nobody could read the reply.
            if encryption == Encryption::Explicit {
                turn_away(stream).await;
            }
        }
    }
}

async fn begin(
    door: Door,
    stream: ControlStream,
    peer: Peer,
    (live, orders): (LiveSession, Orders),
    (encryption, shutdown): (Encryption, CancellationToken),
) {
    let tls = SessionTls::new(&door.app.certificates);
    let stream = match encryption {
        Encryption::Explicit => stream,
        Encryption::Implicit => {
            let within = door.app.settings.current().tls_handshake_timeout;
            match stream.start_tls(tls.control(), within).await {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::debug!(%error, "no implicit TLS");
                    return;
                }
            }
        }
    };
    if let Some(facts) = stream.tls() {
        live.encrypted(format!("{} {}", facts.version, facts.cipher));
    }
    let context = Context::new(door, peer, encryption, live, tls);
    converse(context, Link::new(Wire::new(stream), orders, shutdown)).await;
}

async fn turn_away(stream: ControlStream) {
    let mut wire = Wire::new(stream);
    wire.say(&Reply::new(
        Code::ServiceNotAvailable,
        "Too many connections, try again later.",
    ));
    let _late = tokio::time::timeout(REFUSAL_TIMEOUT, wire.close()).await;
}
