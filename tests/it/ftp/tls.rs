//! TLS on control and data connections.

use std::io;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::ftp_client::{
    FtpClient, Pipe, accept_any, accept_any_tls12, accept_any_without_resumption,
};
use crate::support::server::{PASSWORD, TestServer, eventually, rounds};

/// TLS-01, TLS-02, TLS-04.
#[tokio::test]
async fn every_name_of_tls_leads_to_a_handshake() {
    let server = TestServer::start().await;

    for name in ["TLS", "SSL", "TLS-C", "TLS-P"] {
        let mut ftp = server.connect().await;
        ftp.play(&format!("C: AUTH {name}\nS: 234 AUTH TLS OK."))
            .await;
        ftp.handshake().await.unwrap();
        ftp.expect("NOOP", 200).await;
        ftp.expect("AUTH TLS", 503).await;
    }
}

/// TLS-03, TLS-10.
#[tokio::test]
async fn what_is_no_tls_is_refused() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    for (line, code) in [
        ("AUTH KERBEROS", 504),
        ("AUTH", 501),
        ("PBSZ 0", 503),
        ("PROT P", 503),
    ] {
        ftp.expect(line, code).await;
    }
}

/// TLS-05, S-01.
#[tokio::test]
async fn what_stands_behind_auth_ends_the_session() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    ftp.send("AUTH TLS\r\nNOOP\r\n").await;

    ftp.expect_end().await;
}

/// TLS-06, TLS-07, S-02.
#[tokio::test]
async fn nothing_said_before_the_handshake_counts_after_it() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut half = server.connect().await;
    half.expect("USER alice", 331).await;
    half.secure().await;
    half.expect(&format!("PASS {PASSWORD}"), 503).await;

    let mut ftp = server.login("alice").await;
    ftp.expect("MKD d", 257).await;
    ftp.expect("CWD d", 250).await;
    ftp.secure().await;
    ftp.expect("PWD", 530).await;
}

/// TLS-16.
#[tokio::test]
async fn nobody_is_led_back_into_the_clear() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut plain = server.login("alice").await;
    plain.expect("CCC", 533).await;
    let mut ftp = server.login_tls("alice").await;

    ftp.expect("CCC", 534).await;

    ftp.expect("NOOP", 200).await;
}

/// TLS-11, TLS-12, TLS-13.
#[tokio::test]
async fn protection_levels_have_an_order() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;
    ftp.secure().await;

    for (line, code) in [
        ("PROT P", 503),
        ("PBSZ x", 501),
        ("PBSZ 4294967296", 501),
        ("PBSZ 0", 200),
        ("PROT S", 536),
        ("PROT E", 536),
        ("PROT X", 504),
        ("PROT C", 200),
        ("PROT P", 200),
        ("NOOP", 200),
    ] {
        ftp.expect(line, code).await;
    }
}

/// TLS-14, TLS-15.
#[tokio::test]
async fn where_tls_is_required_data_is_not_moved_in_the_clear() {
    let server = TestServer::start().await;
    server.account("alice").await;
    server.set(&[("tls_policy", "required")]).await;
    let mut ftp = server.connect().await;
    ftp.secure().await;
    ftp.log_in("alice", PASSWORD).await;

    ftp.expect("EPSV", 229).await;
    ftp.expect("LIST", 521).await;
    ftp.expect("PBSZ 0", 200).await;
    ftp.expect("PROT C", 534).await;

    assert_eq!(server.app().passive_ports.counters().reserved, 0);
}

/// TLS-17, TLS-19, TLS-20.
#[tokio::test]
async fn clients_may_shake_hands_before_or_after_150() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.connect().await;
    ftp.secure().await;
    ftp.log_in("alice", PASSWORD).await;
    ftp.expect("PBSZ 0", 200).await;
    let port = ftp.epsv().await;
    ftp.expect("PROT P", 200).await;
    ftp.private = true;

    ftp.send("RETR f.txt\r\n").await;
    let mut pipe = ftp.encrypt(ftp.dial_data(port).await).await.unwrap();
    ftp.expect_reply(150).await;
    assert_eq!(pipe.read_all().await.unwrap(), b"hello");
    pipe.finish().await;
    ftp.expect_reply(226).await;
    assert_eq!(ftp.download("RETR f.txt").await, b"hello");
}

/// TLS-21.
#[tokio::test]
async fn a_client_that_shakes_hands_for_a_missing_file_does_not_hang() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login_tls("alice").await;
    let stream = ftp.open_data().await;

    ftp.send("RETR missing\r\n").await;
    let handshake = ftp.encrypt(stream).await;

    assert!(handshake.is_err());
    ftp.expect_reply(550).await;
}

/// TLS-22, TLS-23.
#[tokio::test]
async fn an_upload_by_a_client_that_never_reads_arrives_whole() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let bytes = vec![7; 1 << 20];
    let mut ftp = server.login_tls("alice").await;

    for round in 0..rounds(20, 5) {
        let stream = ftp.open_data().await;
        ftp.expect(&format!("STOR f{round}"), 150).await;
        let mut pipe = ftp.dress(stream).await;
        pipe.write_all(&bytes).await.unwrap();
        pipe.shutdown().await.unwrap();
        drop(pipe);
        ftp.expect_reply(226).await;
        assert_eq!(
            server.read(&alice, &format!("f{round}")).as_ref(),
            Some(&bytes)
        );
    }
}

/// TLS-25, TLS-28.
#[tokio::test]
async fn data_connections_resume_and_need_not() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");

    for (config, resumes) in [
        (accept_any(&[]), true),
        (accept_any_tls12(), true),
        (accept_any_without_resumption(), false),
    ] {
        let mut ftp = FtpClient::connect(server.ftp()).await.with_tls(config);
        ftp.secure().await;
        ftp.log_in("alice", PASSWORD).await;
        ftp.protect().await;
        for _ in 0..3 {
            let stream = ftp.open_data().await;
            ftp.expect("RETR f.txt", 150).await;
            let mut pipe = ftp.dress(stream).await;
            assert_eq!(pipe.is_resumed(), resumes);
            assert_eq!(pipe.read_all().await.unwrap(), b"hello");
            pipe.finish().await;
            ftp.expect_reply(226).await;
        }
    }
}

/// TLS-30, S-04.
#[tokio::test]
async fn an_upload_cut_off_without_close_notify_replaces_nothing() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login_tls("alice").await;
    let stream = ftp.open_data().await;
    ftp.expect("STOR f.txt", 150).await;
    let mut pipe = ftp.dress(stream).await;
    pipe.write_all(&vec![7; 1 << 20]).await.unwrap();
    pipe.flush().await.unwrap();

    pipe.truncate().await;

    ftp.play("S: 426 TLS connection truncated.").await;
    assert_eq!(server.read(&alice, "f.txt").as_deref(), Some(&b"hello"[..]));
    assert_eq!(server.names(&alice, ""), ["f.txt"]);
}

/// TLS-32.
#[tokio::test]
async fn an_upload_of_exactly_the_announced_size_needs_no_close_notify() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login_tls("alice").await;
    ftp.expect("ALLO 5", 200).await;
    let stream = ftp.open_data().await;
    ftp.expect("STOR f", 150).await;
    let mut pipe = ftp.dress(stream).await;
    pipe.write_all(b"12345").await.unwrap();
    pipe.flush().await.unwrap();

    pipe.truncate().await;

    ftp.expect_reply(226).await;
    assert_eq!(server.read(&alice, "f").as_deref(), Some(&b"12345"[..]));
}

/// An encrypted session, and a data connection of its that has arrived at the server.
async fn with_data_connection(server: &TestServer) -> (FtpClient, TcpStream) {
    server.account("alice").await;
    let mut ftp = server.login_tls("alice").await;
    let stream = ftp.open_data().await;
    eventually("the connection arrives", || {
        server.app().passive_ports.counters().connected_total == 1
    })
    .await;
    (ftp, stream)
}

/// INT-07: basic-ftp believes in a handshake that has not ended when it hears 150.
#[tokio::test]
async fn a_client_that_begins_with_tls_before_150_has_shaken_hands_when_it_hears_it() {
    let server = TestServer::start().await;
    let (mut ftp, stream) = with_data_connection(&server).await;
    let mut handshake = Box::pin(ftp.encrypt(stream));
    assert!(handshake.as_mut().now_or_never().is_none());
    let handshake = tokio::spawn(handshake);

    ftp.expect("STOR empty", 150).await;

    assert!(handshake.is_finished());
    handshake.await.unwrap().unwrap().finish().await;
    ftp.expect_reply(226).await;
}

/// The other way round would be waiting for each other.
#[tokio::test]
async fn a_client_that_goes_on_with_tls_after_150_only_hears_it_all_the_same() {
    let server = TestServer::start().await;
    let (mut ftp, stream) = with_data_connection(&server).await;
    let mut handshake = Box::pin(ftp.encrypt(stream));
    assert!(handshake.as_mut().now_or_never().is_none());

    ftp.expect("STOR f", 150).await;

    let mut pipe = handshake.await.unwrap();
    pipe.write_all(b"hello").await.unwrap();
    pipe.finish().await;
    ftp.expect_reply(226).await;
}

/// INT-10: Perl's `Net::FTP` would die of a connection that ends in the ordinary way.
#[tokio::test]
async fn an_encrypted_transfer_that_is_refused_resets_its_data_connection() {
    let server = TestServer::start().await;
    let (mut ftp, mut stream) = with_data_connection(&server).await;

    ftp.expect("RETR missing", 550).await;

    let read = stream.read_u8().await;
    assert_eq!(read.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

/// TLS-33.
#[tokio::test]
async fn close_notify_is_answered_at_once() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login_tls("alice").await;
    let stream = ftp.open_data().await;
    ftp.expect("STOR f", 150).await;
    let mut pipe = ftp.dress(stream).await;
    pipe.write_all(b"12345").await.unwrap();
    pipe.shutdown().await.unwrap();

    let mut rest = Vec::new();
    let answered = tokio::time::timeout(Duration::from_secs(2), pipe.read_to_end(&mut rest))
        .await
        .unwrap();

    assert_eq!(answered.unwrap(), 0);
    ftp.expect_reply(226).await;
}

/// TLS-34.
#[tokio::test]
async fn an_aborted_download_does_not_look_complete() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "big", &vec![7; 32 << 20]);
    let mut ftp = server.login_tls("alice").await;
    let stream = ftp.open_data().await;
    ftp.expect("RETR big", 150).await;
    let mut pipe = ftp.dress(stream).await;
    let mut first = [0; 1_000];
    pipe.read_exact(&mut first).await.unwrap();

    ftp.expect("ABOR", 426).await;
    ftp.expect_reply(226).await;

    assert!(pipe.read_all().await.is_err(), "the end must not be proper");
}

/// TLS-35, TLS-36.
#[tokio::test]
async fn a_data_connection_that_does_not_speak_tls_hears_522() {
    let server = TestServer::start().await;
    server.set(&[("tls_handshake_timeout", "2")]).await;
    server.account("alice").await;
    let mut ftp = server.login_tls("alice").await;

    let mut stream = ftp.open_data().await;
    ftp.expect("STOR f", 150).await;
    stream.write_all(b"plain text, no handshake").await.unwrap();
    ftp.expect_reply(522).await;

    let _silent = ftp.open_data().await;
    ftp.expect("STOR f", 150).await;
    ftp.expect_reply(522).await;
    ftp.expect("NOOP", 200).await;
}

/// TLS-37.
#[tokio::test]
async fn implicit_tls_greets_inside_and_protects_data_without_being_asked() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = FtpClient::connect_silently(server.ftps(), [127, 0, 0, 1].into()).await;
    ftp.handshake().await.unwrap();
    ftp.expect_reply(220).await;
    ftp.log_in("alice", PASSWORD).await;

    ftp.private = true;

    assert_eq!(ftp.download("RETR f.txt").await, b"hello");
}

/// TLS-38.
#[tokio::test]
async fn only_ftp_is_spoken_inside() {
    let server = TestServer::start().await;

    for (protocols, works) in [
        (&["ftp"][..], true),
        (&[][..], true),
        (&["http/1.1"][..], false),
    ] {
        let mut ftp = FtpClient::connect(server.ftp())
            .await
            .with_tls(accept_any(protocols));
        ftp.expect("AUTH TLS", 234).await;
        assert_eq!(ftp.handshake().await.is_ok(), works, "{protocols:?}");
    }
}

/// TLS-43.
#[tokio::test]
async fn in_active_mode_the_client_still_plays_the_tls_client() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login_tls("alice").await;
    let listener = ftp.listen_active().await;

    ftp.send("RETR f.txt\r\n").await;
    let (stream, _) = listener.accept().await.unwrap();
    ftp.expect_reply(150).await;
    let mut pipe = ftp.dress(stream).await;

    assert_eq!(pipe.read_all().await.unwrap(), b"hello");
    pipe.finish().await;
    ftp.expect_reply(226).await;
}

/// TLS-44.
#[tokio::test]
async fn where_tls_is_off_it_is_not_offered() {
    let server = TestServer::start().await;
    server.set(&[("tls_policy", "off")]).await;
    let mut ftp = server.connect().await;

    let features = ftp.expect("FEAT", 211).await;

    assert!(!features.lines.iter().any(|line| line.contains("AUTH")));
    ftp.expect("AUTH TLS", 502).await;
}

/// The data connection of a session that was not encrypted is not either.
#[tokio::test]
async fn a_plain_session_moves_plain_files() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;
    let stream = ftp.open_data().await;
    ftp.expect("RETR f.txt", 150).await;

    assert_eq!(Pipe::Plain(stream).read_all().await.unwrap(), b"hello");
    ftp.expect_reply(226).await;
}

/// TLS-26, TLS-27, S-05.
#[tokio::test]
async fn where_resumption_is_required_a_full_handshake_hears_522_and_stores_nothing() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.set(&[("tls_resumption_required", "true")]).await;
    let mut ftp = server.login_tls("alice").await;
    let other = server.login_tls("alice").await;

    assert_eq!(ftp.upload("STOR own", b"resumed").await.code, 226);
    let stream = ftp.open_data().await;
    ftp.expect("STOR stolen", 150).await;
    let _cut_off = other.encrypt(stream).await;

    ftp.play("S: 522 Data connection must resume the control TLS session.")
        .await;
    assert_eq!(server.names(&alice, ""), ["own"]);
}

/// TLS-29, TLS-41.
#[tokio::test]
async fn a_session_resumes_after_the_certificate_was_read_again() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    server.set(&[("tls_resumption_required", "true")]).await;
    let mut ftp = server.login_tls("alice").await;
    assert_eq!(ftp.download("RETR f.txt").await, b"hello");

    server.app().certificates.reload().await.unwrap();

    assert_eq!(ftp.download("RETR f.txt").await, b"hello");
}
