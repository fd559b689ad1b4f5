//! Active mode towards clients that do not answer, and the port it comes from.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;

use crate::support::ftp_client::{FtpClient, PATIENCE, Pipe};
use crate::support::server::TestServer;

/// A port at which every further connection is left without an answer: its queue is full.
struct BlackHole {
    socket: Socket,
    _waiting: Vec<TcpStream>,
}

impl BlackHole {
    async fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(&any.into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let mut waiting = Vec::new();
        let moment = Duration::from_millis(300);
        while let Ok(stream) = tokio::time::timeout(moment, TcpStream::connect(address)).await {
            waiting.push(stream.unwrap());
        }
        Self {
            socket,
            _waiting: waiting,
        }
    }

    async fn name(&self, ftp: &mut FtpClient) {
        let address = self.socket.local_addr().unwrap().as_socket().unwrap();
        let port = address.port();
        ftp.expect(&format!("EPRT |1|127.0.0.1|{port}|"), 200).await;
    }
}

/// DAT-24.
#[tokio::test]
async fn a_client_that_does_not_answer_is_given_up() {
    let server = TestServer::start().await;
    server.set(&[("connect_timeout", "1")]).await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let hole = BlackHole::new().await;
    hole.name(&mut ftp).await;
    let since = Instant::now();

    ftp.play("C: LIST\nS: 425 Cannot connect to your data port.")
        .await;

    let waited = since.elapsed().as_secs_f64();
    assert!((0.9..2.5).contains(&waited), "{waited}");
    ftp.expect("NOOP", 200).await;
}

/// ABO-19.
#[tokio::test]
async fn connecting_to_the_client_is_aborted_at_once() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let hole = BlackHole::new().await;
    hole.name(&mut ftp).await;
    let since = Instant::now();

    ftp.play(
        "
        C: LIST
        C: ABOR
        S: 426 Transfer aborted.
        S: 226 ABOR successful.
        C: NOOP
        S: 200 …
    ",
    )
    .await;

    assert!(since.elapsed() < Duration::from_secs(2));
}

/// DAT-27.
#[tokio::test]
async fn an_active_connection_comes_from_port_20_where_the_system_permits_it() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    for (wanted, is_20) in [("true", may_bind_20()), ("false", false)] {
        server.set(&[("active_source_port_20", wanted)]).await;
        let listener = ftp.listen_active().await;
        ftp.send("LIST\r\n").await;
        let arrived = tokio::time::timeout(PATIENCE, listener.accept()).await;
        let (stream, from) = arrived.unwrap().unwrap();
        ftp.expect_reply(150).await;
        Pipe::Plain(stream).read_all().await.unwrap();
        ftp.expect_reply(226).await;
        assert_eq!(from.port() == 20, is_20, "{from}");
    }
}

fn may_bind_20() -> bool {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    let address = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 20);
    socket.bind(&address.into()).is_ok()
}
