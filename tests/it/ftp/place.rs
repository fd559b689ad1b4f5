//! What depends on the machine and on the start of the process: ports, zones, disks that are full.

use std::time::{Duration, Instant};

use quaymaster::hosting::network::NetworkChange;
use quaymaster::model::Actor;
use tokio::io::AsyncWriteExt;

use crate::support::ftp_client::{FtpClient, Pipe};
use crate::support::held::assert_at_rest;
use crate::support::process::{Installation, booked};
use crate::support::server::{PASSWORD, TestServer};

async fn logged_in(address: std::net::SocketAddr) -> FtpClient {
    let mut ftp = FtpClient::connect(address).await;
    ftp.log_in("alice", PASSWORD).await;
    ftp
}

/// DAT-09.
#[tokio::test]
async fn the_first_port_differs_from_start_to_start() {
    let mut place = Installation::new(200);
    place.account("alice", &[]).await;
    let mut ports = Vec::new();

    for _ in 0..3 {
        let mut ftp = logged_in(place.start().await).await;
        ports.push(ftp.epsv().await);
        place.kill();
    }

    ports.dedup();
    assert!(ports.len() > 1, "{ports:?}");
}

/// DAT-31.
#[tokio::test]
async fn a_name_that_nobody_resolves_delays_no_pasv() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let settings = server.app().settings.current();
    let change = NetworkChange {
        passive_ports: settings.passive_ports,
        public_address: "nowhere.invalid".parse().unwrap(),
        address_rules: Vec::new(),
        active_mode: true,
        active_source_port_20: true,
    };
    let network = &server.app().network;
    network.change(&Actor::system(), change).await.unwrap();
    let mut ftp = server.login("alice").await;
    let since = Instant::now();

    let address = ftp.pasv().await;

    assert_eq!(address.ip(), server.ftp().ip());
    assert!(since.elapsed() < Duration::from_secs(1));
}

/// LST-03, LST-04.
#[tokio::test]
async fn listings_are_in_utc_and_in_english_wherever_the_process_is() {
    let mut place = Installation::new(5).with_environment(&[
        ("TZ", "America/New_York"),
        ("LANG", "de_DE.UTF-8"),
        ("LC_ALL", "de_DE.UTF-8"),
    ]);
    place.account("alice", &[]).await;
    let mut ftp = logged_in(place.start().await).await;
    for (name, time) in [("old", "20200315010203"), ("older", "19991001000000")] {
        ftp.upload(&format!("STOR {name}"), b"x").await;
        ftp.expect(&format!("MFMT {time} {name}"), 213).await;
    }
    ftp.upload("STOR new", b"x").await;
    let told = ftp.expect("MDTM new", 213).await;
    let hour = told.text().get(8..10).expect("an hour");
    let minute = told.text().get(10..12).expect("a minute");
    let clock = format!("{hour}:{minute}");

    let listing = String::from_utf8(ftp.download("LIST").await).unwrap();

    let lines: Vec<&str> = listing.lines().collect();
    assert!(
        lines[0].ends_with(&format!("{clock} new")),
        "{listing} {clock}"
    );
    assert!(lines[1].ends_with("Mar 15  2020 old"), "{listing}");
    assert!(lines[2].ends_with("Oct  1  1999 older"), "{listing}");
    place.stop().await;
}

/// STO-31: a file system that takes no more bytes, which is here a limit of the process.
#[tokio::test]
async fn on_a_full_disk_an_upload_hears_452_and_leaves_nothing() {
    let mut place = Installation::new(5).with_largest_file(16 << 20);
    place.account("alice", &[]).await;
    let mut ftp = logged_in(place.start().await).await;
    ftp.upload("STOR old", b"old").await;
    ftp.upload("STOR log", b"line").await;

    for command in ["STOR new", "STOR old", "APPE log"] {
        let refused = ftp.upload(command, &vec![7; 17 << 20]).await;
        assert_eq!(refused.code, 452, "{command}: {refused:?}");
    }

    assert_at_rest(place.metrics(), 1, "a full disk").await;
    assert!(place.staged().is_empty());
    assert_eq!(place.disk(), booked(&mut ftp).await);
    assert_eq!(ftp.download("RETR old").await, b"old");
    assert_eq!(ftp.download("RETR log").await, b"line");
    assert_eq!(ftp.upload("STOR small", b"fits").await.code, 226);
    place.stop().await;
}

/// RTR-15: the server's buffers hold a part of the file at most while the client does not read.
#[tokio::test]
async fn a_download_is_not_complete_before_the_system_has_all_of_it() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "big", &vec![7; 64 << 20]);
    let mut ftp = server.login("alice").await;
    let stream = ftp.open_data().await;

    ftp.expect("RETR big", 150).await;
    ftp.send("STAT\r\n").await;
    // Whatever has happened by now: 226 is not among it.
    ftp.expect_reply(211).await;
    let mut pipe = Pipe::Plain(stream);
    let bytes = pipe.read_all().await.unwrap();

    assert_eq!(bytes.len(), 64 << 20);
    ftp.expect_reply(226).await;
}

/// RTR-08, RTR-03.
#[tokio::test]
async fn no_name_puts_another_size_into_150() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    for name in ["3 bytes x", "(3 bytes).", "3 bytes"] {
        server.put(&alice, name, b"hello");
    }
    let mut ftp = server.login("alice").await;

    for name in ["3 bytes x", "(3 bytes).", "3 bytes"] {
        let data = ftp.open_data().await;
        let opening = ftp.expect(&format!("RETR {name}"), 150).await;
        let (before, _) = opening.text().split_once(" bytes").unwrap();
        assert!(before.ends_with("(5"), "{opening:?}");
        Pipe::Plain(data).finish().await;
        ftp.expect_reply(226).await;
    }
    ftp.expect("EPSV", 229).await;
    ftp.expect("RETR", 501).await;
}

/// LST-36.
#[tokio::test]
async fn sizes_beyond_two_terabytes_are_exact() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let size: u64 = (2 << 40) + 7;
    let path = server.home(&alice).join("huge");
    std::fs::File::create(path).unwrap().set_len(size).unwrap();
    let mut ftp = server.login("alice").await;

    ftp.play(&format!("C: SIZE huge\nS: 213 {size}")).await;
    for command in ["LIST", "MLSD"] {
        let listing = String::from_utf8(ftp.download(command).await).unwrap();
        assert!(listing.contains(&size.to_string()), "{listing}");
    }
    ftp.expect(&format!("REST {}", size - 3), 350).await;
    assert_eq!(ftp.download("RETR huge").await, [0; 3]);
}

/// DIR-27.
#[tokio::test]
async fn renaming_a_link_leaves_what_it_leads_to() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let home = server.home(&alice);
    std::os::unix::fs::symlink("f.txt", home.join("link")).unwrap();
    let mut ftp = server.login("alice").await;

    ftp.play("C: RNFR link\nS: 350 …\nC: RNTO moved\nS: 250 …")
        .await;

    assert_eq!(server.names(&alice, ""), ["f.txt", "moved"]);
    assert!(home.join("moved").symlink_metadata().unwrap().is_symlink());
}

/// CTL-29: the end of a session under TLS can be told from an attack on it.
#[tokio::test]
async fn a_farewell_under_tls_ends_with_close_notify() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;
    ftp.secure().await;

    ftp.expect("QUIT", 221).await;

    let ended = ftp.pipe().read_all().await;
    assert_eq!(ended.expect("close_notify"), b"");
    let _closed = ftp.pipe().shutdown().await;
}
