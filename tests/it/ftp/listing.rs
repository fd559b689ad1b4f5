//! `LIST`, `NLST`, `MLSD`, `MLST`, `STAT`.

use crate::support::ftp_client::FtpClient;
use crate::support::server::{TestServer, rounds};

async fn text(ftp: &mut FtpClient, command: &str) -> String {
    String::from_utf8(ftp.download(command).await).unwrap()
}

/// Names at the end of the lines.
fn names(listing: &str) -> Vec<&str> {
    listing
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect()
}

/// LST-01, LST-34.
#[tokio::test]
async fn a_line_of_list_reads_as_every_parser_wants_it() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    let listing = text(&mut ftp, "LIST").await;

    let fields: Vec<&str> = listing.split_ascii_whitespace().collect();
    assert!(
        listing.starts_with("-rw") && listing.ends_with(" f.txt\r\n"),
        "{listing:?}"
    );
    assert_eq!(fields[2..6], ["ftp", "ftp", "5", "Jan"]);
    assert_eq!(fields.len(), 9);
}

/// LST-05.
#[tokio::test]
async fn flags_are_no_paths() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "d/a", b"1");
    std::fs::create_dir(server.home(&alice).join("d/b")).unwrap();
    let mut ftp = server.login("alice").await;

    for command in [
        "LIST d",
        "LIST /d/",
        "LIST -a d",
        "LIST -la /d",
        "LIST -a -l d",
    ] {
        let listing = text(&mut ftp, command).await;
        assert_eq!(names(&listing), ["a", "b"], "{command}");
    }
    let listing = text(&mut ftp, "LIST -al").await;
    assert_eq!(names(&listing), ["d"]);
}

/// LST-06, LST-07, LST-08, LST-09, LST-10, LST-11.
#[tokio::test]
async fn files_patterns_and_nothing_are_told_apart() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    for name in ["f.txt", "g.txt", "a*b", "axb", "-a"] {
        server.put(&alice, name, b"hello");
    }
    let mut ftp = server.login("alice").await;

    assert_eq!(names(&text(&mut ftp, "LIST f.txt").await), ["f.txt"]);
    assert_eq!(
        names(&text(&mut ftp, "LIST *.txt").await),
        ["f.txt", "g.txt"]
    );
    assert_eq!(names(&text(&mut ftp, "LIST a*b").await), ["a*b"]);
    assert_eq!(names(&text(&mut ftp, "LIST ./-a").await), ["-a"]);
    for (line, text) in [
        ("LIST nope", "No such file or directory."),
        ("LIST *.zzz", "No files found."),
    ] {
        ftp.expect("EPSV", 229).await;
        let refused = ftp.say(line).await;
        assert_eq!((refused.code, refused.text()), (550, text));
    }
}

/// LST-08.
#[tokio::test]
async fn an_empty_directory_is_an_empty_transfer() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    for command in ["LIST", "NLST", "MLSD"] {
        assert_eq!(text(&mut ftp, command).await, "", "{command}");
    }
}

/// LST-14.
#[tokio::test]
async fn an_upload_under_way_is_not_listed() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut uploader = server.login("alice").await;
    let mut data = uploader.open_data().await;
    uploader.expect("STOR big", 150).await;
    tokio::io::AsyncWriteExt::write_all(&mut data, b"half")
        .await
        .unwrap();
    crate::support::server::eventually("the staged file is there", || {
        !server.names(&alice, "").is_empty()
    })
    .await;

    let mut ftp = server.login("alice").await;
    for command in ["LIST -a", "NLST -a", "MLSD"] {
        assert_eq!(text(&mut ftp, command).await, "", "{command}");
    }
}

/// LST-15, LST-16, SEC-T02.
#[tokio::test]
async fn a_link_shows_what_is_inside_and_hides_what_is_outside() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let home = server.home(&alice);
    std::os::unix::fs::symlink("f.txt", home.join("inside")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", home.join("outside")).unwrap();
    std::os::unix::fs::symlink("/", home.join("root")).unwrap();
    let mut ftp = server.login("alice").await;

    let listing = text(&mut ftp, "LIST").await;

    let inside = listing
        .lines()
        .find(|line| line.ends_with(" inside"))
        .unwrap();
    assert!(
        inside.starts_with('-') && inside.contains(" 5 "),
        "{inside}"
    );
    assert!(!listing.contains("passwd"), "{listing}");
    ftp.expect("SIZE inside", 213).await;
    for line in [
        "SIZE outside",
        "SIZE root/etc/passwd",
        "CWD root",
        "MLST root/etc",
    ] {
        ftp.expect(line, 550).await;
    }
    ftp.expect("EPSV", 229).await;
    ftp.expect("RETR outside", 550).await;
}

/// LST-17, LST-18, LST-19, LST-20.
#[tokio::test]
async fn every_line_of_nlst_can_be_used_as_it_is() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "d/a", b"1");
    server.put(&alice, "d/b", b"1");
    server.put(&alice, "f.txt", b"1");
    let mut ftp = server.login("alice").await;

    for (command, lines) in [
        ("NLST", "d\r\nf.txt\r\n"),
        ("NLST d", "d/a\r\nd/b\r\n"),
        ("NLST d/", "d/a\r\nd/b\r\n"),
        ("NLST f.txt", "f.txt\r\n"),
        ("NLST *.txt", "f.txt\r\n"),
        ("NLST d/*", "d/a\r\nd/b\r\n"),
    ] {
        assert_eq!(text(&mut ftp, command).await, lines, "{command}");
    }
    assert!(text(&mut ftp, "NLST -la").await.starts_with('d'));
    ftp.expect("TYPE A", 200).await;
    assert_eq!(text(&mut ftp, "NLST").await, "d\r\nf.txt\r\n");
    ftp.expect("EPSV", 229).await;
    ftp.expect("NLST nope", 550).await;
}

/// LST-21, LST-22.
#[tokio::test]
async fn mlst_has_three_lines() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    let reply = ftp.expect("MLST f.txt", 250).await;
    let root = ftp.expect("MLST", 250).await;

    assert_eq!(reply.lines.len(), 3);
    assert_eq!(reply.lines[0], "250-Listing /f.txt");
    assert!(
        reply.lines[1].starts_with(" type=file;size=5;modify=20260102030405;perm=adfrw;unique="),
        "{reply:?}"
    );
    assert!(reply.lines[1].ends_with("; /f.txt"));
    assert_eq!(reply.lines[2], "250 End");
    assert!(root.lines[1].starts_with(" type=dir;") && root.lines[1].ends_with("; /"));
}

/// LST-23, LST-24, LST-25.
#[tokio::test]
async fn mlsd_lists_a_directory_and_nothing_else() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "d/a", b"1");
    std::fs::create_dir(server.home(&alice).join("d/b")).unwrap();
    let mut ftp = server.login("alice").await;

    let listing = text(&mut ftp, "MLSD d").await;
    ftp.expect("TYPE A", 200).await;
    let in_ascii = text(&mut ftp, "MLSD d").await;

    assert_eq!(names(&listing), ["a", "b"]);
    assert!(!listing.contains("cdir") && !listing.contains("pdir"));
    assert_eq!(listing, in_ascii);
    for (line, code) in [("MLSD d/a", 501), ("MLSD nope", 550)] {
        ftp.expect("EPSV", 229).await;
        ftp.expect(line, code).await;
    }
}

/// LST-27, LST-28.
#[tokio::test]
async fn a_name_that_no_client_can_ask_for_forges_no_line() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let home = server.home(&alice);
    std::fs::write(home.join("a\nb"), b"").unwrap();
    std::fs::write(home.join(OsStr::from_bytes(b"c\xff")), b"").unwrap();
    let mut ftp = server.login("alice").await;

    let long = text(&mut ftp, "LIST").await;

    assert_eq!(names(&long), ["a?b", "c?"]);
    assert_eq!(text(&mut ftp, "MLSD").await, "");
}

/// LST-30, LST-31.
#[tokio::test]
async fn stat_lists_over_the_control_connection() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "d/a", b"1");
    let mut ftp = server.login("alice").await;

    let reply = ftp.expect("STAT d", 213).await;

    assert_eq!(reply.lines[0], "213-Status of d:");
    assert!(reply.lines[1].starts_with("-rw"), "{reply:?}");
    assert_eq!(reply.lines[2], "213 End of status.");
    ftp.expect("STAT nope", 550).await;
}

/// LST-35.
#[tokio::test]
async fn a_pattern_of_stars_costs_no_time() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    for number in 0..200 {
        server.put(&alice, &format!("{}{number}", "a".repeat(200)), b"");
    }
    let mut ftp = server.login("alice").await;
    let since = std::time::Instant::now();

    ftp.expect("EPSV", 229).await;
    ftp.expect(&format!("NLST {}x", "a*".repeat(120)), 550)
        .await;

    assert!(since.elapsed() < std::time::Duration::from_secs(3));
}

/// The order that `ls -t`, `ls -S` and `ls -r` ask for.
#[tokio::test]
async fn a_listing_comes_in_the_order_that_was_asked_for() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "a", b"1");
    server.put(&alice, "b", b"333");
    server.put(&alice, "c", b"22");
    let mut ftp = server.login("alice").await;

    assert_eq!(names(&text(&mut ftp, "LIST -S").await), ["b", "c", "a"]);
    assert_eq!(names(&text(&mut ftp, "LIST -r").await), ["c", "b", "a"]);
}

/// LST-29, S-12: a large directory is streamed whole.
#[tokio::test]
async fn ten_thousand_names_arrive_whole() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let count = rounds(10_000, 10);
    for number in 0..count {
        std::fs::write(server.home(&alice).join(format!("f{number}")), b"").unwrap();
    }
    let mut ftp = server.login("alice").await;

    for command in ["MLSD", "LIST", "NLST"] {
        let listing = text(&mut ftp, command).await;
        let mut found = names(&listing);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), count, "{command}");
    }
    let cut = ftp.expect("STAT", 211).await;
    assert!(cut.lines.len() < 20);
    let cut = ftp.expect("STAT /", 213).await;
    assert_eq!(cut.lines.len(), 1_003);
    assert_eq!(cut.lines[1_001], " … truncated");
}
