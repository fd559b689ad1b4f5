//! suppaftp, a client for Rust programs, in every mode it has. Clients that are programs of their
//! own are in `tests/clients`.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use suppaftp::types::FileType;
use suppaftp::{Mode, RustlsConnector, RustlsFtpStream};

use crate::support::ftp_client::accept_any;
use crate::support::server::{PASSWORD, TestServer};

const NAME: &str = "Größe 日本語 🚢 #1 & 100%.bin";
const FOLDER: &str = "a folder with spaces";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tls {
    Plain,
    Explicit,
    Implicit,
}

/// Has a client that is logged in do something, beside the runtime of the server.
async fn talk<T: Send + 'static>(
    (address, tls, mode): (SocketAddr, Tls, Mode),
    script: impl FnOnce(&mut RustlsFtpStream) -> T + Send + 'static,
) -> T {
    let connector = RustlsConnector::from(accept_any(&[]));
    let talking = tokio::task::spawn_blocking(move || {
        let mut ftp = match tls {
            Tls::Plain => RustlsFtpStream::connect(address).unwrap(),
            Tls::Explicit => RustlsFtpStream::connect(address)
                .and_then(|ftp| ftp.into_secure(connector, "localhost"))
                .unwrap(),
            Tls::Implicit => {
                RustlsFtpStream::connect_secure_implicit(address, connector, "localhost").unwrap()
            }
        };
        ftp.set_mode(mode);
        ftp.login("alice", PASSWORD).unwrap();
        ftp.transfer_type(FileType::Binary).unwrap();
        let result = script(&mut ftp);
        ftp.quit().unwrap();
        result
    });
    let done = tokio::time::timeout(Duration::from_mins(1), talking).await;
    done.expect("an end").expect("no failure")
}

fn everyday(ftp: &mut RustlsFtpStream) {
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let (half, rest) = bytes.split_at(100_000);
    ftp.mkdir(FOLDER).unwrap();
    ftp.cwd(FOLDER).unwrap();

    ftp.put_file(NAME, &mut &half[..]).unwrap();
    ftp.resume_transfer(half.len()).unwrap();
    ftp.put_file(NAME, &mut &rest[..]).unwrap();
    assert_eq!(ftp.size(NAME).unwrap(), bytes.len());

    assert!(ftp.retr_as_buffer(NAME).unwrap().into_inner() == bytes);
    ftp.resume_transfer(half.len()).unwrap();
    assert!(ftp.retr_as_buffer(NAME).unwrap().into_inner() == rest);

    ftp.rename(NAME, "new name").unwrap();
    assert_eq!(ftp.nlst(None).unwrap(), ["new name"]);
    let facts = ftp.mlsd(None).unwrap();
    assert!(
        facts.iter().any(|line| line.contains("size=300000;")),
        "{facts:?}"
    );
    ftp.rm("new name").unwrap();
    ftp.cdup().unwrap();
    ftp.rmdir(FOLDER).unwrap();
    assert!(ftp.nlst(None).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suppaftp_uploads_resumes_renames_lists_downloads_and_deletes_in_every_mode() {
    let server = TestServer::start().await;
    server.account("alice").await;

    for tls in [Tls::Plain, Tls::Explicit, Tls::Implicit] {
        let (v4, v6) = match tls {
            Tls::Implicit => (server.ftps(), server.ftps_v6()),
            Tls::Plain | Tls::Explicit => (server.ftp(), server.ftp_v6()),
        };
        // `PASV` knows no IPv6.
        for (address, mode) in [
            (v4, Mode::Passive),
            (v4, Mode::ExtendedPassive),
            (v4, Mode::Active),
            (v6, Mode::ExtendedPassive),
            (v6, Mode::Active),
        ] {
            talk((address, tls, mode), everyday).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suppaftp_moves_a_thousand_files_on_one_connection() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;

    talk((server.ftp(), Tls::Plain, Mode::Passive), |ftp| {
        for number in 0..1_000 {
            let text = number.to_string();
            ftp.put_file(&text, &mut text.as_bytes()).unwrap();
        }
        for number in 0..1_000 {
            let text = number.to_string();
            let read = ftp.retr_as_buffer(&text).unwrap().into_inner();
            assert_eq!(read, text.as_bytes());
        }
    })
    .await;

    assert_eq!(server.names(&alice, "").len(), 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suppaftp_aborts_in_both_directions_and_goes_on() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "large", &vec![7; 24_000_000]);

    for tls in [Tls::Plain, Tls::Explicit] {
        talk((server.ftp(), tls, Mode::Passive), |ftp| {
            let mut download = ftp.retr_as_stream("large").unwrap();
            let mut first = [0];
            download.read_exact(&mut first).unwrap();
            ftp.abort(download).unwrap();

            let mut upload = ftp.put_with_stream("large").unwrap();
            upload.write_all(&vec![1; 100_000]).unwrap();
            ftp.abort(upload).unwrap();

            assert_eq!(ftp.size("large").unwrap(), 24_000_000);
        })
        .await;
    }
}
