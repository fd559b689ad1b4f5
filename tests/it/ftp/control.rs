//! Lines, replies and the end of a session.

use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::support::ftp_client::FtpClient;
use crate::support::server::{PASSWORD, TestServer, rounds};

/// CTL-01.
#[tokio::test]
async fn the_greeting_is_one_line_that_names_no_product() {
    let server = TestServer::start().await;
    let mut ftp = FtpClient::connect_silently(server.ftp(), [127, 0, 0, 1].into()).await;

    let greeting = ftp.reply().await;

    assert_eq!(greeting.lines, ["220 FTP server ready."]);
}

/// CTL-03, CTL-04, CTL-05, CTL-06, CTL-07, CTL-28.
#[tokio::test]
async fn verbs_are_read_in_any_case_and_with_any_line_end() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    ftp.send("NOOP\r\nnoop\nnOoP\r\n\r\n\r\nNOOP arg\r\nFOO\r\nNOP\r\n")
        .await;

    for code in [200, 200, 200, 200, 500, 200] {
        ftp.expect_reply(code).await;
    }
}

/// CTL-08.
#[tokio::test]
async fn a_line_of_4095_bytes_is_a_line() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    ftp.expect(&"X".repeat(4_093), 500).await;

    ftp.expect("NOOP", 200).await;
}

/// CTL-09.
#[tokio::test]
async fn a_line_that_is_too_long_is_answered_once_and_skipped() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    let refused = ftp.say(&format!("CWD {}", "x".repeat(5_000))).await;

    assert_eq!(refused.lines, ["500 Line too long."]);
    ftp.expect("NOOP", 200).await;
}

/// CTL-10.
#[tokio::test]
async fn a_stranger_who_sends_an_endless_line_is_shown_out() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    ftp.send("x".repeat(100_000)).await;

    ftp.expect_reply(500).await;
    ftp.expect_reply(421).await;
    ftp.expect_end().await;
}

/// CTL-11, CTL-12, CTL-13, CTL-14, CTL-18.
#[tokio::test]
async fn control_characters_and_broken_utf8_are_refused_and_make_nothing() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let mut ftp = server.login("alice").await;

    for line in [
        &b"CWD a\0b\r\n"[..],
        b"MKD a\rb\r\n",
        b"MKD a\x7f\r\n",
        b"MKD a\x01\r\n",
        b"MKD \xc3\x28\r\n",
        b"MKD x\xff\xffy\r\n",
    ] {
        ftp.send(line).await;
        ftp.expect_reply(501).await;
    }

    ftp.play("C: PWD\nS: 257 \"/\" is the current directory")
        .await;
    assert!(server.names(&alice, "").is_empty());
}

/// CTL-15, CTL-16, CTL-17.
#[tokio::test]
async fn telnet_bytes_are_filtered_and_never_answered() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.send(b"\xff\xf4\xff\xf2ABOR\r\n").await;
    ftp.expect_reply(225).await;
    for part in [&b"NO"[..], b"\xff\xf1", b"OP\r\n"] {
        ftp.send(part).await;
        tokio::task::yield_now().await;
    }
    ftp.expect_reply(200).await;
    ftp.send(b"\xff\xfd\x06NOOP\r\n").await;
    ftp.expect_reply(200).await;
}

/// CTL-19.
#[tokio::test]
async fn an_abor_whose_end_is_urgent_is_heard() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.send("ABOR\r").await;
    SockRef::from(ftp.socket()).send_out_of_band(b"\n").unwrap();

    ftp.expect_reply(225).await;
}

/// CTL-20.
#[tokio::test]
async fn twenty_commands_in_one_segment_get_twenty_replies() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    ftp.send("NOOP\r\n".repeat(20)).await;

    for _ in 0..20 {
        ftp.expect_reply(200).await;
    }
}

/// CTL-21.
#[tokio::test]
async fn a_script_piped_in_at_once_is_obeyed_to_its_end() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.connect().await;

    ftp.send(format!("USER alice\r\nPASS {PASSWORD}\r\nPWD\r\nQUIT\r\n"))
        .await;
    ftp.half_close().await;

    for code in [331, 230, 257, 221] {
        ftp.expect_reply(code).await;
    }
    ftp.expect_end().await;
}

/// CTL-23, CTL-24.
#[tokio::test]
async fn commands_do_not_lengthen_the_time_for_the_login() {
    let server = TestServer::start().await;
    server.set(&[("login_timeout", "5")]).await;
    let mut ftp = server.connect().await;
    let since = Instant::now();

    let farewell = loop {
        let reply = ftp.say("NOOP").await;
        if reply.code != 200 {
            break reply;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };

    assert_eq!(farewell.lines, ["421 Login timeout."]);
    assert!(since.elapsed() < Duration::from_secs(8));
    ftp.expect_end().await;
}

/// CTL-29.
#[tokio::test]
async fn quit_is_answered_and_the_connection_ends() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    ftp.play("C: QUIT\nS: 221 Goodbye.").await;

    ftp.expect_end().await;
}

/// CTL-30, TLS-42.
#[tokio::test]
async fn whoever_speaks_another_protocol_is_shown_out_at_once() {
    let server = TestServer::start().await;
    let mut browser = server.connect().await;
    let mut hello = server.connect().await;

    browser.send("GET / HTTP/1.0\r\nHost: x\r\n\r\n").await;
    browser.expect_reply(421).await;
    browser.expect_end().await;

    hello
        .send(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03")
        .await;
    hello.expect_end().await;
}

/// CTL-31.
#[tokio::test]
async fn ten_unknown_verbs_before_a_login_end_the_session() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    ftp.send("FOO\r\n".repeat(11)).await;

    for _ in 0..10 {
        ftp.expect_reply(500).await;
    }
    ftp.expect_reply(421).await;
    ftp.expect_end().await;
}

/// CTL-33, CTL-34, CTL-35, CTL-36.
#[tokio::test]
async fn the_server_says_what_it_is_and_not_who_made_it() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    let help = ftp.expect("HELP", 214).await;
    let status = ftp.expect("STAT", 211).await;

    assert!(help.lines[0].starts_with("214-"));
    assert!(
        help.lines[1..help.lines.len() - 1]
            .iter()
            .all(|line| line.starts_with(' '))
    );
    assert!(status.lines.iter().any(|line| line.contains("TYPE: I")));
    assert!(status.lines.iter().any(|line| line.contains("alice")));
    for text in [&help, &status].map(|reply| reply.lines.join(" ").to_lowercase()) {
        assert!(!text.contains("quaymaster") && !text.contains(env!("CARGO_PKG_VERSION")));
    }
    ftp.play(
        "
        C: HELP STOR
        S: 214 Syntax: STOR…
        C: HELP XYZZ
        S: 502 Unknown command.
        C: SYST
        S: 215 UNIX Type: L8
    ",
    )
    .await;
}

/// CTL-37, S-11.
#[tokio::test]
async fn a_stranger_reaches_no_file() {
    let server = TestServer::start().await;
    let mut ftp = server.connect().await;

    for line in [
        "CWD /",
        "CDUP",
        "PWD",
        "MKD a",
        "RMD a",
        "DELE a",
        "RNFR a",
        "RNTO b",
        "SIZE a",
        "MDTM a",
        "MFMT 20240101000000 a",
        "MFF Modify=20240101000000; a",
        "HASH a",
        "XCRC a",
        "XMD5 a",
        "XSHA1 a",
        "XSHA256 a",
        "XSHA512 a",
        "OPTS HASH",
        "MLST",
        "MLSD",
        "LIST",
        "NLST",
        "STAT /",
        "RETR a",
        "STOR a",
        "APPE a",
        "STOU",
        "REST 1",
        "ALLO 1",
        "ABOR",
        "PASV",
        "EPSV",
        "PORT 127,0,0,1,10,10",
        "EPRT |1|127.0.0.1|5000|",
        "TYPE I",
        "MODE S",
        "STRU F",
        "AVBL",
        "SITE HELP",
        "SITE CHMOD 644 a",
        "OPTS MLST type;",
    ] {
        ftp.expect(line, 530).await;
    }
}

/// CTL-38, CTL-39, CTL-40.
#[tokio::test]
async fn every_advertised_verb_is_built() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut stranger = server.connect().await;
    let mut ftp = server.login("alice").await;

    let before = stranger.expect("FEAT", 211).await;
    let after = ftp.expect("FEAT", 211).await;

    assert_eq!(before, after);
    assert_eq!(
        after.lines.first().map(String::as_str),
        Some("211-Features:")
    );
    assert_eq!(after.lines.last().map(String::as_str), Some("211 End"));
    for line in &after.lines[1..after.lines.len() - 1] {
        let feature = line.strip_prefix(' ').expect("one space before a feature");
        assert!(
            !feature.starts_with(' ') && !feature.ends_with(' '),
            "{line:?}"
        );
        let verb = feature.split(' ').next().expect("a word");
        if !["MLSD", "TVFS", "UTF8"].contains(&verb) {
            let reply = ftp.say(verb).await;
            assert!(![500, 502].contains(&reply.code), "{verb}: {reply:?}");
        }
    }
    ftp.expect("FEAT x", 501).await;
}

/// CTL-41.
#[tokio::test]
async fn a_mangled_pasv_is_understood() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    ftp.expect("P@SW", 227).await;
}

/// CTL-42.
#[tokio::test]
async fn a_trailing_space_is_no_argument() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;

    assert!(ftp.download("LIST ").await.is_empty());
}

/// What the metrics page counts.
#[tokio::test]
async fn commands_logins_and_transfers_are_counted() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    ftp.expect("FOO", 500).await;
    ftp.upload("STOR a", b"hello").await;

    let metrics = server.app().metrics.render();

    for line in [
        "quaymaster_ftp_commands_total{command=\"PASS\",code=\"230\"} 1",
        "quaymaster_ftp_commands_total{command=\"other\",code=\"500\"} 1",
        "quaymaster_ftp_commands_total{command=\"STOR\",code=\"226\"} 1",
        "quaymaster_ftp_logins_total{result=\"ok\"} 1",
        "quaymaster_ftp_transfer_bytes_total{direction=\"upload\"} 5",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

/// CTL-25, CTL-26.
#[tokio::test]
async fn half_a_line_does_not_keep_a_session_awake() {
    let server = TestServer::start().await;
    server.set(&[("idle_timeout", "30")]).await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let since = Instant::now();

    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(6)).await;
        ftp.send("N").await;
    }

    ftp.play("S: 421 Idle timeout, closing control connection.")
        .await;
    ftp.expect_end().await;
    assert!(
        since.elapsed() < Duration::from_secs(33),
        "{:?}",
        since.elapsed()
    );
}

/// CTL-32, S-13: whoever does not read is slowed down, and loses nothing.
#[tokio::test]
async fn ten_thousand_replies_wait_for_a_client_that_reads_late() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let socket = SockRef::from(ftp.socket()).try_clone().unwrap();
    let commands = std::thread::spawn(move || {
        use std::io::Write;
        let mut socket = std::net::TcpStream::from(socket);
        socket.set_nonblocking(false).unwrap();
        for _ in 0..10_000 {
            socket.write_all(b"HELP\r\n").unwrap();
        }
        socket.set_nonblocking(true).unwrap();
    });

    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..10_000 {
        ftp.expect_reply(214).await;
    }

    commands.join().unwrap();
}

/// SEC-T15: no line, however strange, ends anything but its own session.
#[tokio::test]
async fn strange_lines_break_nothing() {
    use rand::{RngExt, SeedableRng, rngs::StdRng};
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut random = StdRng::seed_from_u64(959);
    let verbs = [
        "CWD",
        "MKD",
        "RNFR",
        "RNTO",
        "SIZE",
        "MDTM",
        "MFMT",
        "MLST",
        "STAT",
        "REST",
        "ALLO",
        "PORT",
        "EPRT",
        "EPSV",
        "TYPE",
        "OPTS",
        "SITE CHMOD",
        "SITE UTIME",
        "AVBL",
        "LIST",
        "NLST",
        "RETR",
        "HELP",
        "PBSZ",
        "PROT",
        "LANG",
        "CLNT",
        "STRU",
        "MODE",
        "USER",
        "",
    ];
    let mut ftp = server.login("alice").await;

    for _ in 0..rounds(2_000, 500) {
        let mut line = verbs[random.random_range(0..verbs.len())]
            .as_bytes()
            .to_vec();
        line.push(b' ');
        for _ in 0..random.random_range(0..40) {
            line.push(match random.random_range(0..4) {
                0 => random.random_range(1..=255),
                1 => *b"/.*?[]|,-;\"%".get(random.random_range(0..12)).unwrap(),
                _ => random.random_range(b'0'..=b'z'),
            });
        }
        line.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        line.extend_from_slice(b"\r\n");
        ftp.send(&line).await;
        let reply = tokio::time::timeout(Duration::from_secs(15), ftp.reply_or_end()).await;
        let reply = reply.unwrap_or_else(|_| panic!("no reply to {}", line.escape_ascii()));
        if reply.is_none_or(|reply| matches!(reply.code, 150 | 331 | 421)) {
            ftp = server.login("alice").await;
        }
    }

    assert_eq!(server.read(&alice, "f.txt").as_deref(), Some(&b"hello"[..]));
    ftp.expect("NOOP", 200).await;
}

/// AUT-24: verifying passwords keeps nobody waiting who is logged in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_at_the_door_does_not_slow_those_inside() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut inside = server.login("alice").await;
    let mut crowd = Vec::new();
    for number in 0..40 {
        let mut ftp = server.connect_from([127, 0, 3, number]).await;
        ftp.expect("USER alice", 331).await;
        ftp.send(format!("PASS wrong{number}\r\n")).await;
        crowd.push(ftp);
    }

    for _ in 0..10 {
        let since = Instant::now();
        inside.expect("NOOP", 200).await;
        assert!(
            since.elapsed() < Duration::from_millis(500),
            "{:?}",
            since.elapsed()
        );
    }
}
