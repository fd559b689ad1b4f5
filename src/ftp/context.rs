//! What a command may touch: [`Context`] for any peer, [`Member`] once somebody is logged in. A
//! stranger has no files, no books and no account in reach.

use std::hash::RandomState;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio_util::task::TaskTracker;

use super::buffers::Buffers;
use super::data::{Endpoint, Resumption, Terms};
use super::errand::Errand;
use super::error::CommandError;
use super::hashing::Places;
use super::record::{Record, Scribe};
use super::refusals::Refusals;
use crate::app::App;
use crate::hosting::login::{Circumstances, Granted};
use crate::hosting::rates::{Direction, Pace};
use crate::hosting::sessions::LiveSession;
use crate::model::{Account, Checksum, Durability, Operation, Permission, VirtualPath};
use crate::net::SessionTls;
use crate::proto::{AsciiMode, DataTlsPolicy, Glob, Policy, Session, TlsPolicy};
use crate::settings::{self, Settings};
use crate::vfs::{Home, StorageError};

/// What all sessions of the FTP door share. Cloning is cheap.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) app: App,
    pub(super) buffers: Buffers,
    pub(super) refusals: Refusals,
    /// Checksums being computed.
    pub(super) places: Places,
    /// Every task of the door; the server waits for them.
    pub(super) tasks: TaskTracker,
    /// This server's own doors, to which no client may be connected.
    pub(super) own_doors: Arc<[SocketAddr]>,
    /// Makes the fact `unique` say nothing about the disk.
    pub(super) unique: RandomState,
}

/// Who speaks with whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Peer {
    /// The client.
    pub(super) client: SocketAddr,
    /// The address that the client connected to.
    pub(super) server: SocketAddr,
}

/// How a listener speaks TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encryption {
    /// On request (`AUTH TLS`, RFC 4217).
    Explicit,
    /// From the first byte.
    Implicit,
}

/// One session, as its commands see it.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) door: Door,
    pub(super) peer: Peer,
    pub(super) encryption: Encryption,
    /// The rules of the protocol.
    pub(super) session: Session,
    /// The place in the list of sessions.
    pub(super) live: LiveSession,
    /// The TLS configurations of this session.
    pub(super) tls: SessionTls,
    /// What the next transfer will use.
    pub(super) endpoint: Option<Endpoint>,
    /// The name given with `USER`.
    pub(super) name: String,
    /// Wrong passwords so far.
    pub(super) failures: u32,
    /// The last transfer failed, perhaps because the client cut it off: its `ABOR` may still be on the
    /// way.
    pub(super) cut_off: bool,
    /// What the transfer that runs or is about to begin needs.
    pub(super) errand: Option<Errand>,
    pub(super) login: Option<Login>,
}

/// Who is logged in.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) granted: Granted,
    pub(super) home: Home,
}

/// A session whose account is known.
pub(super) struct Member<'a> {
    pub(super) door: &'a Door,
    pub(super) peer: Peer,
    pub(super) session: &'a mut Session,
    pub(super) live: &'a LiveSession,
    pub(super) granted: &'a Granted,
    pub(super) home: &'a Home,
    tls: &'a SessionTls,
    endpoint: &'a mut Option<Endpoint>,
    errand: &'a mut Option<Errand>,
}

impl Context {
    /// A session at its greeting.
    pub(super) fn new(
        door: Door,
        peer: Peer,
        encryption: Encryption,
        live: LiveSession,
        tls: SessionTls,
    ) -> Self {
        let settings = door.app.settings.current();
        let policy = policy(&settings, encryption, DataTlsPolicy::Follow);
        Self {
            session: Session::new(policy),
            door,
            peer,
            encryption,
            live,
            tls,
            endpoint: None,
            name: String::new(),
            failures: 0,
            cut_off: false,
            errand: None,
            login: None,
        }
    }

    /// Whoever is logged in.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotLoggedIn`]; the rules of the protocol refuse such commands before.
    pub(super) fn member(&mut self) -> Result<Member<'_>, CommandError> {
        let login = self.login.as_ref().ok_or(CommandError::NotLoggedIn)?;
        self.errand = None;
        Ok(Member {
            door: &self.door,
            peer: self.peer,
            session: &mut self.session,
            live: &self.live,
            granted: &login.granted,
            home: &login.home,
            tls: &self.tls,
            endpoint: &mut self.endpoint,
            errand: &mut self.errand,
        })
    }

    /// The account that is logged in.
    pub(super) fn account(&self) -> Option<&Arc<Account>> {
        self.login.as_ref().map(|login| &login.granted.account)
    }

    /// Takes what a login was granted.
    pub(super) fn admit(&mut self, granted: Granted) {
        let home = Self::home(&granted);
        self.login = Some(Login { granted, home });
        self.session.log_in();
        self.follow_settings();
    }

    /// Forgets who was logged in, and what was arranged for the next transfer.
    pub(super) fn dismiss(&mut self) {
        self.login = None;
        self.endpoint = None;
        self.live.log_out();
        self.follow_settings();
    }

    /// What decides whether an account may be used over this connection.
    pub(super) fn circumstances(&self) -> Circumstances {
        Circumstances {
            from: self.peer.client.ip(),
            encrypted: self.session.is_encrypted(),
        }
    }

    /// What a session sees of its home.
    pub(super) fn home(granted: &Granted) -> Home {
        let home = Home::new(granted.home.clone(), granted.access.clone());
        home.with_umask(granted.account.session.umask)
    }

    /// The settings in force.
    pub(super) fn settings(&self) -> Arc<Settings> {
        self.door.app.settings.current()
    }

    /// Brings the rules of the protocol in line with the settings in force.
    pub(super) fn follow_settings(&mut self) {
        let settings = self.settings();
        let requires = settings.tls_policy == settings::TlsPolicy::Required
            || self
                .login
                .as_ref()
                .is_some_and(|login| login.granted.requires_tls);
        // An account that may log in in the clear may move files in the clear.
        let data = if requires && self.session.is_encrypted() && self.login.is_some() {
            DataTlsPolicy::RequirePrivate
        } else {
            DataTlsPolicy::Follow
        };
        let mut policy = policy(&settings, self.encryption, data);
        if let Some(account) = self.account() {
            policy.active = account.session.active_mode.or(policy.active);
        }
        self.session.set_policy(policy);
    }
}

impl Member<'_> {
    /// The arrangement for this transfer.
    ///
    /// # Errors
    ///
    /// [`CommandError::NoEndpoint`]; the peer hears 425.
    pub(super) fn take_endpoint(&mut self) -> Result<Endpoint, CommandError> {
        self.endpoint
            .take()
            .filter(|endpoint| !endpoint.is_stale())
            .ok_or(CommandError::NoEndpoint)
    }

    /// What was found for a transfer, and its arrangement.
    pub(super) fn with_endpoint<T>(
        &mut self,
        found: Result<T, CommandError>,
    ) -> Result<(T, Endpoint), CommandError> {
        Ok((found?, self.take_endpoint()?))
    }

    /// Arranges the next transfer; what was arranged before is gone.
    pub(super) fn arrange(&mut self, endpoint: Endpoint) {
        *self.endpoint = Some(endpoint);
    }

    /// Notes what the transfer lives by that this command begins.
    pub(super) fn needs(&mut self, needed: Permission, path: &VirtualPath) {
        *self.errand = Some(Errand::new(path.clone(), needed));
    }

    /// What must be on disk before an upload is confirmed.
    pub(super) fn durability(&self) -> Durability {
        let own = self.granted.account.session.durability;
        own.or(self.door.app.settings.current().durability)
    }

    /// What is computed over an upload while it arrives.
    pub(super) fn checksum(&self) -> Checksum {
        let server = self.door.app.settings.current().checksum;
        self.granted.checksum.or(server)
    }

    /// How fast a transfer may move.
    pub(super) fn pace(&self, direction: Direction) -> Pace {
        self.granted.rates.pace(direction)
    }

    /// Forgets what was arranged; tells whether anything was.
    pub(super) fn forget_endpoint(&mut self) -> bool {
        self.endpoint.take().is_some()
    }

    /// Terms for a data connection to the client.
    pub(super) fn download_terms(&self) -> Terms {
        self.terms(SessionTls::download)
    }

    /// Terms for a data connection from the client.
    pub(super) fn upload_terms(&self) -> Terms {
        self.terms(SessionTls::upload)
    }

    /// Whether the next data connection is encrypted.
    pub(super) fn protects_data(&self) -> bool {
        self.session.protects_data()
    }

    /// Checks that a file or directory of this name may be made. Nothing that makes names may go
    /// around it.
    ///
    /// # Errors
    ///
    /// [`StorageError::NameNotAllowed`].
    pub(super) fn check_name(&self, name: Option<&str>) -> Result<(), StorageError> {
        let settings = self.door.app.settings.current();
        let name = name.unwrap_or_default().to_lowercase();
        let everywhere = settings.denied_names.to_lowercase();
        let everywhere = everywhere.split_whitespace();
        let mut denied = everywhere.chain(self.granted.denied_names.iter());
        if denied.any(|pattern| Glob::new(pattern).matches(&name)) {
            return Err(StorageError::NameNotAllowed);
        }
        Ok(())
    }

    /// Begins a row of the journal.
    pub(super) fn record(&self, operation: Operation, path: &VirtualPath) -> Record {
        let scribe = Scribe {
            journal: self.door.app.journal.clone(),
            metrics: self.door.app.metrics.clone(),
            clock: Arc::clone(&self.door.app.clock),
            session: self.live.id(),
            account: Arc::clone(&self.granted.account),
            ip: self.peer.client.ip(),
            tls: self.session.is_encrypted(),
        };
        scribe.begin(operation, path)
    }

    /// Runs `work` to its end even if the session goes away meanwhile: what happens on the disk and
    /// what the books say about it must not be torn apart.
    pub(super) async fn complete<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, CommandError>> + Send + 'static,
    ) -> Result<T, CommandError> {
        self.door
            .tasks
            .spawn(work)
            .await
            .map_err(|_| CommandError::Worker)?
    }

    fn terms(&self, config: fn(&SessionTls) -> Arc<ServerConfig>) -> Terms {
        let settings = self.door.app.settings.current();
        Terms {
            tls: self.session.protects_data().then(|| config(self.tls)),
            resumption: if settings.tls_resumption_required {
                Resumption::Required
            } else {
                Resumption::Preferred
            },
            connect_within: settings.accept_timeout,
            handshake_within: settings.tls_handshake_timeout,
            stall: settings.stall_timeout,
        }
    }
}

fn policy(settings: &Settings, encryption: Encryption, data_tls: DataTlsPolicy) -> Policy {
    let tls = match (encryption, settings.tls_policy) {
        (Encryption::Implicit, _) => TlsPolicy::Implicit,
        (Encryption::Explicit, settings::TlsPolicy::Required) => TlsPolicy::Required,
        (Encryption::Explicit, settings::TlsPolicy::Optional) => TlsPolicy::Optional,
        (Encryption::Explicit, settings::TlsPolicy::Off) => TlsPolicy::Off,
    };
    Policy {
        tls,
        data_tls,
        ascii: if settings.ascii_conversion {
            AsciiMode::Convert
        } else {
            AsciiMode::Binary
        },
        active: settings.active_mode,
        ..Policy::default()
    }
}
