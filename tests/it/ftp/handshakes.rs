//! TLS handshakes: when they come, what they carry, and what is refused.

use tokio::io::AsyncReadExt;

use crate::support::ftp_client::{FtpClient, Pipe, accept_any_without_resumption};
use crate::support::process::Installation;
use crate::support::server::{PASSWORD, TestServer, eventually};

/// TLS-18: as Cyberduck and lftp do.
#[tokio::test]
async fn a_client_may_wait_for_150_before_its_handshake() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login_tls("alice").await;
    let data = ftp.open_data().await;

    ftp.expect("RETR f.txt", 150).await;
    let mut data = ftp.encrypt(data).await.unwrap();

    // Ends without an error only after close_notify.
    assert_eq!(data.read_all().await.unwrap(), b"hello");
    data.finish().await;
    ftp.expect_reply(226).await;
}

/// TLS-39, SEC-T12: a `ClientHello` that knows nothing newer than TLS 1.1.
#[tokio::test]
async fn tls_1_1_is_refused() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;
    ftp.expect("AUTH TLS", 234).await;
    let mut body = vec![3, 2];
    body.extend([7; 32]);
    // No session, one cipher suite (TLS_RSA_WITH_AES_128_CBC_SHA), no compression.
    body.extend([0, 0, 2, 0, 0x2f, 1, 0]);
    let mut hello = vec![0x16, 3, 1, 0, u8::try_from(body.len() + 4).unwrap()];
    hello.extend([1, 0, 0, u8::try_from(body.len()).unwrap()]);
    hello.extend(body);

    ftp.send(&hello).await;

    let mut answer = Vec::new();
    ftp.read_rest(&mut answer).await;
    // An alert, "protocol version" or "handshake failure", and the end.
    assert_eq!(answer.first(), Some(&0x15), "{answer:?}");
    assert!(matches!(answer.get(6), Some(40 | 70)), "{answer:?}");
}

/// SEC-T12: every way back into the clear.
#[tokio::test]
async fn no_verb_leads_back_into_the_clear() {
    let server = TestServer::start().await;
    server.set(&[("tls_policy", "required")]).await;
    server.account("alice").await;
    let mut ftp = server.connect().await;
    ftp.secure().await;
    ftp.log_in("alice", PASSWORD).await;
    ftp.protect().await;

    for (line, code) in [("CCC", 534), ("REIN", 502), ("PROT C", 534), ("NOOP", 200)] {
        ftp.expect(line, code).await;
    }
    assert!(ftp.download("LIST").await.is_empty());
}

/// SEC-T13.
#[tokio::test]
async fn where_tls_is_required_a_stranger_may_look_and_leave() {
    let server = TestServer::start().await;
    server.set(&[("tls_policy", "required")]).await;
    server.account("alice").await;
    let mut ftp = server.connect().await;

    for (line, code) in [
        ("FEAT", 211),
        ("HELP", 214),
        ("NOOP", 200),
        ("SYST", 215),
        ("USER alice", 530),
        ("USER nobody", 530),
        ("PASS x", 530),
        ("QUIT", 221),
    ] {
        ftp.expect(line, code).await;
    }
    ftp.expect_end().await;
}

/// SEC-T23.
#[tokio::test]
async fn handshakes_that_never_end_are_dropped() {
    let server = TestServer::start().await;
    server.set(&[("tls_handshake_timeout", "2")]).await;
    let mut waiting = Vec::new();
    for number in 0..60 {
        if number % 2 == 0 {
            let mut ftp = server.connect().await;
            ftp.expect("AUTH TLS", 234).await;
            ftp.send(b"\x16\x03\x01").await;
            waiting.push(ftp);
        } else {
            let address = [127, 0, 0, 1].into();
            waiting.push(FtpClient::connect_silently(server.ftps(), address).await);
        }
    }

    eventually("all of them are gone", || {
        server.app().sessions.count() == 0
    })
    .await;

    let mut byte = [0];
    for mut ftp in waiting {
        assert!(!matches!(ftp.pipe().read(&mut byte).await, Ok(1)));
    }
    let mut ftp = server.connect().await;
    ftp.secure().await;
}

/// TLS-24: what a client has to begin with.
#[tokio::test]
async fn a_control_connection_brings_enough_tickets_for_a_few_uploads() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login_tls("alice").await;

    let mut resumed = 0;
    for _ in 0..4 {
        let data = ftp.open_data().await;
        ftp.expect("STOR f", 150).await;
        let data = ftp.dress(data).await;
        resumed += u32::from(matches!(&data, Pipe::Tls(_)) && data.is_resumed());
        data.finish().await;
        ftp.expect_reply(226).await;
    }

    assert_eq!(resumed, 4);
}

/// TLS-28: it is served, and whoever looks for strangers finds it in the log.
#[tokio::test]
async fn a_data_connection_that_proves_nothing_is_noted() {
    let mut place = Installation::new(5).with_environment(&[("QUAYMASTER_LOG_LEVEL", "debug")]);
    place.account("alice", &[]).await;
    let address = place.start().await;
    let noted = |place: &Installation| place.told().matches("resumed no TLS session").count();

    for resumes in [true, false] {
        let mut ftp = FtpClient::connect(address).await;
        if !resumes {
            ftp = ftp.with_tls(accept_any_without_resumption());
        }
        ftp.secure().await;
        ftp.log_in("alice", PASSWORD).await;
        ftp.protect().await;
        assert_eq!(ftp.upload("STOR f", b"hello").await.code, 226);
        ftp.expect("QUIT", 221).await;
    }
    place.stop().await;

    assert_eq!(noted(&place), 1, "{}", place.told());
}
