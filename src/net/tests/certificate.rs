//! Certificates on the disk and in force.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rustls::version::TLS13;
use tempfile::TempDir;

use super::support::{Client, NAME, certificate};
use crate::clock::Timestamp;
use crate::net::{CertificateError, CertificateStore, SessionTls};

const NOW: Timestamp = Timestamp::from_seconds(1_780_000_000);

#[test]
fn a_certificate_is_made_on_first_start_and_kept() {
    let (store, dir) = certificate();
    let tls = dir.path().join("tls");

    let facts = store.facts();
    assert_eq!(facts.names, [NAME, "192.0.2.1"]);
    assert_eq!(facts.subject, format!("CN={NAME}"));
    assert!(facts.is_self_signed);
    assert!(facts.not_before < NOW);
    let days = facts.not_after.since(NOW).as_secs() / 86_400;
    assert_eq!(days, 730);
    assert_eq!(facts.fingerprint_sha256.len(), 32 * 3 - 1);
    let mode = fs::metadata(tls.join("key.pem"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let again = CertificateStore::load_or_create(&tls, &[], NOW).unwrap();
    assert_eq!(again.facts(), facts);
}

#[test]
fn half_a_pair_is_never_replaced() {
    let (_store, dir) = certificate();
    let tls = dir.path().join("tls");
    fs::remove_file(tls.join("key.pem")).unwrap();

    let refused = CertificateStore::load_or_create(&tls, &[], NOW);

    assert!(matches!(refused, Err(CertificateError::Missing(path)) if path.ends_with("key.pem")));
}

#[test]
fn a_key_that_belongs_to_another_certificate_is_refused() {
    let (_store, dir) = certificate();
    let (_other, other_dir) = certificate();
    fs::copy(
        other_dir.path().join("tls/key.pem"),
        dir.path().join("tls/key.pem"),
    )
    .unwrap();

    let refused = CertificateStore::load_or_create(&dir.path().join("tls"), &[], NOW);

    assert!(matches!(refused, Err(CertificateError::Mismatch(_))));
}

#[tokio::test]
async fn a_reload_that_fails_keeps_the_certificate_in_force() {
    let (store, dir) = certificate();
    let before = store.facts();
    fs::write(dir.path().join("tls/cert.pem"), "nonsense").unwrap();

    assert!(store.reload().await.is_err());

    assert_eq!(store.facts(), before);
}

#[tokio::test]
async fn an_open_session_keeps_its_certificate_over_a_reload() {
    let (store, dir) = certificate();
    let session = SessionTls::new(&store);
    let (old, another) = (Client::new(&store, &TLS13), Client::new(&store, &TLS13));
    replace_with_another(&dir);

    store.reload().await.unwrap();

    let later = SessionTls::new(&store);
    let new = Client::new(&store, &TLS13);
    // The old clients trust the first certificate only.
    assert!(old.try_connect(session.download()).await.0.is_ok());
    assert!(another.try_connect(later.control()).await.0.is_err());
    assert!(new.try_connect(later.control()).await.0.is_ok());
}

fn replace_with_another(dir: &TempDir) {
    let (_other, other_dir) = certificate();
    for file in ["cert.pem", "key.pem"] {
        fs::copy(
            other_dir.path().join("tls").join(file),
            dir.path().join("tls").join(file),
        )
        .unwrap();
    }
}
