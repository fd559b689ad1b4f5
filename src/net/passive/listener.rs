//! One open port: accepting what comes in on it.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::net::{SocketFlags, acceptfrom_with};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::time::sleep;

/// How long a listener rests if the system cannot give it another connection, for example because
/// too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// How many connections are accepted at once for one session; a flood of strangers does not keep it.
const AT_ONCE: usize = 16;

/// An open port.
#[derive(Debug)]
pub(super) struct Listener {
    port: u16,
    socket: TcpListener,
    /// Held from accepting a connection until it is handed over: whoever has looked knows that
    /// nothing is on its way in between.
    accepting: Mutex<()>,
}

impl Listener {
    pub(super) fn new(port: u16, socket: TcpListener) -> Self {
        Self {
            port,
            socket,
            accepting: Mutex::new(()),
        }
    }

    /// Accepts whatever comes and hands it over; never ends.
    pub(super) async fn serve(&self, hand_over: impl Fn(TcpStream, SocketAddr)) {
        let port = self.port;
        loop {
            match poll_fn(|task| self.poll_accept(task, &hand_over)).await {
                Ok(()) => {}
                Err(error) if is_about_the_peer(&error) => {}
                Err(error) => {
                    tracing::warn!(port, %error, "passive port {port} cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Accepts what the system holds ready, without waiting for the task that serves the port. Does
    /// nothing outside a runtime, where nobody could be given a connection.
    pub(super) fn look(&self, hand_over: impl Fn(TcpStream, SocketAddr)) {
        if Handle::try_current().is_err() {
            return;
        }
        let _one_at_a_time = self
            .accepting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for _ in 0..AT_ONCE {
            let Ok((socket, from)) = self.accept_ready() else {
                return;
            };
            hand_over(socket, from);
        }
    }

    fn poll_accept(
        &self,
        task: &mut Context<'_>,
        hand_over: &impl Fn(TcpStream, SocketAddr),
    ) -> Poll<io::Result<()>> {
        let _one_at_a_time = self
            .accepting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (socket, from) = ready!(self.socket.poll_accept(task))?;
        hand_over(socket, from);
        Poll::Ready(Ok(()))
    }

    fn accept_ready(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (socket, from) = acceptfrom_with(&self.socket, flags)?;
        let from = from.and_then(|from| SocketAddr::try_from(from).ok());
        let from = from.ok_or(io::ErrorKind::NotConnected)?;
        Ok((TcpStream::from_std(socket.into())?, from))
    }
}

/// Whether the failure concerns one connection that is gone already, not the listener.
fn is_about_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
