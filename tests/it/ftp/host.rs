//! `HOST`: one service under each of the names that it is known by.

use crate::support::server::TestServer;

async fn known() -> TestServer {
    let server = TestServer::start().await;
    server.set(&[("host_name", "ftp.a.test")]).await;
    server.account("alice").await;
    server
}

/// AUT-25, AUT-28: there is one space of names.
#[tokio::test]
async fn the_service_is_known_by_its_names_and_addresses() {
    let server = known().await;
    let mut ftp = server.connect().await;

    for (line, code) in [
        ("HOST ftp.a.test", 220),
        ("HOST FTP.A.TEST.", 220),
        ("HOST localhost", 220),
        ("HOST 127.0.0.1", 220),
        ("HOST unknown.test", 504),
        ("HOST 127.0.0.2", 504),
        ("HOST [::1]", 504),
        ("HOST ftp.a.test", 220),
    ] {
        ftp.expect(line, code).await;
    }
    ftp.log_in("alice", crate::support::server::PASSWORD).await;
}

/// AUT-26.
#[tokio::test]
async fn a_host_is_chosen_before_the_user() {
    let server = known().await;
    let mut ftp = server.login("alice").await;
    let mut named = server.connect().await;

    ftp.expect("HOST ftp.a.test", 503).await;
    named.expect("USER alice", 331).await;
    named.expect("HOST ftp.a.test", 503).await;

    ftp.expect("REIN", 220).await;
    ftp.expect("HOST ftp.a.test", 220).await;
}

/// AUT-27.
#[tokio::test]
async fn a_host_has_no_port() {
    let server = known().await;
    let mut ftp = server.connect().await;

    for line in ["HOST ftp.a.test:21", "HOST [::1", "HOST", "HOST a b"] {
        ftp.expect(line, 501).await;
    }
}

/// AUT-29: the choice under TLS is the same one.
#[tokio::test]
async fn under_tls_another_host_is_as_unknown_as_in_the_clear() {
    let server = known().await;
    let mut ftp = server.connect().await;
    ftp.expect("AUTH TLS", 234).await;
    ftp.handshake_for("ftp.a.test").await.unwrap();

    ftp.expect("HOST b.test", 504).await;
    ftp.expect("HOST ftp.a.test", 220).await;
    ftp.log_in("alice", crate::support::server::PASSWORD).await;
}

/// AUT-32, TLS-40: there is one certificate. A client that names no host, or one that nobody knows,
/// is shown it; a client that contradicts itself is shown out.
#[tokio::test]
async fn the_host_survives_auth_and_may_not_be_contradicted() {
    let server = known().await;
    let shown = server.app().certificates.current();

    for (host, name) in [
        (None, "b.test"),
        (None, "127.0.0.1"),
        (Some("ftp.a.test"), "127.0.0.1"),
        (Some("ftp.a.test"), "ftp.a.test"),
        (Some("ftp.a.test"), "localhost"),
    ] {
        let mut ftp = server.connect().await;
        if let Some(host) = host {
            ftp.expect(&format!("HOST {host}"), 220).await;
        }
        ftp.expect("AUTH TLS", 234).await;
        ftp.handshake_for(name).await.unwrap();
        assert_eq!(ftp.certificate(), shown.cert[0], "{name}");
        ftp.expect("NOOP", 200).await;
    }

    let mut ftp = server.connect().await;
    ftp.expect("HOST ftp.a.test", 220).await;
    ftp.expect("AUTH TLS", 234).await;
    ftp.handshake_for("b.test").await.unwrap();
    ftp.expect_reply(421).await;
    ftp.expect_end().await;
}
