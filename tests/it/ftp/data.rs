//! Data connections: `PASV`, `EPSV`, `PORT`, `EPRT`.

use std::time::Duration;

use quaymaster::net::PortState;
use tokio::io::AsyncReadExt;

use crate::support::ftp_client::{FtpClient, PATIENCE, Pipe};
use crate::support::server::{PASSWORD, TestServer, eventually, rounds};

/// Whether the server closes this connection without a byte.
async fn is_closed(mut stream: tokio::net::TcpStream) -> bool {
    let mut byte = [0];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut byte))
        .await
        .expect("an end");
    !matches!(read, Ok(1))
}

/// DAT-01, DAT-02.
#[tokio::test]
async fn passive_replies_name_a_port_of_the_range() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let range = server.app().settings.current().passive_ports;

    let address = ftp.pasv().await;
    let port = ftp.epsv().await;

    assert_eq!(address.ip(), server.ftp().ip());
    assert!(range.contains(address.port()) && range.contains(port));
}

/// DAT-03.
#[tokio::test]
async fn over_ipv6_epsv_takes_the_place_of_pasv() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = FtpClient::connect_from(server.ftp_v6(), "::1".parse().unwrap()).await;
    ftp.log_in("alice", PASSWORD).await;

    ftp.expect("PASV", 501).await;
    ftp.play("C: EPSV 1\nS: 522 Network protocol not supported, use (2)")
        .await;
    ftp.expect("EPSV 2", 229).await;
    assert_eq!(ftp.download("RETR f.txt").await, b"hello");
    let listener = ftp.listen_active().await;
    ftp.send("RETR f.txt\r\n").await;
    let (stream, _) = listener.accept().await.unwrap();
    ftp.expect_reply(150).await;
    assert_eq!(Pipe::Plain(stream).read_all().await.unwrap(), b"hello");
    ftp.expect_reply(226).await;
}

/// DAT-04.
#[tokio::test]
async fn over_ipv4_epsv_knows_its_family() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.expect("EPSV 1", 229).await;
    ftp.play("C: EPSV 2\nS: 522 Network protocol not supported, use (1)")
        .await;
    ftp.expect("EPSV 3", 522).await;
    ftp.expect("EPSV x", 501).await;
}

/// DAT-05, DAT-06.
#[tokio::test]
async fn after_epsv_all_nothing_else_opens_a_connection() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.expect("EPSV ALL", 200).await;
    for line in ["PASV", "PORT 127,0,0,1,100,100", "EPRT |1|127.0.0.1|30000|"] {
        ftp.expect(line, 503).await;
    }
    let _data = ftp.open_data().await;
    ftp.expect("STOR x", 150).await;
    ftp.expect("ABOR", 426).await;
    ftp.expect_reply(226).await;
    ftp.expect("PASV", 503).await;
}

/// DAT-07, ABO-02.
#[tokio::test]
async fn a_port_that_was_given_back_closes_whoever_comes() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    let first = ftp.epsv().await;
    let second = ftp.epsv().await;
    if first != second {
        assert!(is_closed(ftp.dial_data(first).await).await);
    }
    ftp.play("C: ABOR\nS: 225 ABOR ok; data connection closed.")
        .await;

    assert!(is_closed(ftp.dial_data(second).await).await);
}

/// DAT-08, S-15.
#[tokio::test]
async fn a_session_holds_one_port_however_often_it_asks() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    for _ in 0..rounds(100, 10) {
        ftp.expect("PASV", 227).await;
    }

    assert_eq!(server.app().passive_ports.counters().reserved, 1);
}

/// DAT-10, DAT-11.
#[tokio::test]
async fn a_session_that_finds_no_port_waits_a_moment() {
    let server = TestServer::with_ports(2).await;
    server.set(&[("passive_wait", "1")]).await;
    for name in ["u1", "u2", "u3"] {
        server.account(name).await;
    }
    let mut first = server.login("u1").await;
    let mut second = server.login("u2").await;
    let mut third = server.login("u3").await;
    first.expect("EPSV", 229).await;
    second.expect("EPSV", 229).await;

    let since = std::time::Instant::now();
    third.expect("EPSV", 425).await;
    let waited = since.elapsed().as_secs_f64();
    assert!((0.9..2.5).contains(&waited), "{waited}");
    let mut elsewhere = server.connect_from([127, 0, 0, 9]).await;
    elsewhere.log_in("u3", PASSWORD).await;
    elsewhere.expect("EPSV", 229).await;
    third.send("EPSV\r\n").await;
    first.expect("ABOR", 225).await;

    third.expect_reply(229).await;
}

/// DAT-12.
#[tokio::test]
async fn one_port_serves_five_sessions_of_one_address_in_turn() {
    let server = TestServer::with_ports(1).await;
    let mut sessions = Vec::new();
    for number in 0..5 {
        let account = server.account(&format!("u{number}")).await;
        server.put(&account, "f.txt", number.to_string().as_bytes());
        sessions.push(server.login(&format!("u{number}")).await);
    }

    for _ in 0..20 {
        for (number, ftp) in sessions.iter_mut().enumerate() {
            assert_eq!(
                ftp.download("RETR f.txt").await,
                number.to_string().as_bytes()
            );
        }
    }
}

/// DAT-14.
#[tokio::test]
async fn a_stranger_at_the_port_is_closed_and_the_client_is_served() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;
    let port = ftp.epsv().await;
    let stranger = server.connect_from([127, 0, 0, 77]).await;

    assert!(is_closed(stranger.dial_data(port).await).await);

    let stream = ftp.dial_data(port).await;
    ftp.expect("RETR f.txt", 150).await;
    assert_eq!(Pipe::Plain(stream).read_all().await.unwrap(), b"hello");
    ftp.expect_reply(226).await;
}

/// DAT-15, STO-14.
#[tokio::test]
async fn a_client_that_never_connects_hears_425_and_goes_on() {
    let server = TestServer::start().await;
    server.set(&[("accept_timeout", "2")]).await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.expect("EPSV", 229).await;
    ftp.expect("REST 2", 350).await;
    ftp.expect("STOR f.txt", 150).await;
    ftp.expect_reply(425).await;

    assert_eq!(server.read(&alice, "f.txt").as_deref(), Some(&b"hello"[..]));
    assert_eq!(server.app().passive_ports.counters().reserved, 0);
    assert_eq!(ftp.download("RETR f.txt").await, b"hello");
}

/// DAT-16, DAT-17, DAT-18.
#[tokio::test]
async fn a_transfer_uses_up_what_was_arranged_whatever_its_outcome() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    ftp.expect("LIST", 425).await;
    assert!(!ftp.download("LIST").await.is_empty());
    ftp.expect("LIST", 425).await;

    for (line, code) in [("RETR missing", 550), ("RETR", 501)] {
        let stream = ftp.open_data().await;
        ftp.expect(line, code).await;
        assert!(is_closed(stream).await, "{line}");
        ftp.expect("RETR f.txt", 425).await;
    }
}

/// DAT-19, DAT-20, DAT-21, DAT-25, DAT-26, SEC-T08, SEC-T09.
#[tokio::test]
async fn the_server_connects_to_nobody_but_the_client_itself() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let [high, low] = server.ftp().port().to_be_bytes();

    for (line, code) in [
        ("PORT 10,0,0,1,8,0", 504),
        ("PORT 127,0,0,1,3,255", 504),
        ("PORT 127,0,0,1,0,22", 504),
        (format!("PORT 127,0,0,1,{high},{low}").as_str(), 504),
        ("PORT 1,2,3", 501),
        ("PORT 256,0,0,1,8,0", 501),
        ("PORT a", 501),
        ("EPRT |1|127.0.0.1|5000|", 200),
        ("EPRT !1!127.0.0.1!5000!", 200),
        ("EPRT |2|::1|5000|", 522),
        ("EPRT |3|x|1|", 522),
    ] {
        ftp.expect(line, code).await;
    }
}

/// SEC-T09: not to its own pages either, whatever ports they got.
#[tokio::test]
async fn no_client_is_connected_to_the_other_doors_of_the_server() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let doors = server.addresses();
    let metrics = doors.metrics.expect("metrics");

    for door in [doors.web, metrics, doors.ftp[0], doors.ftps[0]] {
        let port = door.port();
        let [high, low] = port.to_be_bytes();
        ftp.expect(&format!("PORT 127,0,0,1,{high},{low}"), 504)
            .await;
        ftp.expect(&format!("EPRT |1|127.0.0.1|{port}|"), 504).await;
        ftp.expect("LIST", 425).await;
    }
}

/// INT-02: lftp names the address that it listens on.
#[tokio::test]
async fn over_ipv6_an_active_client_need_not_name_its_address() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = FtpClient::connect_from(server.ftp_v6(), "::1".parse().unwrap()).await;
    ftp.log_in("alice", PASSWORD).await;
    let listener = tokio::net::TcpListener::bind("[::]:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();

    ftp.expect(&format!("EPRT |2|::|{port}|"), 200).await;
    ftp.send("RETR f.txt\r\n").await;
    let accepted = tokio::time::timeout(PATIENCE, listener.accept()).await;
    let (stream, from) = accepted.unwrap().unwrap();

    ftp.expect_reply(150).await;
    assert_eq!(from.ip(), server.ftp_v6().ip());
    assert_eq!(Pipe::Plain(stream).read_all().await.unwrap(), b"hello");
    ftp.expect_reply(226).await;
}

/// DAT-22.
#[tokio::test]
async fn an_active_connection_comes_before_150() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;
    let listener = ftp.listen_active().await;

    ftp.send("RETR f.txt\r\n").await;
    let (stream, _) = tokio::time::timeout(PATIENCE, listener.accept())
        .await
        .unwrap()
        .unwrap();

    ftp.expect_reply(150).await;
    assert_eq!(Pipe::Plain(stream).read_all().await.unwrap(), b"hello");
    ftp.expect_reply(226).await;
}

/// DAT-23.
#[tokio::test]
async fn an_active_connection_that_fails_is_told_without_150() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    drop(ftp.listen_active().await);

    ftp.expect("LIST", 425).await;

    ftp.expect("NOOP", 200).await;
}

/// DAT-28.
#[tokio::test]
async fn active_mode_can_be_switched_off() {
    let server = TestServer::start().await;
    server.account("alice").await;
    server.set(&[("active_mode", "false")]).await;
    let mut ftp = server.login("alice").await;

    ftp.expect("PORT 127,0,0,1,100,100", 502).await;
    ftp.expect("EPRT |1|127.0.0.1|30000|", 502).await;
}

/// DAT-34.
#[tokio::test]
async fn the_port_of_a_session_that_was_cut_off_is_free_again() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.expect("EPSV", 229).await;

    ftp.vanish();

    eventually("the port is free", || {
        server.app().passive_ports.counters().reserved == 0
    })
    .await;
}

/// DAT-35.
#[tokio::test]
async fn an_early_data_connection_waits_for_its_command() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;
    let stream = ftp.open_data().await;

    ftp.expect("PWD", 257).await;
    ftp.expect("SIZE f.txt", 213).await;
    ftp.expect("RETR f.txt", 150).await;

    assert_eq!(Pipe::Plain(stream).read_all().await.unwrap(), b"hello");
    ftp.expect_reply(226).await;
}

/// DAT-38: the range changes, a running transfer does not notice.
#[tokio::test]
async fn a_transfer_outlives_a_change_of_the_range() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let mut data = ftp.open_data().await;
    ftp.expect("STOR big", 150).await;
    tokio::io::AsyncWriteExt::write_all(&mut data, b"before ")
        .await
        .unwrap();
    let range = crate::support::server::free_range(5);
    let settings = server.app().settings.current();

    let change = quaymaster::hosting::network::NetworkChange {
        passive_ports: range,
        public_address: settings.public_address.clone(),
        address_rules: settings.address_rules.clone(),
        active_mode: settings.active_mode,
        active_source_port_20: settings.active_source_port_20,
    };
    server
        .app()
        .network
        .change(&quaymaster::model::Actor::system(), change)
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut data, b"after")
        .await
        .unwrap();
    drop(data);

    ftp.expect_reply(226).await;
    assert_eq!(
        server.read(&alice, "big").as_deref(),
        Some(&b"before after"[..])
    );
    assert!(range.contains(ftp.epsv().await));
    let listed = server.app().network.ports();
    assert!(
        listed.iter().all(|port| port.state != PortState::Draining),
        "{listed:?}"
    );
}

/// DAT-36, STO-37: stalls are told, and the session goes on.
#[tokio::test]
async fn a_stalled_transfer_hears_426_and_the_session_goes_on() {
    let server = TestServer::start().await;
    server.set(&[("stall_timeout", "10")]).await;
    let alice = server.account("alice").await;
    server.put(&alice, "big", &vec![7; 64 << 20]);
    let mut stalled = Vec::new();
    for (is_private, line) in [(false, "STOR x"), (false, "RETR big"), (true, "RETR big")] {
        let mut ftp = if is_private {
            server.login_tls("alice").await
        } else {
            server.login("alice").await
        };
        let data = ftp.open_data().await;
        ftp.expect(line, 150).await;
        let data = ftp.dress(data).await;
        stalled.push((ftp, data));
    }

    for (mut ftp, _data) in stalled {
        let reply = tokio::time::timeout(Duration::from_secs(15), ftp.reply());
        let reply = reply.await.unwrap();
        assert_eq!(reply.lines, ["426 Data connection stalled."]);
        ftp.expect("NOOP", 200).await;
    }
}

/// DAT-29, DAT-30.
#[tokio::test]
async fn pasv_names_the_address_that_the_rules_say() {
    let server = TestServer::start().await;
    server.account("alice").await;
    server
        .set(&[("address_rules", "127.0.0.9/32=203.0.113.7")])
        .await;
    let mut near = server.login("alice").await;
    let mut far = server.connect_from([127, 0, 0, 9]).await;
    far.log_in("alice", PASSWORD).await;

    assert_eq!(near.pasv().await.ip(), server.ftp().ip());
    assert_eq!(far.pasv().await.ip().to_string(), "203.0.113.7");
}

/// The peer check can be relaxed for clients behind a pool of addresses.
#[tokio::test]
async fn without_the_peer_check_a_data_connection_may_come_from_elsewhere() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    server.set(&[("peer_check", "off")]).await;
    let mut ftp = server.login("alice").await;
    let elsewhere = server.connect_from([127, 0, 0, 77]).await;

    let port = ftp.epsv().await;
    let stream = elsewhere.dial_data(port).await;
    ftp.expect("RETR f.txt", 150).await;

    assert_eq!(Pipe::Plain(stream).read_all().await.unwrap(), b"hello");
    ftp.expect_reply(226).await;
}
