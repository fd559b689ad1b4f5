//! How control and data connections begin and end.

use std::io;
use std::time::Duration;

use rustls::version::TLS13;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{Client, SOON, certificate, sockets};
use crate::net::{ControlStream, DataStream, HandshakeError, SessionTls};

#[tokio::test]
async fn a_finished_download_ends_cleanly() {
    let (store, _dir) = certificate();
    let client = Client::new(&store, &TLS13);
    let (mut theirs, mut ours) = client.connect(SessionTls::new(&store).download()).await;

    ours.write_all(b"whole").await.unwrap();
    ours.finish(SOON).await.unwrap();

    let mut received = Vec::new();
    theirs.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"whole");
}

#[tokio::test]
async fn an_aborted_download_cannot_be_taken_for_the_whole_file() {
    let (store, _dir) = certificate();
    let client = Client::new(&store, &TLS13);
    let (mut theirs, mut ours) = client.connect(SessionTls::new(&store).download()).await;
    let (mut plain, socket) = sockets().await;

    ours.write_all(b"half").await.unwrap();
    ours.flush().await.unwrap();
    ours.abort();
    DataStream::active(socket).unwrap().abort();

    let mut received = Vec::new();
    assert!(theirs.read_to_end(&mut received).await.is_err());
    let reset = plain.read_to_end(&mut received).await.unwrap_err();
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn an_upload_without_close_notify_is_seen_as_truncated() {
    let (store, _dir) = certificate();
    let client = Client::new(&store, &TLS13);
    let (mut theirs, mut ours) = client.connect(SessionTls::new(&store).upload()).await;

    theirs.write_all(b"half").await.unwrap();
    theirs.flush().await.unwrap();
    drop(theirs);

    let mut received = Vec::new();
    let error = ours.read_to_end(&mut received).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(received, b"half");
}

#[tokio::test]
async fn an_upload_with_close_notify_is_whole() {
    let (store, _dir) = certificate();
    let client = Client::new(&store, &TLS13);
    let (mut theirs, mut ours) = client.connect(SessionTls::new(&store).upload()).await;

    theirs.write_all(b"whole").await.unwrap();
    theirs.shutdown().await.unwrap();

    let mut received = Vec::new();
    ours.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"whole");
    ours.finish(SOON).await.unwrap();
    assert_eq!(theirs.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_given_up() {
    let (store, _dir) = certificate();
    let session = SessionTls::new(&store);
    let (silent, ours) = sockets().await;

    let ours = DataStream::active(ours).unwrap();
    let late = ours.start_tls(session.download(), Duration::ZERO).await;

    assert!(matches!(late, Err(HandshakeError::TimedOut)));
    drop(silent);
}

#[tokio::test]
async fn plain_bytes_instead_of_a_handshake_fail_it() {
    let (store, _dir) = certificate();
    let (mut rude, ours) = sockets().await;
    rude.write_all(b"plain text and no handshake")
        .await
        .unwrap();

    let ours = DataStream::active(ours).unwrap();
    let refused = ours.start_tls(SessionTls::new(&store).upload(), SOON).await;

    assert!(matches!(refused, Err(HandshakeError::Failed(_))));
}

#[tokio::test]
async fn a_control_connection_becomes_encrypted_once() {
    let (store, _dir) = certificate();
    let session = SessionTls::new(&store);
    let client = Client::new(&store, &TLS13);
    let (theirs, ours) = sockets().await;
    let plain = ControlStream::new(ours).unwrap();
    let peer = plain.peer();
    assert!(!plain.is_tls() && plain.tls().is_none());

    let (theirs, encrypted) = tokio::join!(
        client.shake_hands(theirs),
        plain.start_tls(session.control(), SOON)
    );

    let encrypted = encrypted.unwrap();
    assert!(theirs.is_ok() && encrypted.is_tls());
    assert_eq!(encrypted.peer(), peer);
    let twice = encrypted.start_tls(session.control(), SOON).await;
    assert!(matches!(twice, Err(HandshakeError::Encrypted)));
}

#[tokio::test]
async fn the_last_reply_arrives_though_the_client_is_still_talking() {
    let (mut theirs, ours) = sockets().await;
    theirs.write_all(b"NOOP\r\nNOOP\r\n").await.unwrap();
    let mut ours = ControlStream::new(ours).unwrap();

    ours.write_all(b"221 Bye.\r\n").await.unwrap();
    let client = async {
        let mut heard = String::new();
        theirs.read_to_string(&mut heard).await.unwrap();
        drop(theirs);
        heard
    };
    let (heard, ()) = tokio::join!(client, ours.close());

    assert_eq!(heard, "221 Bye.\r\n");
}

#[tokio::test]
async fn urgent_bytes_are_read_in_their_place() {
    let (mut theirs, ours) = sockets().await;
    let mut ours = ControlStream::new(ours).unwrap();

    theirs.write_all(b"AB").await.unwrap();
    SockRef::from(&theirs).send_out_of_band(b"O").unwrap();
    theirs.write_all(b"R\r\n").await.unwrap();

    let mut line = [0; 6];
    ours.read_exact(&mut line[..5]).await.unwrap();
    assert_eq!(&line[..5], b"ABOR\r");
}
