//! Ways out of a home, into the log, past a permission, and what each of them leads to.

use std::os::unix::fs::symlink;
use std::time::Duration;

use quaymaster::hosting::login::Circumstances;
use quaymaster::model::PermissionProfile;

use crate::support::ftp_client::{FtpClient, Pipe, dial};
use crate::support::process::Installation;
use crate::support::server::{Allowed, PASSWORD, TestServer, eventually, rounds};

async fn text(ftp: &mut FtpClient, command: &str) -> String {
    String::from_utf8(ftp.download(command).await).unwrap()
}

/// Says a line that may want a data connection and never gets as far as using it.
async fn refused(ftp: &mut FtpClient, line: &str, code: u16) {
    ftp.expect("EPSV", 229).await;
    ftp.expect(line, code).await;
}

/// SEC-T01.
#[tokio::test]
async fn no_spelling_of_a_path_leads_out_of_the_home() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;

    for line in [
        "RETR ../../etc/passwd",
        "RETR /../../etc/passwd",
        "RETR ....//etc/passwd",
        "RETR %2e%2e/%2e%2e/etc/passwd",
        "RETR ..\\..\\etc\\passwd",
        "RETR ~root/.profile",
        "STOR ../../../tmp/escaped/x",
        "APPE /../../tmp/escaped/x",
    ] {
        refused(&mut ftp, line, 550).await;
    }
    for command in ["NLST ..", "NLST /../..", "NLST ../../.."] {
        let listing = text(&mut ftp, command).await;
        assert!(listing.ends_with("f.txt\r\n"), "{command}: {listing}");
        assert_eq!(listing.lines().count(), 1, "{command}: {listing}");
    }
    ftp.expect("CWD ../../../etc", 550).await;
    ftp.play("C: CWD ..\nS: 250 …\nC: PWD\nS: 257 \"/\" …")
        .await;
}

/// SEC-T02.
#[tokio::test]
async fn no_verb_goes_through_a_link_to_the_outside() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let bob = server.account("bob").await;
    server.put(&alice, "f.txt", b"mine");
    server.put(&bob, "f.txt", b"secret");
    server.put(&bob, "d/inside", b"secret");
    let other = server.home(&bob);
    symlink(&other, server.home(&alice).join("out")).unwrap();
    symlink("/", server.home(&alice).join("root")).unwrap();
    let mut ftp = server.login("alice").await;

    for line in [
        "RETR out/f.txt",
        "RETR root/etc/passwd",
        "STOR out/f.txt",
        "STOR out/new",
        "APPE out/f.txt",
        "STOU out/new",
        "LIST out",
        "LIST root/etc",
        "LIST root/*",
        "NLST out",
        "NLST out/*",
        "MLSD out",
        "MLST out/f.txt",
        "STAT out/",
        "STAT root/etc/passwd",
        "CWD out",
        "CWD root",
        "SIZE out/f.txt",
        "MDTM out/f.txt",
        "MDTM 20240101000000 out/f.txt",
        "MFMT 20240101000000 out/f.txt",
        "MFF Modify=20240101000000; out/f.txt",
        "SITE CHMOD 777 out/f.txt",
        "SITE UTIME 20240101000000 out/f.txt",
        "HASH out/f.txt",
        "XCRC root/etc/passwd",
        "AVBL out",
        "MKD out/new",
        "RMD out/d",
        "RMD out",
        "DELE out/f.txt",
        "RNFR out/f.txt",
    ] {
        refused(&mut ftp, line, 550).await;
    }
    ftp.expect("RNFR f.txt", 350).await;
    ftp.expect("RNTO out/f.txt", 550).await;

    assert_eq!(server.names(&bob, ""), ["d", "f.txt"]);
    assert_eq!(server.read(&bob, "f.txt"), Some(b"secret".to_vec()));
    assert_eq!(server.read(&alice, "f.txt"), Some(b"mine".to_vec()));
}

/// SEC-T08.
#[tokio::test]
async fn no_client_has_the_server_scan_another_host() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.login("alice").await;
    let victim = tokio::net::TcpListener::bind("127.0.0.99:0").await.unwrap();
    let open = victim.local_addr().unwrap().port();

    for port in (1_024..65_000).step_by(640).chain([open]) {
        let [high, low] = u16::to_be_bytes(port);
        ftp.expect(&format!("PORT 127,0,0,99,{high},{low}"), 504)
            .await;
        ftp.expect(&format!("EPRT |1|127.0.0.99|{port}|"), 504)
            .await;
    }
    ftp.expect("LIST", 425).await;

    let moment = Duration::from_millis(50);
    assert!(tokio::time::timeout(moment, victim.accept()).await.is_err());
}

/// SEC-T16.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_who_connects_all_the_time_disturbs_no_transfer() {
    let server = TestServer::with_ports(1).await;
    let alice = server.account("alice").await;
    server.put(&alice, "f.txt", b"hello");
    let mut ftp = server.login("alice").await;
    let port = ftp.epsv().await;
    let target = std::net::SocketAddr::new(server.ftp().ip(), port);
    let stranger = tokio::spawn(async move {
        let mut closed = 0_u32;
        loop {
            let connected = dial([127, 0, 0, 77].into(), target).await;
            closed += u32::from(connected.is_ok());
            if closed.is_multiple_of(16) {
                tokio::task::yield_now().await;
            }
        }
    });

    for _ in 0..50 {
        assert_eq!(ftp.download("RETR f.txt").await, b"hello");
    }

    assert!(!stranger.is_finished());
    stranger.abort();
}

/// SEC-T04.
#[tokio::test]
async fn a_folder_that_turns_into_a_link_after_rnfr_leads_nowhere() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let bob = server.account("bob").await;
    server.put(&alice, "d/f.txt", b"mine");
    server.put(&alice, "e/f.txt", b"mine");
    server.put(&bob, "f.txt", b"secret");
    let (home, other) = (server.home(&alice), server.home(&bob));
    let mut ftp = server.login("alice").await;

    ftp.expect("RNFR d/f.txt", 350).await;
    std::fs::rename(home.join("d"), home.join("was")).unwrap();
    symlink(&other, home.join("d")).unwrap();
    ftp.expect("RNTO g.txt", 550).await;
    ftp.expect("RNFR e/f.txt", 350).await;
    ftp.expect("RNTO d/g.txt", 550).await;

    assert_eq!(server.names(&bob, ""), ["f.txt"]);
    assert_eq!(server.read(&bob, "f.txt"), Some(b"secret".to_vec()));
    assert_eq!(server.names(&alice, ""), ["d", "e", "was"]);
}

/// SEC-T05, SEC-T06.
#[tokio::test]
async fn a_user_name_is_only_a_name() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.connect().await;

    ftp.expect("USER x');DROP TABLE accounts;--", 331).await;
    ftp.expect(&format!("PASS {PASSWORD}"), 530).await;
    ftp.expect("USER alice' OR '1'='1", 331).await;
    ftp.send(b"USER alice\0admin\r\n").await;
    ftp.expect_reply(501).await;

    ftp.log_in("alice", PASSWORD).await;
}

/// SEC-T07, SEC-T19: what a client sends reaches neither the terminal of whoever reads the log, nor
/// does a password reach the log or the metrics at all.
#[tokio::test]
async fn the_log_holds_no_escape_sequence_and_no_password() {
    let mut place = Installation::new(5);
    place.account("alice", &[]).await;
    let address = place.start().await;
    let mut ftp = FtpClient::connect(address).await;
    ftp.secure().await;

    for line in [&b"USER \x1b[31mred\r\n"[..], b"MKD \x1b[31mred\r\n"] {
        ftp.send(line).await;
        let reply = ftp.reply().await;
        assert!(matches!(reply.code, 501 | 530), "{reply:?}");
    }
    ftp.expect("USER wrong\u{9b}31m", 331).await;
    ftp.expect("PASS hunter2-is-wrong", 530).await;
    ftp.expect("ACCT hunter2-is-an-account", 503).await;
    ftp.log_in("alice", PASSWORD).await;
    ftp.protect().await;
    ftp.send(b"MKD \x1b[31mred\r\n").await;
    ftp.expect_reply(501).await;
    ftp.upload("STOR \u{9b}31m.txt", b"hello").await;
    ftp.expect(&format!("PASS {PASSWORD}"), 503).await;
    ftp.expect("QUIT", 221).await;
    place.stop().await;

    let log = place.told();
    assert!(log.contains("alice"), "{log}");
    for secret in [PASSWORD, "hunter2"] {
        assert!(!log.contains(secret), "{log}");
    }
    let escape = log.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(escape, None, "{log:?}");
}

/// SEC-T19: the metrics.
#[tokio::test]
async fn the_metrics_hold_no_password() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let mut ftp = server.connect().await;
    ftp.expect("PASS hunter2", 503).await;
    ftp.expect("hunter2", 500).await;
    ftp.log_in("alice", PASSWORD).await;

    let metrics = server.app().metrics.render();

    for secret in [PASSWORD, "hunter2"] {
        assert!(!metrics.contains(secret), "{metrics}");
    }
}

/// SEC-T11.
#[tokio::test]
async fn one_address_that_floods_the_door_keeps_nobody_else_out() {
    let server = TestServer::start().await;
    server.set(&[("max_sessions_per_address", "20")]).await;
    server.account("alice").await;
    let mut greeted = Vec::new();
    let mut refused = 0;

    for _ in 0..60 {
        let address = [127, 0, 0, 66].into();
        let mut ftp = FtpClient::connect_silently(server.ftp(), address).await;
        match ftp.reply().await.code {
            220 => greeted.push(ftp),
            421 => refused += 1,
            other => panic!("{other}"),
        }
    }

    assert_eq!((greeted.len(), refused), (20, 40));
    server.login("alice").await.expect("NOOP", 200).await;
    greeted.clear();
    eventually("there is room again", || server.app().sessions.count() == 0).await;
    server.connect_from([127, 0, 0, 66]).await;
}

/// SEC-T14.
#[tokio::test]
async fn no_reply_tells_version_host_or_where_the_files_are() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let home = server.home(&alice);
    let mut ftp = FtpClient::connect_silently(server.ftp(), [127, 0, 0, 1].into()).await;
    let mut said = ftp.reply().await.lines;
    for line in ["FEAT", "HELP", "SYST", "STAT", "HELP SITE"] {
        said.extend(ftp.say(line).await.lines);
    }
    ftp.log_in("alice", PASSWORD).await;
    for line in [
        "STAT",
        "SITE HELP",
        "PWD",
        "CWD nope",
        "MKD a",
        "MLST a",
        "RETR nope",
        "SIZE nope",
        "RNFR nope",
        "STAT nope",
    ] {
        said.extend(ftp.say(line).await.lines);
    }

    let said = said.join("\n").to_lowercase();
    let node = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let node = node.trim().to_lowercase();
    let path = home.to_string_lossy().to_lowercase();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    for secret in [
        node,
        path,
        version,
        "quaymaster".to_owned(),
        "/tmp".to_owned(),
    ] {
        assert!(!said.contains(&secret), "{secret}: {said}");
    }
}

/// SEC-T18, SEC-T26.
#[tokio::test]
async fn a_drop_box_gives_nothing_back() {
    let server = TestServer::start().await;
    let allowed = Allowed {
        permissions: PermissionProfile::UploadOnly,
        ..Allowed::default()
    };
    let alice = server.account_with("alice", allowed).await;
    let mut ftp = server.login("alice").await;
    assert_eq!(ftp.upload("STOR in/box", b"x").await.code, 550);
    ftp.expect("MKD in", 257).await;
    assert_eq!(ftp.upload("STOR in/box", b"hello").await.code, 226);

    for line in [
        "RETR in/box",
        "LIST in",
        "NLST in",
        "MLSD in",
        "MLST in/box",
        "STAT in",
        "SIZE in/box",
        "MDTM in/box",
        "STOR in/box",
        "APPE in/box",
        "DELE in/box",
        "RNFR in/box",
        "RMD in",
        "SITE CHMOD 777 in/box",
        "MFMT 20240101000000 in/box",
        "XCRC in/box",
    ] {
        refused(&mut ftp, line, 550).await;
        let missing = line.replace("box", "nobox").replace(" in", " on");
        ftp.expect("EPSV", 229).await;
        let reply = ftp.say(&missing).await;
        assert_eq!(reply.lines, ["550 Permission denied."], "{missing}");
    }
    ftp.expect("REST 2", 350).await;
    refused_upload(&mut ftp, "STOR in/box").await;
    assert_eq!(server.read(&alice, "in/box"), Some(b"hello".to_vec()));
}

async fn refused_upload(ftp: &mut FtpClient, line: &str) {
    assert_eq!(ftp.upload(line, b"x").await.code, 550);
}

/// LST-26, SEC-T24: for every profile, each letter of the fact `perm` is there exactly if the command
/// that it stands for is obeyed.
#[tokio::test]
async fn the_fact_perm_says_what_the_commands_then_do() {
    let server = TestServer::start().await;
    for (number, permissions) in PermissionProfile::ALL.into_iter().enumerate() {
        let name = format!("u{number}");
        let allowed = Allowed {
            permissions,
            ..Allowed::default()
        };
        let account = server.account_with(&name, allowed).await;
        let mut ftp = server.login(&name).await;
        let furnish = || {
            for file in ["f", "d/inside"] {
                server.put(&account, file, b"hello");
            }
            std::fs::create_dir_all(server.home(&account).join("empty")).unwrap();
        };
        furnish();
        let told = [
            fact_perm(&mut ftp, "f").await,
            fact_perm(&mut ftp, "d").await,
        ];
        let Some([file, folder]) = both(told) else {
            assert_eq!(permissions, PermissionProfile::UploadOnly);
            continue;
        };

        for (letter, command) in [
            ('a', "APPE f"),
            ('r', "RETR f"),
            ('w', "STOR f"),
            ('f', "RNFR f"),
            ('d', "DELE f"),
        ] {
            furnish();
            let is_obeyed = is_obeyed(&mut ftp, command).await;
            assert_eq!(
                is_obeyed,
                file.contains(letter),
                "{permissions:?} {command}"
            );
        }
        for (letter, command) in [
            ('c', "STOR d/new"),
            ('e', "CWD /d"),
            ('f', "RNFR /d"),
            ('l', "LIST /d"),
            ('m', "MKD /d/sub"),
            ('p', "DELE /d/inside"),
            ('d', "RMD /empty"),
        ] {
            furnish();
            let is_obeyed = is_obeyed(&mut ftp, command).await;
            assert_eq!(
                is_obeyed,
                folder.contains(letter),
                "{permissions:?} {command}"
            );
            ftp.expect("CWD /", 250).await;
        }
    }
}

async fn fact_perm(ftp: &mut FtpClient, name: &str) -> Option<String> {
    let reply = ftp.say(&format!("MLST {name}")).await;
    let (_, perm) = reply.lines.get(1)?.split_once("perm=")?;
    perm.split_once(';').map(|(perm, _)| perm.to_owned())
}

fn both(told: [Option<String>; 2]) -> Option<[String; 2]> {
    match told {
        [Some(file), Some(folder)] => Some([file, folder]),
        _ => None,
    }
}

/// Whether a command is obeyed; a transfer is carried out.
async fn is_obeyed(ftp: &mut FtpClient, command: &str) -> bool {
    let data = ftp.open_data().await;
    let reply = ftp.say(command).await;
    if reply.code == 550 {
        return false;
    }
    if reply.code == 150 {
        Pipe::Plain(data).finish().await;
        ftp.expect_reply(226).await;
    }
    true
}

/// AUT-07: an unknown name costs what a wrong password costs; AUT-12: and so does the right one of an
/// account that may not be used, although it was verified lately.
#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let server = TestServer::start().await;
    server.account("alice").await;
    let expired = server.account("expired").await;
    server.login("expired").await;
    let long_ago = quaymaster::clock::Timestamp::from_seconds(1);
    server
        .rule(&expired, |rules| rules.login.expires_at = Some(long_ago))
        .await;
    let mut times: [Vec<Duration>; 3] = Default::default();

    for round in 0..u8::try_from(rounds(10, 20)).unwrap() {
        let wrong = format!("wrong {round}");
        let tries = [
            ("alice", &*wrong),
            ("nobody", &*wrong),
            ("expired", PASSWORD),
        ];
        for (which, (name, password)) in tries.into_iter().enumerate() {
            let password = quaymaster::model::Secret::new(password.to_owned());
            let who = Circumstances {
                from: [127, 1, round, u8::try_from(which).unwrap() + 1].into(),
                encrypted: true,
            };
            let since = std::time::Instant::now();
            let verified = server.app().logins.verify(name, &password, who).await;
            times[which].push(since.elapsed());
            assert!(verified.is_err());
        }
    }

    // The least of each: what other tests do meanwhile only ever adds. Without its hash, an unknown
    // name is answered a hundred times faster.
    let [wrong, unknown, expired] =
        times.map(|times| times.into_iter().min().unwrap().as_secs_f64());
    assert!((0.3..3.0).contains(&(unknown / wrong)), "{unknown} {wrong}");
    assert!((0.3..3.0).contains(&(expired / wrong)), "{expired} {wrong}");
    let mut replies = Vec::new();
    for name in ["alice", "nobody"] {
        let mut ftp = server.connect().await;
        let name = ftp.say(&format!("USER {name}")).await;
        replies.push((name, ftp.say("PASS wrong").await));
    }
    assert_eq!(replies[0], replies[1]);
}

/// AUT-08, AUT-09.
#[tokio::test]
async fn spaces_belong_to_a_password_and_nothing_is_no_password() {
    let server = TestServer::start().await;
    let alice = server.account("alice").await;
    let password = quaymaster::model::Secret::new(" spaces around it ".to_owned());
    let actor = quaymaster::model::Actor::system();
    let accounts = &server.app().accounts;
    accounts
        .set_password(&actor, alice.id, password)
        .await
        .unwrap();

    let mut waiting = Vec::new();
    for wrong in ["PASS spaces around it", "PASS ", "PASS"] {
        let mut ftp = server.connect().await;
        ftp.expect("USER alice", 331).await;
        ftp.send(format!("{wrong}\r\n")).await;
        waiting.push(ftp);
    }
    for mut ftp in waiting {
        ftp.expect_reply(530).await;
    }
    let mut ftp = server.connect().await;
    ftp.expect("USER alice", 331).await;

    ftp.expect("PASS  spaces around it ", 230).await;
}
