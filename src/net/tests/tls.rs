//! What a data connection proves, and what it does not.

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::client::TlsStream;

use super::support::{Client, certificate};
use crate::net::{DataStream, HandshakeError, SessionTls};

/// Sends a byte, so that the client reads the tickets that stand before it.
async fn exchange<S>(client: &mut TlsStream<S>, server: &mut DataStream)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    server.write_all(b"!").await.unwrap();
    server.flush().await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'!');
}

/// Opens a control connection on `session`; returns whether it was resumed.
async fn control(client: &Client, session: &SessionTls) -> bool {
    let (mut theirs, mut ours) = client.connect(session.control()).await;
    exchange(&mut theirs, &mut ours).await;
    ours.tls().unwrap().is_resumed
}

async fn download(client: &Client, session: &SessionTls) -> bool {
    let (mut theirs, mut ours) = client.connect(session.download()).await;
    exchange(&mut theirs, &mut ours).await;
    ours.tls().unwrap().is_resumed
}

async fn resumes_in_its_own_session_only(version: &'static SupportedProtocolVersion) {
    let (store, _dir) = certificate();
    let client = Client::new(&store, version);
    let (session, other) = (SessionTls::new(&store), SessionTls::new(&store));

    assert!(!control(&client, &session).await);
    for _ in 0..6 {
        assert!(download(&client, &session).await);
    }

    assert!(!download(&client, &other).await);
}

#[tokio::test]
async fn a_data_connection_resumes_its_own_session_and_no_other_tls_1_2() {
    resumes_in_its_own_session_only(&TLS12).await;
}

#[tokio::test]
async fn a_data_connection_resumes_its_own_session_and_no_other_tls_1_3() {
    resumes_in_its_own_session_only(&TLS13).await;
}

/// TLS-23, TLS-24.
#[tokio::test]
async fn an_upload_sends_no_tickets() {
    let (store, _dir) = certificate();
    let session = SessionTls::new(&store);

    for (config, expected) in [
        (session.control(), 4),
        (session.download(), 1),
        (session.upload(), 0),
    ] {
        let client = Client::new(&store, &TLS13);
        let (mut theirs, mut ours) = client.connect(config).await;
        exchange(&mut theirs, &mut ours).await;
        assert_eq!(client.tickets(), expected);
    }
}

#[tokio::test]
async fn the_control_connections_session_is_never_pushed_out_while_it_is_used() {
    let (store, _dir) = certificate();
    let session = SessionTls::new(&store);
    let faithful = Client::new(&store, &TLS12);
    assert!(!control(&faithful, &session).await);

    for _ in 0..40 {
        let newcomer = Client::new(&store, &TLS13);
        assert!(!download(&newcomer, &session).await);
        assert!(download(&faithful, &session).await);
    }
}

#[tokio::test]
async fn only_ftp_or_nothing_may_be_asked_for() {
    let (store, _dir) = certificate();
    let session = SessionTls::new(&store);

    for (asked, welcome) in [
        (&[][..], true),
        (&["ftp"][..], true),
        (&["x-filezilla-ftp", "ftp"][..], true),
        (&["http/1.1"][..], false),
        (&["h2", "http/1.1"][..], false),
    ] {
        let mut client = Client::new(&store, &TLS13);
        client.config.alpn_protocols = asked.iter().map(|name| name.as_bytes().to_vec()).collect();
        let (_theirs, ours) = client.try_connect(session.control()).await;
        assert_eq!(ours.is_ok(), welcome, "{asked:?}");
        assert!(welcome || matches!(ours, Err(HandshakeError::Failed(_))));
    }
}

#[tokio::test]
async fn what_was_agreed_can_be_told() {
    let (store, _dir) = certificate();
    let session = SessionTls::new(&store);

    for (version, name) in [(&TLS12, "TLS 1.2"), (&TLS13, "TLS 1.3")] {
        let client = Client::new(&store, version);
        let (_theirs, ours) = client.connect(session.download()).await;
        let facts = ours.tls().unwrap();
        assert_eq!(facts.version, name);
        assert!(facts.cipher.starts_with("TLS"), "{}", facts.cipher);
    }
}
