//! The rules of a session: what is admitted when, and what one command leaves behind for the next
//! (RFC 959 §5.4 and §6, RFC 2228, RFC 4217, RFC 3659 §5). No clock, no sockets, no account.

use crate::model::{PathError, VirtualPath};
use crate::proto::argument::Pathname;
use crate::proto::checksum::Algorithm;
use crate::proto::command::{Command, Refused, Who};
use crate::proto::facts::Facts;
use crate::proto::host::HostArgument;
use crate::proto::parameter::{OptsArgument, TransferType};
use crate::proto::policy::{AsciiMode, Policy, TlsPolicy};
use crate::proto::refusal::{auth_first, not_logged_in, rnfr_first, tls_required};
use crate::proto::reply::{Code, Reply};
use crate::proto::security::ProtectionLevel;
use crate::proto::standing::Standing;

/// What one control connection has agreed on so far.
#[derive(Clone, Debug)]
pub struct Session {
    policy: Policy,
    phase: Phase,
    encrypted: bool,
    buffer_size_given: bool,
    protection: ProtectionLevel,
    transfer_type: TransferType,
    facts: Facts,
    algorithm: Algorithm,
    host: Option<HostArgument>,
    only_epsv: bool,
    cwd: VirtualPath,
    standing: Standing,
}

/// How far the login has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// No user.
    NoAuth,
    /// A name was given; the password is awaited, or is being verified.
    UserGiven,
    /// Logged in.
    Ready,
}

impl Session {
    /// A session at its greeting. With [`TlsPolicy::Implicit`] the handshake has taken place.
    pub fn new(policy: Policy) -> Self {
        let implicit = policy.tls == TlsPolicy::Implicit;
        Self {
            policy,
            phase: Phase::NoAuth,
            encrypted: implicit,
            buffer_size_given: implicit,
            protection: if implicit {
                ProtectionLevel::Private
            } else {
                ProtectionLevel::Clear
            },
            transfer_type: TransferType::default(),
            facts: Facts::default(),
            algorithm: Algorithm::default(),
            host: None,
            only_epsv: false,
            cwd: VirtualPath::root(),
            standing: Standing::default(),
        }
    }

    /// Decides whether `command` may be obeyed now, and lets what earlier commands prepared lapse
    /// or pass to this one.
    ///
    /// `USER` on a plain connection that should be encrypted is admitted here: whether the name is
    /// an exception is asked outside and answered to [`Session::user_given`]. Refused or not, a
    /// command that moves data uses up the data connection that was prepared; the caller drops it.
    ///
    /// # Errors
    ///
    /// The refusal: 431, 501, 502, 503, 521, 530, 533, 534, 536 or 550.
    pub fn admit(&mut self, command: &Command) -> Result<(), Reply> {
        let keeps_restart = command.spec().keeps_restart && !self.changes_type(command);
        self.standing.pass_on(Some(command.spec()), keeps_restart);
        self.check_login(command)?;
        self.check_order(command)?;
        if command.spec().opens_data {
            self.policy.check_data(self.protection)?;
        }
        Ok(())
    }

    /// The reply to a line that is no command. Whoever is not logged in hears so first.
    pub fn refuse(&mut self, refused: &Refused) -> Reply {
        self.standing.pass_on(refused.spec, false);
        match refused.spec {
            Some(spec) if spec.who != Who::Anyone && self.phase != Phase::Ready => not_logged_in(),
            _ => refused.error.reply(),
        }
    }

    /// Takes a name: whoever was logged in is not any more. `exception` says whether this name may
    /// log in on a plain connection although encryption is required.
    ///
    /// # Errors
    ///
    /// 530 if encryption comes first; the session has no user then.
    pub fn user_given(&mut self, exception: bool) -> Result<(), Reply> {
        self.forget_user();
        if self.needs_tls() && !exception {
            return Err(tls_required());
        }
        self.phase = Phase::UserGiven;
        Ok(())
    }

    /// The password was right.
    pub fn log_in(&mut self) {
        self.forget_user();
        self.phase = Phase::Ready;
    }

    /// The password was wrong, or another login begins. The parameters stay.
    pub fn forget_user(&mut self) {
        self.phase = Phase::NoAuth;
        self.cwd = VirtualPath::root();
        self.standing = Standing::default();
    }

    /// The handshake after `AUTH` succeeded: everything starts afresh (RFC 4217 §4.2) but the chosen
    /// host (RFC 7151 §3.2.2).
    pub fn start_tls(&mut self) {
        *self = Self {
            encrypted: true,
            host: self.host.take(),
            ..Self::new(self.policy)
        };
    }

    /// `REIN`: as after the greeting.
    pub fn reinitialize(&mut self) {
        *self = Self::new(self.policy);
    }

    /// Puts another policy in force: the settings changed, or somebody logged in.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// `CWD` succeeded.
    pub fn set_cwd(&mut self, cwd: VirtualPath) {
        self.cwd = cwd;
    }

    /// `TYPE`.
    pub fn set_type(&mut self, transfer_type: TransferType) -> Reply {
        self.transfer_type = transfer_type;
        Reply::new(
            Code::CommandOkay,
            format!("Type set to {}.", transfer_type.letter()),
        )
    }

    /// `PBSZ`.
    pub fn set_buffer_size(&mut self) -> Reply {
        self.buffer_size_given = true;
        Reply::new(Code::CommandOkay, "PBSZ=0")
    }

    /// `PROT`, after [`Session::admit`].
    pub fn set_protection(&mut self, level: ProtectionLevel) -> Reply {
        self.protection = level;
        Reply::new(
            Code::CommandOkay,
            format!("Protection level set to {}.", level.letter()),
        )
    }

    /// `OPTS`.
    pub fn set_option(&mut self, option: OptsArgument) -> Reply {
        let text = match option {
            OptsArgument::Hash(wanted) => {
                self.algorithm = wanted.unwrap_or(self.algorithm);
                self.algorithm.name().to_owned()
            }
            OptsArgument::Utf8 => "UTF8 enabled.".to_owned(),
            OptsArgument::Mlst(facts) => {
                self.facts = facts;
                format!("MLST OPTS {}", facts.selected())
                    .trim_end()
                    .to_owned()
            }
        };
        Reply::new(Code::CommandOkay, text)
    }

    /// `HOST`: this host is known here and chosen.
    pub fn choose_host(&mut self, host: HostArgument) -> Reply {
        self.host = Some(host);
        Reply::new(Code::ServiceReady, "Host accepted.")
    }

    /// `EPSV ALL`.
    pub fn set_only_epsv(&mut self) -> Reply {
        self.only_epsv = true;
        Reply::new(Code::CommandOkay, "EPSV ALL accepted.")
    }

    /// `REST`: the next transfer begins at `offset` bytes.
    pub fn restart_at(&mut self, offset: u64) -> Reply {
        self.standing.restart_at(offset);
        Reply::new(
            Code::PendingFurtherInformation,
            format!("Restarting at {offset}. Send STOR, APPE or RETR."),
        )
    }

    /// `ALLO`: the next upload is announced with so many bytes.
    pub fn announce(&mut self, bytes: u64) -> Reply {
        self.standing.announce(bytes);
        Reply::new(Code::CommandOkay, "ALLO OK.")
    }

    /// `RNFR`: `path` exists and may be renamed.
    pub fn rename_from(&mut self, path: VirtualPath) -> Reply {
        self.standing.rename_from(path);
        Reply::new(Code::PendingFurtherInformation, "Ready for RNTO.")
    }

    /// The offset in bytes that the admitted transfer begins at; 0 without `REST`. Asked once.
    pub fn take_restart(&mut self) -> u64 {
        self.standing.take_restart()
    }

    /// The size in bytes that was announced for the admitted transfer. Asked once.
    pub fn take_allocation(&mut self) -> Option<u64> {
        self.standing.take_allocation()
    }

    /// What the admitted `RNTO` renames. Asked once.
    ///
    /// # Errors
    ///
    /// 503 if nothing was named.
    pub fn take_rename_from(&mut self) -> Result<VirtualPath, Reply> {
        self.standing.take_rename_from().ok_or_else(rnfr_first)
    }

    /// What `pathname` means here.
    ///
    /// # Errors
    ///
    /// [`PathError`]; the peer hears 501.
    pub fn resolve(&self, pathname: &Pathname) -> Result<VirtualPath, PathError> {
        self.cwd.resolve(pathname.as_str())
    }

    /// The answer to `PWD`; a `"` in the name is doubled (RFC 959 appendix II).
    pub fn pwd(&self) -> Reply {
        Reply::new(
            Code::PathnameCreated,
            format!("{} is the current directory", quoted(&self.cwd)),
        )
    }

    /// The current directory.
    pub fn cwd(&self) -> &VirtualPath {
        &self.cwd
    }

    /// How far the login has come.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the control connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether the next data connection is to be encrypted.
    pub fn protects_data(&self) -> bool {
        self.protection == ProtectionLevel::Private
    }

    /// The protection of data connections.
    pub fn protection(&self) -> ProtectionLevel {
        self.protection
    }

    /// The type of transfers.
    pub fn transfer_type(&self) -> TransferType {
        self.transfer_type
    }

    /// Whether line ends are converted in files: `TYPE A`, unless the policy makes it binary.
    pub fn converts_lines(&self) -> bool {
        self.transfer_type == TransferType::Ascii && self.policy.ascii == AsciiMode::Convert
    }

    /// The facts in `MLST` and `MLSD`.
    pub fn facts(&self) -> Facts {
        self.facts
    }

    /// What `HASH` computes.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The host that was chosen with `HOST`.
    pub fn host(&self) -> Option<&HostArgument> {
        self.host.as_ref()
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Whether `AUTH` is offered, and with it `PBSZ` and `PROT`.
    pub fn offers_tls(&self) -> bool {
        self.policy.offers_tls()
    }

    fn changes_type(&self, command: &Command) -> bool {
        matches!(command, Command::Type(wanted) if *wanted != self.transfer_type)
    }

    /// Who is it, and may anybody be it on this connection?
    fn check_login(&self, command: &Command) -> Result<(), Reply> {
        let ready = self.phase == Phase::Ready;
        match command {
            Command::Pass(_) | Command::Acct(_) if self.phase == Phase::NoAuth => {
                Err(if self.needs_tls() {
                    tls_required()
                } else {
                    Reply::new(Code::BadSequence, "Login with USER first.")
                })
            }
            Command::Pass(_) if ready => Err(Reply::new(Code::BadSequence, "Already logged in.")),
            Command::Acct(_) if !ready => Err(Reply::new(Code::BadSequence, "Send PASS first.")),
            Command::Stat(Some(_))
            | Command::Opts(OptsArgument::Hash(_) | OptsArgument::Mlst(_))
                if !ready =>
            {
                Err(not_logged_in())
            }
            _ if !ready && command.spec().who != Who::Anyone => Err(not_logged_in()),
            _ => Ok(()),
        }
    }

    /// Does it fit what came before?
    fn check_order(&self, command: &Command) -> Result<(), Reply> {
        match command {
            Command::Host(_) if self.phase != Phase::NoAuth => {
                Err(Reply::new(Code::BadSequence, "HOST comes before USER."))
            }
            Command::Auth(_) if self.encrypted => {
                Err(Reply::new(Code::BadSequence, "Already protected by TLS."))
            }
            Command::Auth(_) => self.policy.check_auth(),
            Command::Pbsz(_) | Command::Prot(_) if !self.encrypted => Err(auth_first()),
            Command::Prot(_) if !self.buffer_size_given => {
                Err(Reply::new(Code::BadSequence, "Send PBSZ first."))
            }
            Command::Prot(level) => self.policy.check_prot(*level),
            Command::Ccc if self.encrypted => {
                Err(Reply::new(Code::RefusedByPolicy, "CCC refused by policy."))
            }
            Command::Ccc => Err(Reply::new(Code::ProtectionNeeded, "Not protected.")),
            Command::Rein if self.encrypted => Err(Reply::not_implemented()),
            Command::NotImplemented(_) => Err(Reply::not_implemented()),
            Command::Pasv | Command::Port(_) | Command::Eprt(_) if self.only_epsv => Err(
                Reply::new(Code::BadSequence, "Only EPSV is allowed after EPSV ALL."),
            ),
            Command::Port(_) | Command::Eprt(_) if !self.policy.active => {
                Err(Reply::not_implemented())
            }
            Command::Rnto(_) if !self.standing.renames() => Err(rnfr_first()),
            Command::Rest(offset) if *offset > 0 && self.converts_lines() => Err(Reply::new(
                Code::BadArgument,
                "REST not possible in ASCII mode.",
            )),
            Command::Size(_) if self.converts_lines() => Err(Reply::new(
                Code::FileUnavailable,
                "SIZE not allowed in ASCII mode.",
            )),
            _ => Ok(()),
        }
    }

    fn needs_tls(&self) -> bool {
        self.policy.tls == TlsPolicy::Required && !self.encrypted
    }
}

/// `path` in quotes, as `PWD` and `MKD` report it.
pub fn quoted(path: &VirtualPath) -> String {
    format!("\"{}\"", path.as_str().replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::command::SPECS;
    use crate::proto::line::LineBuffer;
    use crate::proto::policy::DataTlsPolicy;
    use proptest::prelude::*;

    /// Plays the part of the `ftp` room, for what needs no files.
    fn say(session: &mut Session, text: &str) -> u16 {
        answer(session, text).code().number()
    }

    fn answer(session: &mut Session, text: &str) -> Reply {
        let mut buffer = LineBuffer::new();
        buffer.extend(format!("{text}\r\n").as_bytes());
        let command = match Command::parse(&buffer.next_line().unwrap().unwrap()) {
            Ok(command) => command,
            Err(refused) => return session.refuse(&refused),
        };
        match session.admit(&command) {
            Ok(()) => obey(session, &command),
            Err(refusal) => refusal,
        }
    }

    fn obey(session: &mut Session, command: &Command) -> Reply {
        let okay = Reply::new(Code::CommandOkay, "OK.");
        match command {
            Command::User(_) => match session.user_given(false) {
                Ok(()) => Reply::new(Code::NeedPassword, "Password required."),
                Err(refusal) => refusal,
            },
            Command::Pass(_) => {
                session.log_in();
                Reply::new(Code::LoggedIn, "Login successful.")
            }
            Command::Type(wanted) => session.set_type(*wanted),
            Command::Pbsz(_) => session.set_buffer_size(),
            Command::Prot(level) => session.set_protection(*level),
            Command::Opts(option) => session.set_option(*option),
            Command::Epsv(crate::proto::endpoint::EpsvArgument::All) => session.set_only_epsv(),
            Command::Rest(offset) => session.restart_at(*offset),
            Command::Allo(announced) => session.announce(announced.0),
            Command::Rnfr(pathname) => {
                let path = session.resolve(pathname).unwrap();
                session.rename_from(path)
            }
            Command::Pwd => session.pwd(),
            _ => okay,
        }
    }

    fn stranger(tls: TlsPolicy) -> Session {
        Session::new(Policy {
            tls,
            ..Policy::default()
        })
    }

    fn member() -> Session {
        let mut session = stranger(TlsPolicy::Optional);
        session.log_in();
        session.set_type(TransferType::Image);
        session
    }

    fn encrypted_member(data_tls: DataTlsPolicy) -> Session {
        let mut session = Session::new(Policy {
            data_tls,
            ..Policy::default()
        });
        session.start_tls();
        session.log_in();
        session
    }

    /// A line that is well formed, for every row.
    fn sample(verb: &str) -> String {
        let argument = match verb {
            "AUTH" => "TLS",
            "PBSZ" | "REST" | "ALLO" => "0",
            "PROT" => "P",
            "TYPE" => "I",
            "STRU" => "F",
            "MODE" => "S",
            "PORT" => "127,0,0,1,8,0",
            "EPRT" => "|1|127.0.0.1|2048|",
            "OPTS" => "UTF8 ON",
            "MFMT" => "20240101000000 f",
            "SITE" | "HELP" => "HELP",
            "LANG" => "en",
            "CDUP" | "REIN" | "QUIT" | "CCC" | "PASV" | "ABOR" | "PWD" | "SYST" | "FEAT"
            | "STAT" | "EPSV" => "",
            _ => "x",
        };
        format!("{verb} {argument}")
    }

    #[test]
    fn a_stranger_is_admitted_to_the_open_verbs_only() {
        let open = [
            "USER", "PASS", "ACCT", "AUTH", "PBSZ", "PROT", "FEAT", "OPTS", "CLNT", "LANG", "SYST",
            "HELP", "NOOP", "QUIT", "REIN", "STAT", "HOST",
        ];
        for spec in SPECS {
            for verb in spec.verbs.iter().filter(|verb| **verb != "NOP") {
                let code = say(&mut stranger(TlsPolicy::Optional), &sample(verb));
                assert_eq!(code == 530, !open.contains(verb), "{verb}: {code}");
                assert_eq!(code == 530, spec.who != Who::Anyone, "{verb}: {code}");
            }
        }
    }

    #[test]
    fn a_stranger_hears_about_the_login_before_the_syntax() {
        for text in [
            "STOR",
            "MKD",
            "TYPE Q",
            "SITE CPFR /etc/passwd",
            "SITE HELP",
            "STAT /",
            "OPTS MLST type;",
            "OPTS HASH",
            "MFF x",
            "SMNT x",
            "ABOR",
        ] {
            assert_eq!(say(&mut stranger(TlsPolicy::Optional), text), 530, "{text}");
        }
        assert_eq!(say(&mut stranger(TlsPolicy::Optional), "FOO"), 500);
        assert_eq!(say(&mut stranger(TlsPolicy::Optional), "FEAT x"), 501);
        assert_eq!(say(&mut stranger(TlsPolicy::Optional), "HOST a:1"), 501);
    }

    #[test]
    fn half_a_login_opens_nothing() {
        let mut session = member();

        assert_eq!(say(&mut session, "USER u2"), 331);
        assert_eq!(say(&mut session, "LIST"), 530);
        assert_eq!(session.phase(), Phase::UserGiven);
    }

    #[test]
    fn a_login_goes_user_then_pass() {
        let mut session = stranger(TlsPolicy::Optional);

        assert_eq!(say(&mut session, "PASS x"), 503);
        assert_eq!(say(&mut session, "ACCT x"), 503);
        assert_eq!(say(&mut session, "USER u1"), 331);
        assert_eq!(say(&mut session, "ACCT x"), 503);
        assert_eq!(say(&mut session, "USER u1"), 331);
        assert_eq!(say(&mut session, "PASS pw"), 230);
        assert_eq!(answer(&mut session, "PASS pw").text(), "Already logged in.");
    }

    #[test]
    fn another_user_begins_at_the_root_and_keeps_the_parameters() {
        let mut session = member();
        session.set_cwd(VirtualPath::root().resolve("d").unwrap());
        say(&mut session, "RNFR f");

        say(&mut session, "USER u2");
        session.log_in();

        assert!(session.cwd().is_root());
        assert_eq!(say(&mut session, "RNTO g"), 503);
        assert_eq!(session.transfer_type(), TransferType::Image);
    }

    #[test]
    fn a_failed_login_begins_again_with_user() {
        let mut session = stranger(TlsPolicy::Optional);
        say(&mut session, "USER u1");
        session.forget_user();

        assert_eq!(say(&mut session, "PASS x"), 503);
    }

    #[test]
    fn where_encryption_is_required_no_password_is_asked_for_in_the_clear() {
        let mut session = stranger(TlsPolicy::Required);

        for text in ["USER u1", "PASS x", "ACCT x"] {
            let reply = answer(&mut session, text);
            assert_eq!(reply, tls_required(), "{text}");
        }
        for text in ["FEAT", "HELP", "NOOP", "QUIT", "SYST"] {
            assert_eq!(say(&mut session, text), 200, "{text}");
        }
        session.start_tls();
        assert_eq!(say(&mut session, "USER u1"), 331);
    }

    #[test]
    fn a_name_with_an_exception_may_log_in_on_a_plain_connection() {
        let mut session = stranger(TlsPolicy::Required);

        assert_eq!(session.user_given(true), Ok(()));
        assert_eq!(say(&mut session, "PASS x"), 230);
        assert!(session.user_given(false).is_err());
        assert_eq!(session.phase(), Phase::NoAuth);
    }

    #[test]
    fn auth_is_answered_by_what_the_listener_offers() {
        let policy = Policy::default();
        for (tls, certificate, code) in [
            (TlsPolicy::Optional, true, 200),
            (TlsPolicy::Required, true, 200),
            (TlsPolicy::Optional, false, 431),
            (TlsPolicy::Off, true, 502),
            (TlsPolicy::Implicit, true, 503),
        ] {
            let mut session = Session::new(Policy {
                tls,
                certificate,
                ..policy
            });
            assert_eq!(say(&mut session, "AUTH TLS"), code, "{tls:?}");
        }
        let mut session = stranger(TlsPolicy::Optional);
        assert_eq!(say(&mut session, "AUTH KERBEROS"), 504);
        assert_eq!(say(&mut session, "AUTH"), 501);
        session.start_tls();
        assert_eq!(say(&mut session, "AUTH TLS"), 503);
    }

    #[test]
    fn the_handshake_forgets_everything() {
        let mut session = member();
        session.set_cwd(VirtualPath::root().resolve("d").unwrap());
        for text in ["EPSV ALL", "OPTS MLST size;", "REST 5"] {
            say(&mut session, text);
        }

        session.start_tls();

        assert_eq!(session.phase(), Phase::NoAuth);
        assert!(session.cwd().is_root() && session.is_encrypted());
        assert_eq!(session.transfer_type(), TransferType::Ascii);
        assert_eq!(session.facts(), Facts::default());
        session.log_in();
        assert_eq!(say(&mut session, "PASV"), 200);
    }

    #[test]
    fn protection_goes_auth_then_pbsz_then_prot() {
        let mut session = stranger(TlsPolicy::Optional);
        assert_eq!(say(&mut session, "PBSZ 0"), 503);
        assert_eq!(say(&mut session, "PROT P"), 503);
        session.start_tls();
        assert_eq!(say(&mut session, "PROT P"), 503);
        for (text, code) in [("PBSZ x", 501), ("PBSZ 4294967296", 501), ("PBSZ 0", 200)] {
            assert_eq!(say(&mut session, text), code, "{text}");
        }
        for (text, code) in [
            ("PROT S", 536),
            ("PROT E", 536),
            ("PROT X", 504),
            ("PROT C", 200),
            ("PROT P", 200),
        ] {
            assert_eq!(say(&mut session, text), code, "{text}");
        }
        assert!(session.protects_data());
    }

    #[test]
    fn an_implicit_connection_protects_data_from_the_start() {
        let session = stranger(TlsPolicy::Implicit);

        assert!(session.is_encrypted() && session.protects_data());
    }

    #[test]
    fn data_is_protected_as_the_policy_says() {
        for (data_tls, prot_c, prot_p, clear, private) in [
            (DataTlsPolicy::Follow, 200, 200, 200, 200),
            (DataTlsPolicy::RequirePrivate, 534, 200, 521, 200),
            (DataTlsPolicy::ClearOnly, 200, 534, 200, 521),
        ] {
            let mut session = encrypted_member(data_tls);
            say(&mut session, "PBSZ 0");
            assert_eq!(say(&mut session, "PROT C"), prot_c, "{data_tls:?}");
            assert_eq!(say(&mut session, "LIST"), clear, "{data_tls:?}");
            assert_eq!(say(&mut session, "EPSV"), 200, "{data_tls:?}");
            assert_eq!(say(&mut session, "PROT P"), prot_p, "{data_tls:?}");
            session.set_protection(ProtectionLevel::Private);
            assert_eq!(say(&mut session, "RETR f"), private, "{data_tls:?}");
        }
    }

    #[test]
    fn encryption_is_never_given_up() {
        let mut session = encrypted_member(DataTlsPolicy::Follow);
        assert_eq!(say(&mut session, "CCC"), 534);
        assert_eq!(say(&mut session, "REIN"), 502);
        assert!(session.is_encrypted());

        assert_eq!(say(&mut member(), "CCC"), 533);
        assert_eq!(say(&mut member(), "REIN"), 200);
    }

    #[test]
    fn after_reinitialization_the_session_is_new() {
        let mut session = member();
        session.reinitialize();

        assert_eq!(say(&mut session, "PWD"), 530);
        assert_eq!(session.transfer_type(), TransferType::Ascii);
    }

    #[test]
    fn epsv_all_ends_every_other_way() {
        let mut session = member();
        for (text, code) in [
            ("EPSV ALL", 200),
            ("PASV", 503),
            ("PORT 127,0,0,1,8,0", 503),
            ("EPRT |1|127.0.0.1|2048|", 503),
            ("EPSV", 200),
            ("ABOR", 200),
            ("PASV", 503),
        ] {
            assert_eq!(say(&mut session, text), code, "{text}");
        }
    }

    #[test]
    fn active_mode_can_be_switched_off() {
        let mut session = Session::new(Policy {
            active: false,
            ..Policy::default()
        });
        session.log_in();

        assert_eq!(say(&mut session, "PORT 127,0,0,1,8,0"), 502);
        assert_eq!(say(&mut session, "EPRT |1|127.0.0.1|2048|"), 502);
        assert_eq!(say(&mut session, "PASV"), 200);
    }

    #[test]
    fn a_host_survives_auth_and_nothing_else() {
        let host = HostArgument::Name("a.test".to_owned());
        let mut session = stranger(TlsPolicy::Optional);
        session.choose_host(host.clone());

        session.start_tls();
        assert_eq!(session.host(), Some(&host));
        session.reinitialize();

        assert_eq!(session.host(), None);
        assert_eq!(say(&mut member(), "HOST a.test"), 503);
    }

    #[test]
    fn verbs_that_are_not_built_are_refused_as_such() {
        for verb in ["SMNT", "ADAT", "MFCT", "LPRT", "CPSV", "MD5", "COMB"] {
            assert_eq!(say(&mut member(), verb), 502, "{verb}");
        }
    }

    #[test]
    fn a_restart_survives_what_prepares_the_transfer() {
        for between in [
            "NOOP",
            "PASV",
            "EPSV",
            "PORT 127,0,0,1,8,0",
            "TYPE I",
            "ALLO 9",
            "EPRT |1|127.0.0.1|2048|",
        ] {
            let mut session = member();
            assert_eq!(say(&mut session, "REST 2"), 350);
            say(&mut session, between);
            say(&mut session, "RETR f.txt");
            assert_eq!(session.take_restart(), 2, "{between}");
        }
    }

    #[test]
    fn a_restart_lapses_by_anything_else() {
        for between in [
            "CWD /", "TYPE A", "SIZE f", "FOO", "STOR", "SMNT", "LIST", "RETR f", "ABOR", "PWD",
            "TYPE Q",
        ] {
            let mut session = member();
            say(&mut session, "REST 2");
            say(&mut session, between);
            say(&mut session, "RETR f.txt");
            assert_eq!(session.take_restart(), 0, "{between}");
        }
    }

    #[test]
    fn a_refused_transfer_consumes_restart_and_announcement() {
        let mut session = encrypted_member(DataTlsPolicy::RequirePrivate);
        session.set_type(TransferType::Image);
        say(&mut session, "PBSZ 0");
        say(&mut session, "ALLO 100");
        say(&mut session, "REST 2");
        assert_eq!(say(&mut session, "STOR f"), 521);
        say(&mut session, "PROT P");

        assert_eq!(say(&mut session, "STOR f"), 200);
        assert_eq!(
            (session.take_restart(), session.take_allocation()),
            (0, None)
        );
    }

    #[test]
    fn what_was_handed_over_is_handed_over_once() {
        let mut session = member();
        say(&mut session, "ALLO 100");
        say(&mut session, "REST 2");
        say(&mut session, "STOR f");

        assert_eq!(
            (session.take_restart(), session.take_allocation()),
            (2, Some(100))
        );
        assert_eq!(
            (session.take_restart(), session.take_allocation()),
            (0, None)
        );
    }

    #[test]
    fn what_a_handler_did_not_take_is_gone_with_the_next_command() {
        let mut session = member();
        say(&mut session, "REST 2");
        say(&mut session, "RETR missing");
        say(&mut session, "EPSV");
        say(&mut session, "RETR f");

        assert_eq!(session.take_restart(), 0);
    }

    #[test]
    fn in_ascii_a_restart_is_refused_unless_it_is_zero() {
        let mut session = member();
        say(&mut session, "TYPE A");
        assert_eq!(say(&mut session, "REST 0"), 350);
        assert_eq!(say(&mut session, "REST 5"), 501);
        assert_eq!(say(&mut session, "SIZE f"), 550);

        let mut binary = Session::new(Policy {
            ascii: AsciiMode::Binary,
            ..Policy::default()
        });
        binary.log_in();
        assert_eq!(say(&mut binary, "REST 5"), 350);
        assert_eq!(say(&mut binary, "SIZE f"), 200);
        assert!(!binary.converts_lines());
    }

    #[test]
    fn rnto_follows_rnfr_with_at_most_a_noop_between() {
        let mut session = member();
        assert_eq!(say(&mut session, "RNTO g"), 503);
        assert_eq!(say(&mut session, "RNFR f"), 350);
        assert_eq!(say(&mut session, "NOOP"), 200);
        assert_eq!(say(&mut session, "RNTO g"), 200);
        assert_eq!(session.take_rename_from().unwrap().as_str(), "/f");
        assert_eq!(say(&mut session, "RNTO g"), 503);
        for between in ["PWD", "FOO", "RNTO", "PASV"] {
            say(&mut session, "RNFR f");
            say(&mut session, between);
            assert_eq!(say(&mut session, "RNTO g"), 503, "{between}");
        }
    }

    #[test]
    fn options_are_told_back() {
        let mut session = member();
        for (text, told) in [
            ("OPTS UTF8 ON", "UTF8 enabled."),
            ("OPTS MLST size;bogus;MODIFY;", "MLST OPTS size;modify;"),
            ("OPTS MLST", "MLST OPTS"),
        ] {
            assert_eq!(
                answer(&mut session, text),
                Reply::new(Code::CommandOkay, told)
            );
        }
        assert_eq!(session.facts(), Facts::NONE);
    }

    #[test]
    fn quotes_in_a_directory_are_doubled() {
        let mut session = member();
        session.set_cwd(VirtualPath::root().resolve("a\"b").unwrap());

        assert_eq!(
            answer(&mut session, "PWD").text(),
            "\"/a\"\"b\" is the current directory"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_said_a_stranger_stays_outside(lines in prop::collection::vec(
            (0..SPECS.len(), "[a-z0-9 /,|;]{0,12}"), 0..20)) {
            let mut session = stranger(TlsPolicy::Required);
            for (index, argument) in lines {
                let code = say(&mut session, &format!("{} {argument}", SPECS[index].verb()));
                prop_assert!(code != 230 && session.phase() == Phase::NoAuth);
            }
        }
    }
}
