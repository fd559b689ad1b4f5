//! The rules of a session: what is admitted when, and what one command leaves behind for the next
//! (RFC 959 §5.4 and §6, RFC 2228, RFC 4217, RFC 3659 §5). No clock, no sockets, no account.

use crate::model::{PathError, VirtualPath};
use crate::proto::argument::{OptsArgument, Pathname, ProtectionLevel, TransferType};
use crate::proto::command::{Command, Refused, Spec, Who};
use crate::proto::facts::Facts;
use crate::proto::reply::{Code, Reply};

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
    standing: Pending,
    taken: Pending,
}

/// What a command prepares for a later one.
#[derive(Clone, Debug, Default)]
struct Pending {
    /// `REST`, in bytes.
    restart: u64,
    /// `ALLO`, in bytes.
    allocation: Option<u64>,
    /// `RNFR`.
    rename_from: Option<VirtualPath>,
}

/// What a listener demands and offers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    /// Encryption of the control connection.
    pub tls: TlsPolicy,
    /// Whether there is a certificate to answer `AUTH` with.
    pub certificate: bool,
    /// Encryption of data connections.
    pub data_tls: DataTlsPolicy,
    /// What `TYPE A` means.
    pub ascii: AsciiMode,
    /// Whether `PORT` and `EPRT` are allowed.
    pub active: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tls: TlsPolicy::Required,
            certificate: true,
            data_tls: DataTlsPolicy::Follow,
            ascii: AsciiMode::Convert,
            active: true,
        }
    }
}

/// Encryption of the control connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TlsPolicy {
    /// The handshake comes before the first byte of FTP.
    Implicit,
    /// `AUTH` is not offered.
    Off,
    /// `AUTH` is offered.
    Optional,
    /// No login without `AUTH`, exceptions by name aside.
    Required,
}

/// Encryption of data connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DataTlsPolicy {
    /// Never encrypted.
    ClearOnly,
    /// As the client's `PROT` says.
    Follow,
    /// Always encrypted.
    RequirePrivate,
}

/// What `TYPE A` means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AsciiMode {
    /// Bytes stay as they are.
    Binary,
    /// Line ends are converted.
    Convert,
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
            standing: Pending::default(),
            taken: Pending::default(),
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
        self.pass_on(Some(command.spec()), !self.changes_type(command));
        self.check_login(command)?;
        self.check_order(command)?;
        if command.spec().opens_data {
            self.check_protection()?;
        }
        Ok(())
    }

    /// The reply to a line that is no command. Whoever is not logged in hears so first.
    pub fn refuse(&mut self, refused: &Refused) -> Reply {
        self.pass_on(refused.spec, false);
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
        self.standing = Pending::default();
        self.taken = Pending::default();
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

    /// Puts another policy in force.
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
        self.standing.restart = offset;
        Reply::new(
            Code::PendingFurtherInformation,
            format!("Restarting at {offset}. Send STOR, APPE or RETR."),
        )
    }

    /// `ALLO`: the next upload is announced with so many bytes.
    pub fn announce(&mut self, bytes: u64) -> Reply {
        self.standing.allocation = Some(bytes);
        Reply::new(Code::CommandOkay, "ALLO OK.")
    }

    /// `RNFR`: `path` exists and may be renamed.
    pub fn rename_from(&mut self, path: VirtualPath) -> Reply {
        self.standing.rename_from = Some(path);
        Reply::new(Code::PendingFurtherInformation, "Ready for RNTO.")
    }

    /// The offset in bytes that the admitted transfer begins at; 0 without `REST`. Asked once.
    pub fn take_restart(&mut self) -> u64 {
        std::mem::take(&mut self.taken.restart)
    }

    /// The size in bytes that was announced for the admitted transfer. Asked once.
    pub fn take_allocation(&mut self) -> Option<u64> {
        self.taken.allocation.take()
    }

    /// What the admitted `RNTO` renames. Asked once.
    ///
    /// # Errors
    ///
    /// 503 if nothing was named.
    pub fn take_rename_from(&mut self) -> Result<VirtualPath, Reply> {
        self.taken.rename_from.take().ok_or_else(rnfr_first)
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
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether `AUTH` is offered, and with it `PBSZ` and `PROT`.
    pub fn offers_tls(&self) -> bool {
        self.policy.tls != TlsPolicy::Off && self.policy.certificate
    }

    /// Hands what stands to the command that consumes it, and drops what may not stand beyond
    /// this command.
    fn pass_on(&mut self, spec: Option<&Spec>, may_keep_restart: bool) {
        self.taken = Pending::default();
        let opens_data = spec.is_some_and(|spec| spec.opens_data);
        let verb = spec.map(Spec::verb).unwrap_or_default();
        if opens_data {
            self.taken.allocation = self.standing.allocation.take();
            self.taken.restart = self.standing.restart;
        }
        if verb == "RNTO" {
            self.taken.rename_from = self.standing.rename_from.take();
        }
        if verb != "NOOP" {
            self.standing.rename_from = None;
        }
        if !(may_keep_restart && spec.is_some_and(|spec| spec.keeps_restart)) {
            self.standing.restart = 0;
        }
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
            Command::Auth(_) => self.check_auth(),
            Command::Pbsz(_) if !self.encrypted => Err(auth_first()),
            Command::Prot(level) => self.check_prot(*level),
            Command::Ccc if self.encrypted => {
                Err(Reply::new(Code::RefusedByPolicy, "CCC refused by policy."))
            }
            Command::Ccc => Err(Reply::new(Code::ProtectionNeeded, "Not protected.")),
            Command::Rein if self.encrypted => Err(not_implemented()),
            Command::NotImplemented(_) => Err(not_implemented()),
            Command::Pasv | Command::Port(_) | Command::Eprt(_) if self.only_epsv => Err(
                Reply::new(Code::BadSequence, "Only EPSV is allowed after EPSV ALL."),
            ),
            Command::Port(_) | Command::Eprt(_) if !self.policy.active => Err(not_implemented()),
            Command::Rnto(_) if self.taken.rename_from.is_none() => Err(rnfr_first()),
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

    fn check_auth(&self) -> Result<(), Reply> {
        if self.encrypted {
            return Err(Reply::new(Code::BadSequence, "Already protected by TLS."));
        }
        if self.policy.tls == TlsPolicy::Off {
            return Err(not_implemented());
        }
        if !self.policy.certificate {
            return Err(Reply::new(
                Code::ResourceUnavailable,
                "Need some unavailable resource.",
            ));
        }
        Ok(())
    }

    fn check_prot(&self, level: ProtectionLevel) -> Result<(), Reply> {
        if !self.encrypted {
            return Err(auth_first());
        }
        if !self.buffer_size_given {
            return Err(Reply::new(Code::BadSequence, "Send PBSZ first."));
        }
        match (level, self.policy.data_tls) {
            (ProtectionLevel::Safe | ProtectionLevel::Confidential, _) => Err(Reply::new(
                Code::ProtectionUnsupported,
                "Only PROT C and PROT P are supported.",
            )),
            (ProtectionLevel::Clear, DataTlsPolicy::RequirePrivate)
            | (ProtectionLevel::Private, DataTlsPolicy::ClearOnly) => Err(Reply::new(
                Code::RefusedByPolicy,
                format!("PROT {} refused by policy.", level.letter()),
            )),
            _ => Ok(()),
        }
    }

    fn check_protection(&self) -> Result<(), Reply> {
        let acceptable = match self.policy.data_tls {
            DataTlsPolicy::ClearOnly => !self.protects_data(),
            DataTlsPolicy::Follow => true,
            DataTlsPolicy::RequirePrivate => self.protects_data(),
        };
        if acceptable {
            return Ok(());
        }
        Err(Reply::new(
            Code::ProtectionUnacceptable,
            "Data connection cannot be opened with this PROT setting.",
        ))
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

fn not_implemented() -> Reply {
    Reply::new(Code::NotImplemented, "Command not implemented.")
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
