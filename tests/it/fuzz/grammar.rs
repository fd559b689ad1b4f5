//! The grammar of commands, and the rules of a session that is fed with them in any order.

use bytes::BytesMut;
use quaymaster::proto::policy::{AsciiMode, DataTlsPolicy, TlsPolicy};
use quaymaster::proto::{
    Code, Command, Pathname, Phase, Policy, Refused, Reply, SPECS, Session, SyntaxError, Who,
};

use super::feed::{Feed, line, run};

const STRANGE_VERBS: [&str; 12] = [
    "",
    "X",
    "NOOPE",
    "USERS",
    "XSHA1X",
    "SPSV",
    "ADAT",
    "MD5",
    "P@SW",
    "ü",
    "SITE\u{a0}HELP",
    "-",
];

const FRAGMENTS: [&str; 56] = [
    "/",
    "..",
    "../",
    "./",
    "//",
    "a",
    "a/b",
    " ",
    "  ",
    "-",
    "-la",
    "-R ",
    "-- ",
    "*",
    "?",
    "[a-z]",
    "[",
    "\"",
    "'",
    "\\",
    "ü",
    "\u{202e}",
    "\u{feff}",
    "%s%n",
    "20240229120000",
    "202402291200",
    ".5",
    "UTC",
    "Modify=",
    "UNIX.mode=",
    "=",
    ";",
    "0777",
    "644",
    "4755",
    "R 8",
    "|1|127.0.0.1|5000|",
    "|2|::1|5000|",
    "127,0,0,1,4,5",
    "ALL",
    "TLS",
    "TLS-C",
    "SSL",
    "MLST ",
    "type;size;",
    "UTF8 ON",
    "HASH SHA-256",
    "CHMOD ",
    "UTIME ",
    "QUOTA",
    "HELP",
    "0",
    "9223372036854775807",
    "18446744073709551616",
    "[::1]",
    "ftp.example.org.",
];

#[test]
fn every_line_is_a_command_or_refused_and_no_order_confuses_a_session() {
    run("grammar", |feed| {
        let mut session = Session::new(policy(feed));
        if feed.one_in(3) {
            session.start_tls();
        }
        if !feed.one_in(3) {
            session.log_in();
        }
        for _ in 0..=feed.below(6) {
            let verb = verb(feed);
            let typed = feed.in_any_case(&verb);
            let argument = argument(feed, &verb);
            let text = format!("{typed}{argument}");
            let Some(line) = line(&text) else {
                assert!(text.is_empty() || text.bytes().any(|byte| byte.is_ascii_control()));
                continue;
            };
            let typed = text.split(' ').next().unwrap_or_default();

            match Command::parse(&line) {
                Ok(command) => obey(feed, &mut session, &command, typed),
                Err(refused) => refuse(&mut session, &refused, typed),
            }
        }
    });
}

fn policy(feed: &mut Feed) -> Policy {
    use TlsPolicy::{Implicit, Off, Optional, Required};
    Policy {
        tls: feed.pick(&[Implicit, Off, Optional, Optional, Required]),
        certificate: !feed.one_in(4),
        data_tls: feed.pick(&[
            DataTlsPolicy::ClearOnly,
            DataTlsPolicy::Follow,
            DataTlsPolicy::RequirePrivate,
        ]),
        ascii: feed.pick(&[AsciiMode::Binary, AsciiMode::Convert]),
        active: !feed.one_in(4),
    }
}

fn verb(feed: &mut Feed) -> String {
    match feed.below(12) {
        0 => feed.pick(&STRANGE_VERBS).to_owned(),
        1 => feed.text(&STRANGE_VERBS, 3),
        // So that sessions come to something.
        2 => "USER".to_owned(),
        3 => "PASS".to_owned(),
        _ => {
            let spec = &SPECS[feed.below(SPECS.len())];
            feed.pick(spec.verbs).to_owned()
        }
    }
}

fn argument(feed: &mut Feed, verb: &str) -> String {
    match feed.below(10) {
        0 => String::new(),
        1 => " ".to_owned(),
        2 if feed.one_in(20) => format!(" {}", feed.pick(&FRAGMENTS).repeat(150)),
        2..6 => format!(" {}", feed.text(&FRAGMENTS, 6)),
        _ => {
            let path = feed.pick(&["a", "../ü", "/a b/", "x.tar.gz"]);
            fitting(feed, verb).replace('~', path)
        }
    }
}

/// What the verb wants to hear; `~` is a path.
fn fitting(feed: &mut Feed, verb: &str) -> &'static str {
    let fitting: &[&str] = match verb {
        "CDUP" | "XCUP" | "REIN" | "QUIT" | "CCC" | "PASV" | "ABOR" | "PWD" | "XPWD" | "FEAT"
        | "SYST" => &[""],
        "HOST" => &[" ftp.example.org", " 127.0.0.1", " [::1]"],
        "AUTH" => &[" TLS", " ssl"],
        "PBSZ" => &[" 0", " 16384"],
        "PROT" => &[" P", " C", " S", " E"],
        "TYPE" => &[" A", " I", " L 8", " A N"],
        "STRU" => &[" F"],
        "MODE" => &[" S"],
        "EPSV" => &["", " 1", " 2", " ALL"],
        "PORT" => &[" 127,0,0,1,200,10"],
        "EPRT" => &[" |1|127.0.0.1|51210|", " |2|::1|51210|"],
        "ALLO" => &[" 12", " 0 R 0"],
        "REST" => &[" 0", " 12"],
        "MDTM" => &[" ~", " 20240229120000 ~"],
        "MFMT" => &[" 20240229120000.25 ~"],
        "MFF" => &[
            " Modify=20240229120000;UNIX.mode=644; ~",
            " unix.MODE=0600; ~",
        ],
        "XCRC" | "XMD5" | "XSHA" | "XSHA1" | "XSHA256" | "XSHA512" => &[" ~", " \"~\" 0 9"],
        "SITE" => &[" CHMOD 644 ~", " HELP", " QUOTA", " UTIME 202402291200 ~"],
        "OPTS" => &[" UTF8 ON", " MLST size;modify;", " HASH", " HASH SHA-512"],
        "LANG" => &["", " en"],
        "LIST" | "NLST" | "STAT" => &["", " -la ~", " ~", " -R"],
        _ => &[" ~"],
    };
    feed.pick(fitting)
}

/// Takes a command as the server does.
fn obey(feed: &mut Feed, session: &mut Session, command: &Command, typed: &str) {
    let spec = command.spec();
    if let Command::NotImplemented(verb) = command {
        assert_eq!(typed.to_ascii_uppercase(), *verb);
    } else {
        assert!(spec.verbs.contains(&typed.to_ascii_uppercase().as_str()));
        assert_eq!(command.verb(), spec.verbs[0]);
    }
    if matches!(command, Command::Pass(_)) {
        assert_eq!(format!("{command:?}"), "Pass(Secret(…))");
    }
    if let Some(pathname) = pathname(command) {
        stays_inside(feed, session, pathname);
    }
    let phase = session.phase();
    match session.admit(command) {
        Ok(()) => {
            assert!(spec.who == Who::Anyone || phase == Phase::Ready, "{typed}");
            assert!(!matches!(command, Command::NotImplemented(_)));
            take_effect(feed, session, command);
        }
        Err(reply) => is_one_refusal(&reply),
    }
}

fn refuse(session: &mut Session, refused: &Refused, typed: &str) {
    let known = SPECS.iter().find(|spec| {
        let mut verbs = spec.verbs.iter();
        verbs.any(|verb| verb.eq_ignore_ascii_case(typed))
    });
    assert_eq!(refused.spec, known, "{typed}");
    assert_eq!(refused.error == SyntaxError::UnknownVerb, known.is_none());
    let reply = refused.error.reply();
    let codes = [
        Code::UnknownCommand,
        Code::BadArgument,
        Code::ParameterNotImplemented,
    ];
    assert!(codes.contains(&reply.code()), "{reply:?}");
    is_one_refusal(&reply);
    is_one_refusal(&session.refuse(refused));
}

/// No path leads out, whatever it is made of.
fn stays_inside(feed: &mut Feed, session: &mut Session, pathname: &Pathname) {
    assert!(!pathname.as_str().is_empty());
    let Ok(path) = session.resolve(pathname) else {
        return;
    };
    assert!(path.as_str().starts_with('/'));
    let mut components = path.as_str().split('/').skip(1);
    assert!(path.is_root() || components.all(|name| !["", ".", ".."].contains(&name)));
    if feed.one_in(2) {
        session.set_cwd(path);
        is_one_line(&session.pwd());
    }
}

/// What an admitted command changes for those that follow.
fn take_effect(feed: &mut Feed, session: &mut Session, command: &Command) {
    match command {
        Command::User(_) => {
            let _refused = session
                .user_given(feed.one_in(2))
                .map_err(|no| is_one_refusal(&no));
        }
        Command::Pass(_) if feed.one_in(8) => session.forget_user(),
        Command::Pass(_) => session.log_in(),
        Command::Rein => session.reinitialize(),
        Command::Auth(_) => session.start_tls(),
        Command::Pbsz(_) => is_one_line(&session.set_buffer_size()),
        Command::Prot(level) => is_one_line(&session.set_protection(*level)),
        Command::Type(wanted) => is_one_line(&session.set_type(*wanted)),
        Command::Opts(option) => is_one_line(&session.set_option(*option)),
        Command::Host(host) => is_one_line(&session.choose_host(host.clone())),
        Command::Rest(offset) => is_one_line(&session.restart_at(*offset)),
        Command::Allo(size) => is_one_line(&session.announce(size.0)),
        Command::Rnfr(pathname) => {
            if let Ok(path) = session.resolve(pathname) {
                is_one_line(&session.rename_from(path));
            }
        }
        Command::Rnto(_) => {
            assert!(session.take_rename_from().is_ok(), "it was admitted");
            assert!(session.take_rename_from().is_err(), "once");
        }
        Command::Retr(_) | Command::Stor(_) | Command::Appe(_) => {
            let _offset = session.take_restart();
            let _announced = session.take_allocation();
            assert_eq!(
                (session.take_restart(), session.take_allocation()),
                (0, None)
            );
        }
        _ => {}
    }
}

fn pathname(command: &Command) -> Option<&Pathname> {
    match command {
        Command::Retr(path)
        | Command::Stor(path)
        | Command::Appe(path)
        | Command::Dele(path)
        | Command::Rmd(path)
        | Command::Mkd(path)
        | Command::Size(path)
        | Command::Hash(path)
        | Command::Rnfr(path)
        | Command::Rnto(path) => Some(path),
        Command::Cwd(path) | Command::Mlst(path) | Command::Mlsd(path) | Command::Stou(path) => {
            path.as_ref()
        }
        Command::List(list) | Command::Nlst(list) | Command::Stat(Some(list)) => {
            list.pathname.as_ref()
        }
        Command::Mdtm(argument) => Some(&argument.literal),
        Command::Mfmt(argument) => Some(&argument.pathname),
        Command::Mff(argument) => Some(&argument.pathname),
        _ => None,
    }
}

fn is_one_refusal(reply: &Reply) {
    assert!(reply.code().is_failure(), "{reply:?}");
    is_one_line(reply);
}

/// Nobody can make the server say two things.
fn is_one_line(reply: &Reply) {
    let mut wire = BytesMut::new();
    reply.encode(&mut wire);
    assert!(wire.len() <= Reply::LINE_LIMIT_BYTES);
    let text = std::str::from_utf8(&wire).expect("text");
    let text = text.strip_suffix("\r\n").expect("an end");
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(text.starts_with(&format!("{} ", reply.code().number())));
}
