//! The rules of a session: what is admitted when, and what one command leaves behind for the next
//! (RFC 959 §5.4 and §6, RFC 2228, RFC 4217, RFC 3659 §5). No clock, no sockets, no account.

use crate::model::{PathError, VirtualPath};
use crate::proto::argument::Pathname;
use crate::proto::command::{Command, Refused, Who};
use crate::proto::facts::Facts;
use crate::proto::parameter::{OptsArgument, TransferType};
use crate::proto::policy::{AsciiMode, Policy, TlsPolicy};
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
            only_epsv: false,
            cwd: VirtualPath::root(),
            standing: Standing::default(),
        }
    }

    /// Decides whether `command` may be obeyed now, and lets what earlier commands prepared lapse
    /// or pass to this one.
    ///
    /// `USER` on a plain connection that should be encrypted is admitted here: whether the name is
    /// an exception is asked outside and answered to [`Session::user_given`].
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

    /// The handshake after `AUTH` succeeded: everything starts afresh (RFC 4217 §4.2).
    pub fn start_tls(&mut self) {
        *self = Self {
            encrypted: true,
            ..Self::new(self.policy)
        };
    }

    /// `REIN`: as after the greeting.
    pub fn reinitialize(&mut self) {
        *self = Self::new(self.policy);
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
            Command::Stat(Some(_)) | Command::Opts(OptsArgument::Mlst(_)) if !ready => {
                Err(not_logged_in())
            }
            _ if !ready && command.spec().who != Who::Anyone => Err(not_logged_in()),
            _ => Ok(()),
        }
    }

    /// Does it fit what came before?
    fn check_order(&self, command: &Command) -> Result<(), Reply> {
        match command {
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

fn auth_first() -> Reply {
    Reply::new(Code::BadSequence, "Send AUTH TLS first.")
}

fn not_logged_in() -> Reply {
    Reply::new(Code::NotLoggedIn, "Please log in with USER and PASS.")
}

fn rnfr_first() -> Reply {
    Reply::new(Code::BadSequence, "Send RNFR first.")
}

fn tls_required() -> Reply {
    Reply::new(Code::NotLoggedIn, "TLS required; use AUTH TLS.")
}
